#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <fstream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

/// For tests that look whether a secret is still in memory. Their binaries are built with
/// src/app/wiped_memory.cpp, as the program is.
namespace hatchery::testing {

/// Not so under the sanitizers, which bring an allocator of their own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool wipes_what_is_freed = false;
#else
inline constexpr bool wipes_what_is_freed = true;
#endif

inline constexpr char secret_mask = 0x15;

/// Text that stands in writable memory only where somebody puts it: here it is masked.
inline constexpr auto masked_secret = [] {
    std::array<char, 28> text{};
    std::string_view("MARKER.of.a.secret.that.goes").copy(text.data(), text.size());
    for (char& c : text) c = static_cast<char>(c ^ secret_mask);
    return text;
}();

/// The text, so many times.
inline std::string secret_text(std::size_t repeat) {
    std::string text;
    for (std::size_t i = 0; i < repeat * masked_secret.size(); ++i) {
        text.push_back(static_cast<char>(masked_secret[i % masked_secret.size()] ^ secret_mask));
    }
    return text;
}

/// Counts the text in a stream of pieces, of which it keeps nothing.
class SecretCounter {
public:
    void look(std::span<const char> piece) {
        for (const char c : piece) {
            const char hidden = static_cast<char>(c ^ secret_mask);
            matched_ = hidden == masked_secret[matched_] ? matched_ + 1
                                                         : (hidden == masked_secret[0] ? 1 : 0);
            if (matched_ < masked_secret.size()) continue;
            matched_ = 0;
            ++found;
        }
    }
    std::size_t found = 0;

private:
    std::size_t matched_ = 0;
};

/// How often the text stands in this process's writable memory.
inline std::size_t times_in_memory() {
    static std::array<char, 64U << 10U> piece;
    SecretCounter counter;
    const int memory = ::open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    if (memory < 0) throw std::runtime_error("/proc/self/mem cannot be read");
    std::ifstream maps("/proc/self/maps");
    for (std::string line; std::getline(maps, line);) {
        unsigned long at = 0;
        unsigned long end = 0;
        std::array<char, 5> rights{};
        if (std::sscanf(line.c_str(), "%lx-%lx %4s", &at, &end, rights.data()) != 3) continue;
        if (rights[0] != 'r' || rights[1] != 'w') continue;
        while (at < end) {
            const auto count = ::pread(memory, piece.data(), std::min(piece.size(), end - at),
                                       static_cast<off_t>(at));
            if (count <= 0) break;
            at += static_cast<unsigned long>(count);
            counter.look({piece.data(), static_cast<std::size_t>(count)});
            // What was read is memory too.
            piece.fill('\0');
        }
    }
    ::close(memory);
    return counter.found;
}

}  // namespace hatchery::testing
