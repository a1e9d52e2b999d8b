#pragma once

#include <cstdint>
#include <string_view>

namespace hatchery::providers::rest {

/// Whether a call could have changed anything: one that only reads has the effect `none`,
/// whatever became of it.
enum class Access : std::uint8_t { reads, writes };

/// What a call is about, in the words of an error's sentence: `create the server x`.
struct CallSubject {
    std::string_view what;
    Access access = Access::reads;
};

}  // namespace hatchery::providers::rest
