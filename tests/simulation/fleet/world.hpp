#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/steady_time.hpp"
#include "simulation/fleet/checks.hpp"
#include "simulation/fleet/installation.hpp"
#include "simulation/fleet/machines.hpp"
#include "simulation/fleet/process.hpp"
#include "simulation/fleet/profile.hpp"
#include "simulation/fleet/report.hpp"
#include "simulation/support/fixed_bundle.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::simulation {

inline constexpr int max_queue = 4;
/// How long a create may be on its way.
inline constexpr base::Milliseconds latest_create{20 * 60 * 1000};

struct Options {
    std::uint64_t seed = 1;
    /// Events until the faults stop; unset means as many as the seed says.
    std::optional<int> events;
    /// How many lines of what happened are kept for people.
    std::size_t keep_lines = 0;
    Plants plants;
};

/// What one simulation came to.
struct Outcome {
    std::uint64_t hash = 0;
    Statistics statistics;
    /// How many events there were to be before the faults stopped.
    int events = 0;
    /// The broken promise, if one was broken.
    std::optional<std::string> violation;
    std::vector<std::string> lines;
};

/// Runs one seed from its first event to the rest after its faults.
[[nodiscard]] Outcome simulate(const Options& options);

/// Key pairs that cost nothing and are the same for the same seed.
class CountingKeys final : public ports::KeyMaker {
public:
    ports::SshKeyPair make_ssh_key() override {
        const std::string number = std::to_string(++made_);
        return {.public_key = "ssh-ed25519 key-" + number,
                .private_key = base::Secret("-----BEGIN OPENSSH PRIVATE KEY-----" +
                                            std::string(secret_mark) + number)};
    }

private:
    int made_ = 0;
};

/// Everything of one simulation: installations with their processes over one provider project, on
/// one thread, one clock and one seed.
class World {
public:
    explicit World(const Options& options);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// All events of the seed, then the rest; throws Violation.
    void run();

    [[nodiscard]] bool troubled() const { return troubled_; }
    [[nodiscard]] Checks& checks() { return checks_; }
    [[nodiscard]] Machines& machines() { return machines_; }
    /// The provider as processes see it.
    [[nodiscard]] providers::CloudProvider& cloud();
    /// A create may be on its way for so long that nobody expects it any more.
    [[nodiscard]] base::Result<providers::CloudServer> create_server(
        Installation& installation, const providers::CreateServer& request, const base::Call& call);
    /// Whether this machine came of a create that had been on its way for long; where names are not
    /// unique, whether any machine of its name did.
    [[nodiscard]] bool came_late(const providers::CloudServer& server) const {
        return came_late_.contains(profile.like_digitalocean ? server.name
                                                             : server.provider_server_id);
    }
    /// What a project may ask its provider in this world.
    [[nodiscard]] core::BudgetPolicy budget_policy() const;
    [[nodiscard]] base::TimePoint began() const { return began_; }
    /// Others have turns while a process is in the middle of a port call.
    void interleave(const std::string& who);
    void count(Fault fault) {
        stats.count(fault);
        trace.add("fault", static_cast<std::uint64_t>(fault));
    }
    template <typename Tell>
    void count(Fault fault, Tell&& tell) {
        count(fault);
        trace.line(
            [&] { return stamp() + "! " + std::string(base::to_text(fault)) + ": " + tell(); });
    }
    /// The time since the beginning, and how deep in interleavings, as the start of a line.
    [[nodiscard]] std::string stamp() const;

    /// How far any machine's clock was ever off.
    base::Milliseconds furthest_skew{0};

    SeededRandom random;
    Profile profile;
    VirtualClock clock;
    TrueClock true_clock{clock};
    Statistics stats;
    Trace trace;
    CountingKeys keys;
    support::FakeCloudProvider provider;
    support::FakeRemoteHost hosts;
    support::FakeBotApi telegram;
    support::FakeHttpTransport http;
    FixedBundle bundles;
    std::vector<std::unique_ptr<Installation>> installations;

private:
    /// A place for a process; empty while it is dead.
    struct Slot {
        Installation* installation = nullptr;
        std::shared_ptr<Process> process;
        base::TimePoint back_at;
        base::TimePoint next_reap;
    };

    /// A create that its sender has given up, and that will be obeyed all the same.
    struct LateCreate {
        base::TimePoint due;
        providers::CreateServer request;
    };
    void land_late_creates();

    void count_event() { ++(troubled_ ? stats.events : stats.calm_events); }
    void add_installations(const Plants& plants);
    void add_foreign_servers();
    void add_bot(Installation& installation);

    /// One event that the seed chooses.
    void event();
    void work_event();
    void user_event();
    void ask_for_operation(Installation& installation, const core::Bot& bot);
    void chat_event(Installation& installation, const core::Bot& bot);
    void ask_for_cancel(Installation& installation, const core::Operation& live);
    void trouble_event();
    void cloud_trouble();
    void meddle(Installation& installation);
    void leave_something_over(Installation& installation);
    void jump_a_clock();
    void time_event();
    /// What an installation's jobs wait for.
    struct Work {
        bool due = false;
        bool expired = false;
        /// When the next job is due or the next lease ends.
        std::optional<base::TimePoint> next;
    };
    [[nodiscard]] Work work_of(const Installation& installation) const;
    /// To when something is due, at most `limit` away.
    void pass_time(base::Milliseconds limit);
    void start_process(Slot& slot);
    void kill(Slot& slot);
    /// Lets a process do something as itself; it may die of it.
    void turn(Slot& slot, std::string_view what, void (Process::*act)());
    void revive();

    void calm_down();
    void settle();
    [[nodiscard]] bool settled();
    bool work_round();

    bool troubled_ = true;
    int depth_ = 0;
    int processes_made_ = 0;
    long long bots_made_ = 0;
    long long left_over_ = 0;
    base::TimePoint began_;
    std::unique_ptr<providers::CloudProvider> planted_cloud_;
    Machines machines_;
    Checks checks_;
    std::vector<Slot> slots_;
    std::vector<LateCreate> late_creates_;
    /// Provider ids, or names.
    std::set<std::string> came_late_;
    base::SteadyTimeScope steady_;
    base::LogCapture log_;
};

}  // namespace hatchery::simulation
