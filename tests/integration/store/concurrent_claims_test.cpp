#include <mutex>
#include <set>
#include <thread>

#include "world.hpp"

namespace hatchery::store {

TEST_CASE("sixteen workers never hold the same job at once, and every job is done once") {
    World world;
    constexpr int bots = 60;
    for (int i = 0; i < bots; ++i) {
        REQUIRE(world.jobs->start_operation(world.deploy_of(world.add_bot())));
    }
    std::mutex mutex;
    std::multiset<std::string> done;
    int errors = 0;
    {
        std::vector<std::jthread> workers;
        for (int w = 0; w < 16; ++w) {
            workers.emplace_back([&, w] {
                for (;;) {
                    const auto claimed =
                        world.jobs->claim({.worker = base::WorkerId("w" + std::to_string(w)),
                                           .limit = 3,
                                           .now = at(1)});
                    if (claimed && claimed->empty()) return;
                    for (const auto& job : claimed.value_or(std::vector<ports::ClaimedJob>{})) {
                        const auto applied = world.jobs->apply(
                            job, {.now = at(2), .operation_end = core::OperationState::succeeded});
                        const std::lock_guard lock(mutex);
                        if (!applied || !applied->accepted) ++errors;
                        done.insert(job.job.id.text());
                    }
                    const std::lock_guard lock(mutex);
                    if (!claimed) ++errors;
                }
            });
        }
    }
    CHECK(errors == 0);
    CHECK(done.size() == bots);
    CHECK(std::set<std::string>(done.begin(), done.end()).size() == bots);
}

TEST_CASE("events of a bot are numbered without gaps, whoever writes them at once") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.jobs->start_operation(world.deploy_of(bot)));
    const auto claimed = world.claim(at(0)).at(0);
    std::atomic<int> errors = 0;
    {
        std::vector<std::jthread> writers;
        for (int w = 0; w < 8; ++w) {
            writers.emplace_back([&] {
                for (int i = 0; i < 20; ++i) {
                    std::vector<core::NewEvent> lines(3);
                    for (auto& line : lines) line.at = at(1);
                    if (!world.jobs->record(claimed.lease, lines, std::nullopt)) ++errors;
                }
            });
        }
    }
    CHECK(errors == 0);
    CHECK(world.events->last_seq(bot.id).value() == 481);
    CHECK(world.texts("SELECT count(*)::text || ':' || max(seq)::text FROM events") ==
          std::vector<std::string>{"481:481"});
}

TEST_CASE("of many that start an operation for one bot, one succeeds") {
    World world;
    const auto bot = world.add_bot();
    std::atomic<int> started = 0;
    std::atomic<int> refused = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                const auto operation = world.jobs->start_operation(world.deploy_of(bot));
                if (operation) ++started;
                if (!operation && operation.error().kind == base::ErrorKind::conflict) ++refused;
            });
        }
    }
    CHECK(started == 1);
    CHECK(refused == 7);
}

TEST_CASE("a cancel that meets transitions is never overlooked") {
    World world;
    for (int round = 0; round < 20; ++round) {
        const auto bot = world.add_bot();
        const auto operation = world.jobs->start_operation(world.deploy_of(bot)).value();
        const auto claimed = world.claim(at(0)).at(0);
        {
            const std::jthread cancel(
                [&] { (void)world.jobs->request_cancel(operation.id, at(1)); });
            (void)world.jobs->apply(
                claimed,
                {.now = at(1), .job_state = core::JobState::waiting, .run_at = at(900'000)});
        }
        const auto again = world.claim(at(2));
        REQUIRE(again.size() == 1);
        CHECK(again[0].operation.cancel_requested);
        REQUIRE(world.jobs->apply(again[0], {.now = at(3),
                                             .job_state = core::JobState::cancelled,
                                             .operation_end = core::OperationState::cancelled}));
    }
}

}  // namespace hatchery::store
