#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/enum_text.hpp"

namespace hatchery::base {

/// What went wrong, in our own words; core/retry.hpp says which of them may be tried again.
enum class ErrorKind : std::uint8_t {
    out_of_stock,    ///< the provider has no such machine there at the moment
    quota_exceeded,  ///< the account or the customer may have no more
    rate_limited,    ///< too many requests; `retry_after` says when
    unauthorized,    ///< a credential is wrong or lacks rights
    not_found,       ///< the thing does not exist (any more)
    conflict,        ///< the thing's state forbids it, or somebody else was first
    invalid,         ///< the input is wrong and will stay wrong
    unavailable,     ///< the other side is down, refuses or answers 5xx
    timeout,         ///< the deadline passed
    cancelled,       ///< a stop token asked for the end
    bad_response,    ///< the other side answered something that makes no sense
    internal,        ///< a bug or a broken invariant on our side
};

/// Whether the failed call may have changed something: `unknown` forces a look-up before a retry.
enum class Effect : std::uint8_t { none, applied, unknown };

/// An expected failure. `message` is one sentence of cause fit for a user; it never holds a secret.
struct Error {
    ErrorKind kind = ErrorKind::internal;
    Effect effect = Effect::none;
    std::string message;
    /// What the user or operator can do about it, one sentence; may be empty.
    std::string next_action;
    /// The other side's own code (`uniqueness_error`, exit code, SQLSTATE), if it gave one.
    std::string code;
    std::optional<std::chrono::milliseconds> retry_after;
    /// For logs: key and value pairs, no secrets.
    std::vector<std::pair<std::string, std::string>> context;
};

template <>
struct EnumNames<ErrorKind> {
    static constexpr auto names = std::to_array<std::pair<ErrorKind, std::string_view>>({
        {ErrorKind::out_of_stock, "out_of_stock"},
        {ErrorKind::quota_exceeded, "quota_exceeded"},
        {ErrorKind::rate_limited, "rate_limited"},
        {ErrorKind::unauthorized, "unauthorized"},
        {ErrorKind::not_found, "not_found"},
        {ErrorKind::conflict, "conflict"},
        {ErrorKind::invalid, "invalid"},
        {ErrorKind::unavailable, "unavailable"},
        {ErrorKind::timeout, "timeout"},
        {ErrorKind::cancelled, "cancelled"},
        {ErrorKind::bad_response, "bad_response"},
        {ErrorKind::internal, "internal"},
    });
};

template <>
struct EnumNames<Effect> {
    static constexpr auto names = std::to_array<std::pair<Effect, std::string_view>>(
        {{Effect::none, "none"}, {Effect::applied, "applied"}, {Effect::unknown, "unknown"}});
};

}  // namespace hatchery::base
