// Secrets pass through many hands: the front's buffers, httplib, JSON trees, strings that grow and
// move. None of them wipes what it frees, so freeing does: in this program every block that C++
// gives back is zero before anybody else may have it. base::Secret is for the rest, which lies in
// objects that live on.
#include <cstdlib>
#include <new>

#include "base/wiped_free.hpp"

// The sanitizers bring their own, and look for what ours would hide.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

using hatchery::base::wiped_free;

namespace {

void* allocate(std::size_t size) {
    while (true) {
        void* const memory = std::malloc(size == 0 ? 1 : size);
        if (memory != nullptr) return memory;
        const std::new_handler handler = std::get_new_handler();
        if (handler == nullptr) throw std::bad_alloc();
        handler();
    }
}

void* allocate_aligned(std::size_t size, std::align_val_t alignment) {
    const auto bytes = static_cast<std::size_t>(alignment);
    // aligned_alloc wants whole multiples.
    void* const memory = std::aligned_alloc(bytes, (size + bytes - 1) / bytes * bytes);
    if (memory == nullptr) throw std::bad_alloc();
    return memory;
}

}  // namespace

// All other forms of the standard library end in these.
void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void* operator new(std::size_t size, std::align_val_t alignment) {
    return allocate_aligned(size, alignment);
}
void* operator new[](std::size_t size, std::align_val_t alignment) {
    return allocate_aligned(size, alignment);
}
void operator delete(void* memory) noexcept { wiped_free(memory); }
void operator delete[](void* memory) noexcept { wiped_free(memory); }
void operator delete(void* memory, std::size_t) noexcept { wiped_free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { wiped_free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept { wiped_free(memory); }
void operator delete[](void* memory, std::align_val_t) noexcept { wiped_free(memory); }
void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { wiped_free(memory); }
void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { wiped_free(memory); }

#endif
