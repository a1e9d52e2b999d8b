#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/json_value.hpp"
#include "sandbox/telegram/method_call.hpp"

namespace hatchery::sandbox::telegram {

/// An error that the next calls of a method get.
struct ErrorFault {
    std::string method;  ///< Lower case; empty: any.
    int count = 1;       ///< How many calls; goes down.
    int status = 500;    ///< 0: the connection is closed without an answer.
    std::string description;
    int retry_after_s = 0;
    bool after_effect = false;  ///< The call takes effect before the error is told.
};

/// What goes wrong on purpose. Not thread-safe.
struct TelegramFaults {
    std::set<std::string> unauthorized;  ///< Tokens, or bots' ids as text.
    int rate_limited_count = 0;          ///< How many calls answer 429; goes down.
    int rate_limited_retry_after_s = 1;
    std::vector<ErrorFault> errors;
    std::chrono::milliseconds latency{0};
    bool down = false;  ///< No call is answered and no update delivered.

    /// Whole faults from the sandbox's JSON; the field and the reason in `problem` when wrong.
    [[nodiscard]] static std::optional<TelegramFaults> from_json(const base::Json& json,
                                                                 base::Json& problem);
    /// Tokens are shown without their secret half.
    [[nodiscard]] base::Json to_json() const;

    [[nodiscard]] bool is_unauthorized(std::int64_t bot_id, const std::string& secret) const;
    /// The error that a call of this method meets now, and counts it.
    [[nodiscard]] std::optional<ErrorFault> take_error(std::string_view lower_case_method);
};

[[nodiscard]] MethodReply fault_reply(const ErrorFault& fault);

}  // namespace hatchery::sandbox::telegram
