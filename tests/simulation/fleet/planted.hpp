#pragma once

#include <cstdint>
#include <string>

#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

inline constexpr int seeds = 400;

/// The first violation within so many seeds.
[[nodiscard]] inline std::string violation_of(const Plants& plants, int most_seeds) {
    for (int seed = 1; seed <= most_seeds; ++seed) {
        const auto outcome = simulate({.seed = static_cast<std::uint64_t>(seed), .plants = plants});
        if (outcome.violation) return *outcome.violation;
    }
    return "nothing was found";
}

}  // namespace hatchery::simulation
