#pragma once

#include <cstddef>

namespace hatchery::base {

/// free, and whatever stood there is zero before anybody else may have it. Null is allowed.
void wiped_free(void* memory) noexcept;

/// realloc that leaves nothing behind where the memory was. Null on exhaustion, as realloc; the old
/// memory stays then.
[[nodiscard]] void* wiped_realloc(void* memory, std::size_t size) noexcept;

}  // namespace hatchery::base
