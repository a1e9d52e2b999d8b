#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "crypto/key_ring.hpp"
#include "engine/job_runner.hpp"
#include "engine/reaper.hpp"
#include "simulation/deploy/crash_points.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::simulation {

class VirtualClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override { return now_; }
    void advance_to(base::TimePoint time) { now_ = std::max(now_, time); }

private:
    base::TimePoint now_{std::chrono::hours(24 * 20'000)};
};

/// The same numbers for the same seed (SplitMix64).
class SeededRandom final : public base::Random {
public:
    explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
    [[nodiscard]] std::uint64_t next_u64() override;

private:
    std::uint64_t state_;
};

class FixedBundle final : public ports::ReleaseBundles {
public:
    base::Result<ports::ReleaseBundle> current() override {
        return ports::ReleaseBundle{.version = "2026.9.6",
                                    .path = "/bundle",
                                    .sha256 = std::string(64, 'a'),
                                    .bytes = 1'000'000};
    }
};

/// The real steps, runner and decisions over fakes of every port, on one thread and a virtual
/// clock. What is thrown away at a crash is exactly what a process holds in its memory.
class World {
public:
    explicit World(std::uint64_t seed);

    core::Bot add_bot();
    core::Operation start(const base::BotId& bot, core::OperationKind kind);
    /// A message to the bot.
    core::Operation chat(const base::BotId& bot, const std::string& message,
                         ports::EarlierChats earlier = ports::EarlierChats::keep);
    void cancel(const base::OperationId& operation);
    /// Runs until the operation has ended, or fails the test after `limit` of virtual time.
    core::Operation run_to_end(const base::OperationId& operation,
                               base::Milliseconds limit = std::chrono::hours(1));
    /// The database refuses the next lines that a step wants to record.
    void refuse_next_record() { crashing_jobs_.refuse_next_record(); }
    /// One claimed job, or an advance of the clock to when there is one.
    void step();

    VirtualClock clock;
    SeededRandom random;
    support::FakeDatabase database;
    support::FakeCloudProvider cloud;
    support::FakeRemoteHost hosts;
    support::FakeBotApi telegram;
    support::FakeHttpTransport http;
    CrashPoint crash_point;
    int crashes = 0;

private:
    support::FakeJobStore jobs_;
    support::FakeFleetStore fleet_;
    CrashingJobStore crashing_jobs_;
    CrashingFleetStore crashing_fleet_;
    CrashingBotApi crashing_telegram_;
    FixedBundle bundles_;
    std::unique_ptr<ports::KeyMaker> keys_;
    engine::EngineSettings settings_;
    engine::EnginePorts ports_;
    engine::JobRunner runner_;
    std::atomic<bool> never_{false};
};

}  // namespace hatchery::simulation
