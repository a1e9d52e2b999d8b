#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/fleet/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery::simulation;

constexpr int seeds_per_block = 400;

std::optional<long long> number_from(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::atoll(text);
}

/// Runs the seed again with its last lines kept, and says how to do the same by hand.
void tell(std::uint64_t seed, const Outcome& outcome) {
    Options options{.seed = seed, .keep_lines = 120};
    const auto again = simulate(options);
    std::string text;
    for (const auto& line : again.lines) text += line + "\n";
    FAIL(
        fmt::format("{}\nSeed {}: {}\nReplay it with:\n  HATCHERY_SIM_SEED={} "
                    "build/dev/bin/fleet_simulation \"a seed is replayed\"",
                    text, seed, *outcome.violation, seed));
}

void run_seeds(std::uint64_t first, int count, Statistics& all) {
    for (std::uint64_t seed = first; seed < first + static_cast<std::uint64_t>(count); ++seed) {
        const auto outcome = simulate({.seed = seed});
        if (outcome.violation) tell(seed, outcome);
        all.add(outcome.statistics);
    }
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("nothing is lost and nothing sticks, whatever goes wrong: seeds of block",
                       "", ((int block), block), 0, 1, 2, 3, 4, 5, 6, 7) {
    Statistics all;
    run_seeds(1 + static_cast<std::uint64_t>(block) * seeds_per_block, seeds_per_block, all);
    std::cout << all.text();
}

TEST_CASE("a seed is replayed", "[.replay]") {
    const auto seed = number_from("HATCHERY_SIM_SEED");
    REQUIRE(seed);
    const auto events = number_from("HATCHERY_SIM_STEPS");
    Options options{.seed = static_cast<std::uint64_t>(*seed), .keep_lines = 1'000'000};
    if (events) options.events = static_cast<int>(*events);
    const auto outcome = simulate(options);
    for (const auto& line : outcome.lines) std::cout << line << "\n";
    std::cout << outcome.statistics.text() << fmt::format("trace {:016x}\n", outcome.hash);
    INFO(outcome.violation.value_or(""));
    REQUIRE(!outcome.violation);
}
