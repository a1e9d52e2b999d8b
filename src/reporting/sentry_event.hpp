#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.hpp"

namespace hatchery::reporting {

/// A fault of ours, as it was logged.
struct Fault {
    /// The log line's event, such as `step_threw`.
    std::string event;
    /// Its fields in their order.
    std::vector<std::pair<std::string, std::string>> fields;
    base::TimePoint at;
};

/// What may be part of a report. Text that may say who somebody is, or hold a secret, is masked:
/// e-mail addresses, IP addresses, whatever looks like a token, and what is longer than 500 bytes.
[[nodiscard]] std::string scrubbed(std::string_view text);

/// The envelope of one fault: three lines of JSON (Sentry's developer documentation, "Envelopes").
/// Only fields that are known to name no person are taken over, and those scrubbed. `event_id` is
/// 32 hexadecimal digits. Pure.
[[nodiscard]] std::string sentry_envelope(const Fault& fault, const std::string& event_id,
                                          std::string_view version, base::TimePoint now);

}  // namespace hatchery::reporting
