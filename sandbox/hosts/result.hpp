#pragma once

#include <string>
#include <tl/expected.hpp>

namespace hatchery::sandbox {

/// What a call gives, or one sentence saying why it could not.
template <typename T>
using Result = tl::expected<T, std::string>;

inline tl::unexpected<std::string> failure(std::string sentence) {
    return tl::unexpected<std::string>(std::move(sentence));
}

}  // namespace hatchery::sandbox
