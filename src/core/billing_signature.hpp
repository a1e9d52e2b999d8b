#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"

namespace hatchery::core {

/// The header in which the billing service signs what it sends: `t=SECONDS,v1=HEX`, where SECONDS
/// is the Unix time of the sending and HEX the HMAC-SHA256 of `SECONDS.BODY` in lower-case
/// hexadecimal. There may be several `v1`, of several secrets; other parts are left alone.
inline constexpr std::string_view billing_signature_header = "X-Billing-Signature";

/// How far the time of sending may be from ours, either way: a message that was caught on its way
/// cannot be sent again later.
inline constexpr std::chrono::seconds billing_tolerance{300};

struct BillingSignature {
    /// As it was written, which is how it was signed.
    std::string timestamp;
    base::TimePoint at;
    /// 64 hexadecimal digits each.
    std::vector<std::string> signatures;
};

/// Nothing when it has not this form.
[[nodiscard]] std::optional<BillingSignature> read_billing_signature(std::string_view header);

[[nodiscard]] bool is_recent(const BillingSignature& signature, base::TimePoint now);

}  // namespace hatchery::core
