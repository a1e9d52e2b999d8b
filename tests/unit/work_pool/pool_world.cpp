#include "pool_world.hpp"

#include <thread>

#include "crypto/key_ring.hpp"
#include "support/catch.hpp"

namespace hatchery::work_pool_tests {

using namespace std::chrono_literals;

PoolWorld::PoolWorld()
    : database(clock, random),
      jobs(database),
      fleet(database),
      hosts(clock),
      keys(crypto::make_key_maker()),
      settings{.worker = base::WorkerId("pool-test"), .threads = 4},
      ports{.jobs = jobs,
            .fleet = fleet,
            .clouds = {},
            .hosts = hosts,
            .telegram = telegram,
            .http = http,
            .bundles = bundles,
            .keys = *keys,
            .clock = clock,
            .random = random} {}

std::vector<core::Operation> PoolWorld::start(int count, core::OperationKind kind) {
    std::vector<core::Operation> operations;
    for (int i = 0; i < count; ++i) {
        const auto bot = database.add_bot();
        auto started = jobs.start_operation({.bot_id = bot.id,
                                             .user_id = bot.user_id,
                                             .kind = kind,
                                             .now = clock.now(),
                                             .deadline_at = clock.now() + 1h});
        REQUIRE(started);
        operations.push_back(*started);
    }
    return operations;
}

std::vector<ports::ClaimedJob> PoolWorld::claim(int limit) {
    return jobs
        .claim({.worker = settings.worker,
                .limit = limit,
                .lease_for = settings.lease_for,
                .now = clock.now()})
        .value();
}

core::OperationState PoolWorld::state_of(const core::Operation& operation) const {
    return database.operation(operation.id).value().state;
}

bool PoolWorld::all_ended(const std::vector<core::Operation>& operations) {
    const auto deadline = std::chrono::steady_clock::now() + 10s;
    for (const auto& operation : operations) {
        while (!core::is_terminal(state_of(operation))) {
            if (std::chrono::steady_clock::now() > deadline) return false;
            std::this_thread::yield();
        }
    }
    return true;
}

}  // namespace hatchery::work_pool_tests
