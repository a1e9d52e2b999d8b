#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "engine/engine.hpp"
#include "engine/offer_board.hpp"
#include "ports/secret_box.hpp"
#include "providers/cloud_provider.hpp"
#include "store/notifications.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_budgets.hpp"
#include "support/fake_http_transport.hpp"
#include "support/pg_cluster.hpp"
#include "support/plain_secret_box.hpp"
#include "support/processes/child_process.hpp"
#include "watched_wire.hpp"

namespace hatchery::cloud_faults {

/// Goes so many times faster than the machine's: steps wait for minutes where a test has seconds.
class FastClock final : public base::Clock {
public:
    static constexpr int speed = 8;
    [[nodiscard]] base::TimePoint now() const override {
        return begun_ + (real_.now() - begun_) * speed;
    }

private:
    base::SystemClock real_;
    base::TimePoint begun_ = real_.now();
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

/// One provider: the adapter as the product has it, and one that the test looks through.
struct Cloud {
    std::string name;
    std::string url;
    std::unique_ptr<WatchedWire> wire;
    std::unique_ptr<ports::HttpTransport> budgeted;
    std::unique_ptr<providers::CloudProvider> adapter;
    std::unique_ptr<providers::CloudProvider> prepared;
    std::unique_ptr<providers::CloudProvider> proven;
    std::unique_ptr<providers::CloudProvider> direct;
    /// Servers in the project that are nobody's business.
    std::vector<std::string> foreign;
};

/// What became of a bot.
struct BotEnd {
    std::string status;
    std::string reason;
    std::string error;
    int servers = 0;
    int ready = 0;
};

/// The real engine, PostgreSQL and the real adapters of both providers, within their request
/// budgets, against the sandbox's APIs. Hosts, Telegram and the bots' own HTTP are fakes: fifty
/// servers of the sandbox with their sshd and systemd would take more than the machine that runs
/// the tests has, and what the faults are about ends at the providers. tests/e2e deploys on real
/// hosts, under some of these faults too.
class FaultWorld {
public:
    FaultWorld();
    ~FaultWorld();
    FaultWorld(const FaultWorld&) = delete;
    FaultWorld& operator=(const FaultWorld&) = delete;

    /// A bot with this wish; an empty provider leaves the choice to the operator's list.
    core::Bot add_bot(const std::string& provider = {});
    /// The limit is the fast clock's.
    void ask(const core::Bot& bot, core::OperationKind kind,
             base::Milliseconds limit = std::chrono::minutes(6));
    void cancel(const core::Bot& bot);
    /// The document of the sandbox's PUT /sandbox/faults.
    void misbehave(const std::string& provider, const std::string& faults);
    void behave();
    /// False when it did not come true in time. Looks whenever a bot has news, and often besides.
    [[nodiscard]] bool comes_true(const std::function<bool()>& condition,
                                  std::chrono::seconds limit);
    [[nodiscard]] bool all_ended();
    /// Every machine of ours at the providers has its row and an open entry in the ledger, and
    /// every such row its machine.
    [[nodiscard]] bool all_accounted_for();
    [[nodiscard]] BotEnd end_of(const core::Bot& bot);
    [[nodiscard]] bool foreign_servers_stand();
    [[nodiscard]] std::vector<providers::CloudServer> ours_at(const std::string& provider);
    [[nodiscard]] std::vector<std::string> story_of(const core::Bot& bot);
    [[nodiscard]] long long count(const std::string& statement);
    [[nodiscard]] Cloud& cloud(const std::string& provider);

    FastClock clock;
    base::SystemRandom random;
    support::FakeRemoteHost hosts;
    std::vector<std::unique_ptr<Cloud>> clouds;

private:
    void add_cloud(const std::string& name, const std::string& url);
    void furnish_hosts();
    void start_engine();

    support::PlainSecretBox box_;
    std::unique_ptr<support::TestDatabase> database_;
    std::unique_ptr<store::Notifications> notifications_;
    std::unique_ptr<ports::JobStore> jobs_;
    std::unique_ptr<ports::FleetStore> fleet_;
    std::unique_ptr<ports::CloudLedger> ledger_;
    /// PostgreSQL's would count by its own clock, which is slower.
    support::FakeCloudBudgets budgets_{clock};
    std::unique_ptr<ports::AlarmStore> alarms_;
    std::unique_ptr<ports::KeyMaker> keys_;
    std::unique_ptr<ports::HttpTransport> curl_;
    support::FakeBotApi telegram_;
    support::FakeHttpTransport http_;
    FixedBundle bundles_;
    engine::OfferBoard offers_;
    support::ChildProcess sandbox_;
    std::int64_t telegram_ids_ = 100'000'000;
    base::UserId user_;
    std::mutex mutex_;
    std::condition_variable news_;
    std::unique_ptr<store::Notifications::Subscription> told_;
    std::unique_ptr<store::Notifications::Subscription> hints_;
    std::unique_ptr<engine::Engine> engine_;
};

}  // namespace hatchery::cloud_faults
