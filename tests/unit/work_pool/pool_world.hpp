#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"
#include "engine/job_runner.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::work_pool_tests {

class NoBundles final : public ports::ReleaseBundles {
public:
    base::Result<ports::ReleaseBundle> current() override {
        return base::fail(base::ErrorKind::not_found, "There is none.");
    }
};

/// What threads and tests tell each other: a condition with a deadline instead of a sleep.
class Bell {
public:
    void ring() { changed_.notify_all(); }
    template <typename Change>
    void change(Change&& what) {
        {
            const std::lock_guard lock(mutex_);
            std::forward<Change>(what)();
        }
        changed_.notify_all();
    }
    /// False when the condition did not come true within ten seconds.
    [[nodiscard]] bool wait(const std::function<bool()>& condition) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), condition);
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
};

/// The stores in memory on the machine's clock, with ports that a no-op step never calls.
class PoolWorld {
public:
    PoolWorld();

    /// Starts operations of bots of their own.
    std::vector<core::Operation> start(int count,
                                       core::OperationKind kind = core::OperationKind::deploy);
    std::vector<ports::ClaimedJob> claim(int limit);
    [[nodiscard]] core::OperationState state_of(const core::Operation& operation) const;
    /// Waits until all of them have ended; false when they have not within ten seconds.
    [[nodiscard]] bool all_ended(const std::vector<core::Operation>& operations);

    base::SystemClock clock;
    base::SystemRandom random;
    support::FakeDatabase database;
    support::FakeJobStore jobs;
    support::FakeFleetStore fleet;
    support::FakeRemoteHost hosts;
    support::FakeBotApi telegram;
    support::FakeHttpTransport http;
    NoBundles bundles;
    std::unique_ptr<ports::KeyMaker> keys;
    engine::EngineSettings settings;
    engine::EnginePorts ports;
};

}  // namespace hatchery::work_pool_tests
