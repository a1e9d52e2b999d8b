#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <utility>

#include "base/error.hpp"

namespace hatchery::cli {

/// What a command ends with; stable, and listed by `hatchery --help` and the manual page.
enum class ExitCode : std::uint8_t {
    ok = 0,
    failed = 1,        ///< it was tried and did not work
    usage = 2,         ///< the command line, or a value that it gives, is wrong
    not_found = 3,     ///< there is no such bot or operation
    unauthorized = 4,  ///< the token is missing, wrong or lacks rights
    conflict = 5,      ///< something is under way or taken
    unavailable = 69,  ///< the API, the database or a service does not answer (EX_UNAVAILABLE)
    config = 78,       ///< the configuration is wrong (EX_CONFIG)
};

/// Each of them in words, as the help and the manual page list them.
inline constexpr auto exit_codes = std::to_array<std::pair<ExitCode, std::string_view>>({
    {ExitCode::ok, "it worked"},
    {ExitCode::failed, "it was tried and failed"},
    {ExitCode::usage, "the command line, or a value that it gives, is wrong; nothing was done"},
    {ExitCode::not_found, "there is no such bot, operation, user or token"},
    {ExitCode::unauthorized, "the API token is missing, wrong or lacks rights"},
    {ExitCode::conflict, "something else is under way, or what was asked for is taken"},
    {ExitCode::unavailable, "the API, the database or another service does not answer"},
    {ExitCode::config, "the configuration is wrong"},
});

/// How an error ends a command.
[[nodiscard]] constexpr ExitCode exit_code_of(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::invalid:
            return ExitCode::usage;
        case base::ErrorKind::not_found:
            return ExitCode::not_found;
        case base::ErrorKind::unauthorized:
            return ExitCode::unauthorized;
        case base::ErrorKind::conflict:
            return ExitCode::conflict;
        case base::ErrorKind::unavailable:
        case base::ErrorKind::timeout:
        case base::ErrorKind::rate_limited:
            return ExitCode::unavailable;
        case base::ErrorKind::out_of_stock:
        case base::ErrorKind::quota_exceeded:
        case base::ErrorKind::cancelled:
        case base::ErrorKind::bad_response:
        case base::ErrorKind::internal:
            return ExitCode::failed;
    }
    return ExitCode::failed;
}

}  // namespace hatchery::cli
