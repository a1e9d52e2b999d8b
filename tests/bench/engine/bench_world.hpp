#pragma once

#include <memory>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "engine/engine.hpp"
#include "ports/secret_box.hpp"
#include "store/database.hpp"
#include "store/notifications.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_remote_host.hpp"
#include "support/plain_secret_box.hpp"

namespace hatchery::bench {

/// Throws what it was, for a program that ends then.
[[noreturn]] void give_up(const base::Error& error);
template <typename T>
T must(base::Result<T> result) {
    if (!result) give_up(result.error());
    if constexpr (!std::is_void_v<T>) return *std::move(result);
}

class FixedBundle final : public ports::ReleaseBundles {
public:
    base::Result<ports::ReleaseBundle> current() override {
        return ports::ReleaseBundle{.version = "2026.9.6",
                                    .path = "/bundle",
                                    .sha256 = std::string(64, 'a'),
                                    .bytes = 1'000'000};
    }
};

/// The real store and engine on a real database; everything outside is a fake in this process.
struct BenchWorld {
    /// Connections as `hatchery serve` has them by default.
    BenchWorld(const base::Secret& url, std::chrono::milliseconds boot_time);

    base::SystemClock clock;
    base::SystemRandom random;
    support::PlainSecretBox box;
    std::unique_ptr<store::Database> database;
    std::unique_ptr<store::Notifications> notifications;
    std::unique_ptr<ports::JobStore> jobs;
    std::unique_ptr<ports::FleetStore> fleet;
    std::unique_ptr<ports::KeyMaker> keys;
    support::FakeCloudProvider cloud;
    support::FakeRemoteHost hosts;
    support::FakeBotApi telegram;
    support::FakeHttpTransport http;
    FixedBundle bundles;

    [[nodiscard]] engine::EnginePorts ports(ports::RemoteHost& remote_hosts);
    [[nodiscard]] engine::EngineSettings settings(int threads);
    /// One number from the database.
    [[nodiscard]] long long count(const std::string& statement);
};

/// An engine that is woken by hints, like the one of `hatchery serve`. It ends with the object.
class RunningEngine {
public:
    RunningEngine(BenchWorld& world, const engine::EngineSettings& settings,
                  engine::RunStep run_step)
        : RunningEngine(world, world.hosts, settings, std::move(run_step)) {}
    RunningEngine(BenchWorld& world, ports::RemoteHost& hosts,
                  const engine::EngineSettings& settings, engine::RunStep run_step);
    ~RunningEngine();
    RunningEngine(const RunningEngine&) = delete;
    RunningEngine& operator=(const RunningEngine&) = delete;

private:
    std::unique_ptr<engine::Engine> engine_;
    std::unique_ptr<store::Notifications::Subscription> hints_;
};

}  // namespace hatchery::bench
