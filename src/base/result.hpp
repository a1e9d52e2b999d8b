#pragma once

#include <string>
#include <tl/expected.hpp>
#include <utility>

#include "base/error.hpp"

namespace hatchery::base {

/// A value, or the Error that is expected to happen sometimes. Exceptions are for start-up and
/// for third parties, translated at the adapter's edge.
template <typename T>
using Result = tl::expected<T, Error>;

/// `return fail(ErrorKind::invalid, "…")` from any function that returns a Result.
[[nodiscard]] inline tl::unexpected<Error> fail(Error error) {
    return tl::unexpected<Error>(std::move(error));
}
[[nodiscard]] inline tl::unexpected<Error> fail(ErrorKind kind, std::string message,
                                                std::string next_action = {}) {
    return tl::unexpected<Error>(Error{.kind = kind,
                                       .effect = Effect::none,
                                       .message = std::move(message),
                                       .next_action = std::move(next_action),
                                       .code = {},
                                       .retry_after = std::nullopt,
                                       .context = {}});
}

}  // namespace hatchery::base
