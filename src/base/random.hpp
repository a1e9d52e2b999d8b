#pragma once

#include <cstdint>
#include <string>

namespace hatchery::base {

/// The engine's only source of chance; the simulation replaces it by a seeded one. Thread-safe.
class Random {
public:
    virtual ~Random() = default;
    [[nodiscard]] virtual std::uint64_t next_u64() = 0;
    /// A number in [0, 1), for jitter.
    [[nodiscard]] double next_unit() { return static_cast<double>(next_u64() >> 11) * 0x1.0p-53; }
};

/// The kernel's generator: good enough for keys and tokens.
class SystemRandom final : public Random {
public:
    [[nodiscard]] std::uint64_t next_u64() override;
};

/// `bytes` random bytes as lower-case hexadecimal text.
[[nodiscard]] std::string random_hex(Random& random, std::size_t bytes);
/// `length` characters of `a-z0-9`, for public ids that people read aloud.
[[nodiscard]] std::string random_slug(Random& random, std::size_t length);
/// `bytes` random bytes as URL-safe base64 without padding, for tokens.
[[nodiscard]] std::string random_token(Random& random, std::size_t bytes);

}  // namespace hatchery::base
