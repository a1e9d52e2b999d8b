#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "crypto/key_ring.hpp"
#include "engine/job_runner.hpp"
#include "engine/reaper.hpp"
#include "simulation/deploy/crash_points.hpp"
#include "simulation/support/fixed_bundle.hpp"
#include "simulation/support/seeded_random.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::simulation {

/// Answers the scripts that run in the session itself as a server would.
[[nodiscard]] std::optional<base::Result<ports::ExecResult>> answer_scripts(
    support::FakeRemoteHost& hosts, const ports::SshTarget& target,
    const ports::ExecRequest& request);

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
    /// What happens while the answer to a change of a server row is on its way.
    void after_change(std::function<void(const ports::ServerChange&)> hook) {
        crashing_fleet_.after_change(std::move(hook));
    }
    /// What the operator chose, and the ports that steps use: changed before the first step.
    engine::EngineSettings& settings() { return settings_; }
    engine::EnginePorts& ports() { return ports_; }
    /// One claimed job, or an advance of the clock to when there is one.
    void step();

    VirtualClock clock;
    TrueClock true_clock{clock};
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
