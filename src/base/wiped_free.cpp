#include "base/wiped_free.hpp"

#include <malloc.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace hatchery::base {

void wiped_free(void* memory) noexcept {
    if (memory == nullptr) return;
    // All that may have been written to, which is more than what was asked for.
    explicit_bzero(memory, malloc_usable_size(memory));
    std::free(memory);
}

void* wiped_realloc(void* memory, std::size_t size) noexcept {
    if (memory == nullptr) return std::malloc(size);
    if (size == 0) {
        wiped_free(memory);
        return nullptr;
    }
    void* const moved = std::malloc(size);
    if (moved == nullptr) return nullptr;
    std::memcpy(moved, memory, std::min(size, malloc_usable_size(memory)));
    wiped_free(memory);
    return moved;
}

}  // namespace hatchery::base
