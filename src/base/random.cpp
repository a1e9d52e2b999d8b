#include "base/random.hpp"

#include <sys/random.h>

#include <cerrno>
#include <stdexcept>

#include "base/encoding.hpp"

namespace hatchery::base {

namespace {

std::string random_bytes(Random& random, std::size_t count) {
    std::string bytes;
    bytes.reserve(count + 8);
    while (bytes.size() < count) {
        std::uint64_t value = random.next_u64();
        for (int i = 0; i < 8; ++i, value >>= 8) bytes.push_back(static_cast<char>(value & 0xff));
    }
    bytes.resize(count);
    return bytes;
}

}  // namespace

std::uint64_t SystemRandom::next_u64() {
    std::uint64_t value = 0;
    for (;;) {
        const ssize_t got = getrandom(&value, sizeof value, 0);
        if (got == static_cast<ssize_t>(sizeof value)) return value;
        if (got < 0 && errno != EINTR) throw std::runtime_error("the kernel gives no random bytes");
    }
}

std::string random_hex(Random& random, std::size_t bytes) {
    return hex_encode(random_bytes(random, bytes));
}

std::string random_slug(Random& random, std::size_t length) {
    static constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string slug;
    slug.reserve(length);
    // 252 is the largest multiple of 36 in a byte: values above it would favour some letters.
    while (slug.size() < length) {
        const auto byte = static_cast<unsigned>(random.next_u64() & 0xff);
        if (byte < 252) slug.push_back(alphabet[byte % alphabet.size()]);
    }
    return slug;
}

std::string random_token(Random& random, std::size_t bytes) {
    return base64url_encode(random_bytes(random, bytes));
}

}  // namespace hatchery::base
