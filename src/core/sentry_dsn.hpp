#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::core {

/// Where a Sentry project takes its envelopes, and the key that opens it.
struct SentryDsn {
    std::string envelope_url;
    base::Secret key;
};

/// Reads `https://KEY@HOST[:PORT][/PATH]/PROJECT`. `invalid` when it is none; the message does not
/// repeat it. Pure.
[[nodiscard]] base::Result<SentryDsn> parse_sentry_dsn(std::string_view text);

}  // namespace hatchery::core
