#include "core/pool_size.hpp"

#include <algorithm>
#include <fstream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

const base::TimePoint start{std::chrono::hours(24 * 20'000)};
constexpr auto step = 5s;

/// One sample every five seconds.
struct Load {
    int pending = 0;
    int busy = 0;
};

std::vector<Load> constant(std::chrono::seconds length, Load load) {
    return std::vector<Load>(static_cast<std::size_t>(length / step), load);
}

std::vector<Load> operator+(std::vector<Load> left, const std::vector<Load>& right) {
    left.insert(left.end(), right.begin(), right.end());
    return left;
}

/// The sizes after each sample, from a pool of `from` workers.
std::vector<int> sizes(const std::vector<Load>& loads, int from = 1, core::PoolPolicy policy = {}) {
    core::PoolMemory memory{.workers = from};
    std::vector<int> result;
    auto now = start;
    for (const auto& load : loads) {
        memory = core::pool_size(policy, memory,
                                 {.at = now, .pending = load.pending, .busy_workers = load.busy});
        result.push_back(memory.workers);
        now += step;
    }
    return result;
}

int changes(const std::vector<int>& values, int from = 1) {
    int count = 0;
    for (const int value : values) {
        count += value != from ? 1 : 0;
        from = value;
    }
    return count;
}

/// A count of the queue as the program itself published it (queue_status): `serve` with two threads
/// against the sandbox cloud, whose calls took 1.5 s each; 70 bots deployed at 10 s, all of them
/// cancelled at 330 s, 20 more deployed at 520 s.
struct Count {
    int second = 0;
    int due = 0;
    int busy = 0;
    /// What the program decided then.
    int desired = 0;
};

std::vector<Count> recorded_load() {
    std::ifstream file(std::string(HATCHERY_SOURCE_DIR) + "/tests/unit/core/recorded_load.csv");
    std::string line;
    std::getline(file, line);
    REQUIRE(line == "seconds,due,waiting,running,workers,slots,busy,desired");
    std::vector<Count> counts;
    while (std::getline(file, line)) {
        std::ranges::replace(line, ',', ' ');
        std::istringstream fields(line);
        Count count;
        int waiting = 0;
        int running = 0;
        int workers = 0;
        int slots = 0;
        fields >> count.second >> count.due >> waiting >> running >> workers >> slots >>
            count.busy >> count.desired;
        REQUIRE(fields);
        counts.push_back(count);
    }
    return counts;
}

/// How long it took until the pool had this size.
std::chrono::seconds reached(const std::vector<int>& values, int size) {
    const auto found = std::ranges::find(values, size);
    REQUIRE(found != values.end());
    return step * (found - values.begin());
}

}  // namespace

TEST_CASE("one worker is wanted for every five pending jobs, and those at work are kept") {
    struct Row {
        int pending;
        int busy;
        int wanted;
    };
    for (const Row& row : {Row{0, 0, 0}, Row{1, 0, 1}, Row{5, 0, 1}, Row{6, 0, 2}, Row{250, 0, 50},
                           Row{1'000, 0, 200}, Row{0, 7, 7}, Row{10, 7, 7}, Row{100, 7, 20}}) {
        CAPTURE(row.pending, row.busy);
        CHECK(core::wanted_workers(
                  {}, {.at = start, .pending = row.pending, .busy_workers = row.busy}) ==
              row.wanted);
    }
}

TEST_CASE("an idle pool stays at its floor") {
    CHECK(changes(sizes(constant(3600s, {}))) == 0);
    CHECK(changes(sizes(constant(3600s, {}), 4, {.min_workers = 4}), 4) == 0);
}

TEST_CASE("a sustained load grows the pool after a minute to what it needs, and no further") {
    const auto grown = sizes(constant(600s, {.pending = 100}));
    CHECK(reached(grown, 20) == 60s);
    CHECK(grown.back() == 20);
    CHECK(changes(grown) == 1);
}

TEST_CASE("a load beyond the ceiling stops at the ceiling") {
    CHECK(sizes(constant(600s, {.pending = 10'000})).back() == 50);
    CHECK(sizes(constant(600s, {.pending = 10'000}), 1, {.max_workers = 8}).back() == 8);
}

TEST_CASE("a burst that is over within a minute moves nothing") {
    const auto burst = constant(55s, {.pending = 200}) + constant(600s, {});
    CHECK(changes(sizes(burst)) == 0);
    CHECK(changes(sizes(burst + burst + burst)) == 0);
}

TEST_CASE("growth takes the least that was wanted for the whole minute, not the peak") {
    const auto falling = constant(20s, {.pending = 250}) + constant(60s, {.pending = 50});
    CHECK(sizes(falling).back() == 10);
}

TEST_CASE("a pool shrinks five minutes after the load has gone") {
    const auto shrunk = sizes(constant(60s, {.pending = 30}) + constant(900s, {}), 6);
    CHECK(reached(shrunk, 1) == 60s + 300s);
    CHECK(changes(shrunk, 6) == 1);
}

TEST_CASE("shrinking keeps what the last five minutes needed at most") {
    const auto waning = constant(100s, {}) + constant(5s, {.pending = 60}) + constant(250s, {});
    CHECK(sizes(waning, 20).back() == 12);
}

TEST_CASE("a saw-tooth of three minutes does not make the pool swing") {
    std::vector<Load> teeth;
    for (int i = 0; i < 20; ++i) {
        for (int t = 0; t < 36; ++t) teeth.push_back({.pending = 4 * t});
    }
    const auto swung = sizes(teeth);
    CHECK(std::ranges::is_sorted(swung));
    CHECK(swung.back() >= 10);
    CHECK(swung.back() <= 28);
}

TEST_CASE("noise round a level settles near it and stays") {
    std::mt19937 random(42);
    std::uniform_int_distribution<int> around(60, 140);
    std::vector<Load> noise;
    for (int i = 0; i < 720; ++i) noise.push_back({.pending = around(random)});
    const auto settled = sizes(noise);
    CHECK(changes(settled) <= 6);
    CHECK(settled.back() >= 12);
    CHECK(settled.back() <= 28);
}

TEST_CASE("workers that are busy are not taken away, however empty the queue is") {
    CHECK(sizes(constant(3600s, {.busy = 9}), 10).back() == 9);
}

TEST_CASE("a silence between samples starts the count anew") {
    const core::PoolPolicy policy;
    core::PoolMemory memory{.workers = 1};
    memory = core::pool_size(policy, memory, {.at = start, .pending = 100});
    memory = core::pool_size(policy, memory, {.at = start + 10min, .pending = 100});
    CHECK(memory.workers == 1);
    // A clock that was set back does the same.
    memory = core::pool_size(policy, memory, {.at = start + 9min, .pending = 100});
    CHECK(memory.workers == 1);
    for (auto t = 5s; t <= 60s; t += 5s) {
        memory = core::pool_size(policy, memory, {.at = start + 9min + t, .pending = 100});
    }
    CHECK(memory.workers == 20);
}

TEST_CASE("a floor above the ceiling wins, and nonsense in the policy harms nobody") {
    CHECK(sizes({{.pending = 1}}, 0, {.min_workers = 8, .max_workers = 2}).back() == 8);
    CHECK(core::wanted_workers({.jobs_per_worker = 0}, {.at = start, .pending = 3}) == 3);
    CHECK(core::wanted_workers({}, {.at = start, .pending = -3}) == 0);
}

TEST_CASE(
    "on a load that was recorded the pool waits for a minute, covers it, and does not swing") {
    const auto counts = recorded_load();
    REQUIRE(counts.size() > 100);
    std::vector<int> decided;
    core::PoolMemory memory{.workers = 1};
    int deepest = 0;
    int otherwise = 0;
    for (const auto& count : counts) {
        memory = core::pool_size({}, memory,
                                 {.at = start + std::chrono::seconds(count.second),
                                  .pending = count.due,
                                  .busy_workers = count.busy > 0 ? 1 : 0});
        decided.push_back(memory.workers);
        deepest = std::max(deepest, count.due);
        otherwise += memory.workers != count.desired ? 1 : 0;
    }
    // The times are whole seconds: a change may fall on the count beside it.
    CHECK(otherwise <= 4);
    // Deployments that wait for a provider come and go, and no minute was full of them; the
    // cancelling of all of them took minutes.
    for (std::size_t i = 0; i < counts.size(); ++i) {
        if (counts[i].second < 330 + 60) CHECK(decided[i] == 1);
    }
    const int peak = *std::ranges::max_element(decided);
    CAPTURE(deepest, peak);
    CHECK(peak >= 5);
    CHECK(peak <= (deepest + 4) / 5);
    CHECK(changes(decided) <= 4);
}
