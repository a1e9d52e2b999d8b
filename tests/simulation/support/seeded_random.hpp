#pragma once

#include "base/random.hpp"

namespace hatchery::simulation {

/// The same numbers for the same seed (SplitMix64).
class SeededRandom final : public base::Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}

    [[nodiscard]] std::uint64_t next_u64() override {
        state_ += 0x9e3779b97f4a7c15ULL;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30U)) * 0xbf58476d1ce4e5b9ULL;
        z = (z ^ (z >> 27U)) * 0x94d049bb133111ebULL;
        return z ^ (z >> 31U);
    }
    /// One of 0 … `count` - 1.
    [[nodiscard]] int below(int count) {
        return static_cast<int>(next_u64() % static_cast<std::uint64_t>(count));
    }
    /// From `least` to `most`, both included.
    [[nodiscard]] int between(int least, int most) { return least + below(most - least + 1); }
    /// True in `per_mille` of a thousand cases.
    [[nodiscard]] bool chance(int per_mille) { return per_mille > 0 && below(1000) < per_mille; }

private:
    std::uint64_t state_;
};

}  // namespace hatchery::simulation
