#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"

namespace hatchery::api {

/// One wrong member of the request, in the words of the contract (`telegramBotToken`).
struct FieldProblem {
    std::string field;
    std::string message;
};

/// An error answer as RFC 9457 problem+json.
struct Problem {
    int status = 500;
    /// Stable, one of the contract's: programs branch on it.
    std::string code = "internal";
    /// One sentence of cause.
    std::string detail;
    /// One sentence about what to do; may be empty.
    std::string next_action;
    std::vector<FieldProblem> errors;
    /// Further members, as text (`operationId`).
    std::vector<std::pair<std::string, std::string>> extra;
    /// Becomes the `Retry-After` header.
    std::optional<int> retry_after_s;
    /// What the log says instead of `detail`; never shown.
    std::string log_detail;
    /// A failure that is as it should be: it leaves no warning in the log.
    bool expected = false;
    /// Whether the request may have had its effect nevertheless.
    bool effect_unknown = false;
    /// Becomes the `Allow` header; for 405.
    std::string allow;
};

/// Rounded up, at least 1: what a caller is told to wait.
[[nodiscard]] int whole_seconds(std::chrono::milliseconds time);

/// The usual phrase of a status code, `Error` for one without.
[[nodiscard]] std::string_view status_phrase(int status);

/// The JSON body of a problem.
[[nodiscard]] std::string problem_body(const Problem& problem, const std::string& request_id);

/// A problem with the code that the contract has for this status.
[[nodiscard]] Problem problem_of_status(int status, std::string detail);

/// How an adapter's error is shown to a caller. An internal error keeps its message to the log.
[[nodiscard]] Problem problem_of_error(const base::Error& error);

}  // namespace hatchery::api
