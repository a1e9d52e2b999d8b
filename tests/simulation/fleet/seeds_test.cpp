#include <fmt/format.h>

#include <cstdlib>
#include <iostream>
#include <string>

#include "simulation/fleet/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery::simulation;

constexpr int seeds_per_block = 800;
/// Far from the seeds of the blocks.
constexpr std::uint64_t first_long_seed = 1'000'000;

std::optional<long long> number_from(const char* name) {
    const char* text = std::getenv(name);
    if (text == nullptr || *text == '\0') return std::nullopt;
    return std::atoll(text);
}

/// Runs the seed again with its last lines kept, and says how to do the same by hand.
void tell(std::uint64_t seed, const Outcome& outcome) {
    const auto again = simulate({.seed = seed, .keep_lines = 120});
    for (const auto& line : again.lines) std::cout << line << "\n";
    FAIL(
        fmt::format("Seed {}: {}\nThe same again, event by event:\n  HATCHERY_SIM_SEED={} "
                    "HATCHERY_SIM_STEPS={} build/dev/bin/fleet_simulation 'a seed is replayed'",
                    seed, *outcome.violation, seed, outcome.events));
}

Statistics run_seeds(std::uint64_t first, std::uint64_t count) {
    Statistics all;
    for (std::uint64_t seed = first; seed < first + count; ++seed) {
        const auto outcome = simulate({.seed = seed});
        if (outcome.violation) tell(seed, outcome);
        all.add(outcome.statistics);
    }
    return all;
}

}  // namespace

TEMPLATE_TEST_CASE_SIG("nothing is lost and nothing sticks, whatever goes wrong: seeds of block",
                       "", ((int block), block), 0, 1, 2, 3, 4, 5, 6, 7) {
    const auto all =
        run_seeds(1 + static_cast<std::uint64_t>(block) * seeds_per_block, seeds_per_block);
    REQUIRE(all.seeds == seeds_per_block);
}

TEST_CASE("every kind of fault happens, and processes die around every kind of port call",
          "[.summary]") {
    const auto all = run_seeds(10'000, 4'000);
    std::cout << all.text();
    CHECK(all.never_injected() == std::vector<std::string>{});
    CHECK(all.never_died() == std::vector<std::string>{});
}

TEST_CASE("the same seed is the same simulation, event by event") {
    for (const std::uint64_t seed : {3ULL, 44ULL, 555ULL, 6666ULL}) {
        const auto once = simulate({.seed = seed, .keep_lines = 100'000});
        const auto again = simulate({.seed = seed, .keep_lines = 100'000});
        REQUIRE(once.lines.size() > 100);
        REQUIRE(once.lines == again.lines);
        REQUIRE(once.hash == again.hash);
        // What is kept for people changes nothing.
        REQUIRE(simulate({.seed = seed}).hash == once.hash);
        REQUIRE(simulate({.seed = seed + 1}).hash != once.hash);
    }
}

TEST_CASE("a seed is replayed", "[.replay]") {
    const auto seed = number_from("HATCHERY_SIM_SEED");
    if (!seed) FAIL("Set HATCHERY_SIM_SEED to the seed to replay.");
    const auto events = number_from("HATCHERY_SIM_STEPS");
    Options options{.seed = static_cast<std::uint64_t>(*seed), .keep_lines = 1'000'000};
    if (events) options.events = static_cast<int>(*events);
    const auto outcome = simulate(options);
    for (const auto& line : outcome.lines) std::cout << line << "\n";
    std::cout << outcome.statistics.text() << fmt::format("trace {:016x}\n", outcome.hash);
    INFO(outcome.violation.value_or(""));
    REQUIRE(!outcome.violation);
}

TEST_CASE("nothing is lost and nothing sticks in millions of events", "[.long]") {
    const long long wanted = number_from("HATCHERY_SIM_EVENTS").value_or(5'000'000);
    Statistics all;
    const auto first =
        static_cast<std::uint64_t>(number_from("HATCHERY_SIM_SEED").value_or(first_long_seed));
    for (std::uint64_t seed = first; all.events < wanted; seed += 100) {
        all.add(run_seeds(seed, 100));
    }
    std::cout << all.text();
}
