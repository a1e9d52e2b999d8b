#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "core/server.hpp"
#include "ports/job_store.hpp"

namespace hatchery::support {

struct FakeJob {
    core::Job job;
    std::optional<base::LeaseToken> token;
    base::TimePoint lease_until;
    base::WorkerId worker;
    base::UserId user;
    core::JobState claimed_from = core::JobState::available;
    bool cancel_requested = false;
    /// In the order of making.
    int number = 0;
};

struct FakeBot {
    core::Bot bot;
    bool deleted = false;
    std::vector<core::Event> events;
    std::int64_t last_event_seq = 0;
};

struct FakeDeployment {
    base::DeploymentId id;
    base::BotId bot_id;
    std::optional<base::TimePoint> ended_at;
};

/// What one server costs, from its create to its proven end.
struct FakeCost {
    base::BotId bot_id;
    base::UserId user_id;
    std::string provider;
    std::string hourly;
    std::string monthly;
    std::string currency;
    base::TimePoint begun_at;
    std::optional<base::TimePoint> ended_at;
};

/// The data behind FakeJobStore, FakeFleetStore and FakeCloudLedger: what PostgreSQL holds, in
/// maps. Deterministic for a given clock and random source. The stores lock `mutex`; so must a test
/// that reads while they are used by other threads. The inspection functions lock by themselves.
class FakeDatabase {
public:
    FakeDatabase(const base::Clock& clock, base::Random& random)
        : clock_(clock), random_(random), installation_(new_id<base::InstallationId>()) {}

    /// Stores a bot with an id of its own (unless it has one) and returns it.
    core::Bot add_bot(core::Bot bot = {});
    /// A secret of a bot, as the API would have sealed it.
    void add_secret(const base::BotId& bot, const std::string& name, const std::string& value);

    [[nodiscard]] std::optional<FakeBot> bot(const base::BotId& id) const;
    /// As it is to be read: what a live one is at follows from its job.
    [[nodiscard]] std::optional<core::Operation> operation(const base::OperationId& id) const;
    /// The jobs of an operation in the order of their making.
    [[nodiscard]] std::vector<FakeJob> jobs(const base::OperationId& id) const;
    [[nodiscard]] std::vector<core::Event> events(const base::BotId& id) const;
    [[nodiscard]] std::vector<core::Server> servers() const;
    /// Names of the secrets that are stored for an owner.
    [[nodiscard]] std::vector<std::string> secrets_of(const std::string& owner_id) const;
    [[nodiscard]] base::InstallationId installation() const { return installation_; }

    /// The next `count` calls answer `unavailable` and do nothing.
    void fail_next(int count);
    /// The next `count` calls do their work and then answer `unavailable` with effect unknown.
    void lose_next_answers(int count);
    /// Called after a job became claimable, outside the lock.
    void on_jobs_ready(std::function<void()> callback);

    [[nodiscard]] base::TimePoint now() const { return clock_.now(); }
    template <typename AnyId>
    [[nodiscard]] AnyId new_id() {
        return base::make_id<AnyId>(clock_.now(), random_);
    }

    enum class Fault { none, before, after };
    /// The fault that the call that is starting meets. Locks by itself.
    [[nodiscard]] Fault take_fault();
    void hint_jobs();

    // What both stores are made of. The caller holds `mutex`.

    /// The job, if the lease stands.
    [[nodiscard]] FakeJob* held(const ports::Lease& lease);
    /// Its live operation that is no chat.
    [[nodiscard]] core::Operation* live_operation(const base::BotId& bot);
    /// Its live chats in their order.
    [[nodiscard]] std::vector<core::Operation*> live_chats(const base::BotId& bot);
    [[nodiscard]] FakeDeployment* current_deployment(const base::BotId& bot);
    void append_events(const base::BotId& bot, const base::OperationId& operation,
                       std::span<const core::NewEvent> new_events);
    /// As the trigger on `servers` does: opens, changes and closes what a server costs, once its
    /// provider has made it. After every change of a server's row.
    void keep_costs(const core::Server& server);
    void change_bot(const base::BotId& bot, const core::BotChange& change, base::TimePoint now);
    FakeJob& add_job(const core::Operation& operation, core::StepKind step, base::TimePoint now);

    mutable std::mutex mutex;
    std::map<base::BotId, FakeBot> bots;
    /// A live one is kept as pending.
    std::map<base::OperationId, core::Operation> operations;
    std::map<base::JobId, FakeJob> job_rows;
    std::map<base::ServerId, core::Server> server_rows;
    std::map<base::DeploymentId, FakeDeployment> deployments;
    std::map<base::ServerId, FakeCost> server_costs;
    /// When the provider was first asked for what it may have made.
    std::map<base::ServerId, base::TimePoint> create_begun;
    /// (owner id, name) → value.
    std::map<std::pair<std::string, std::string>, std::string> secrets;
    std::map<std::string, int> leaders;

private:
    const base::Clock& clock_;
    base::Random& random_;
    base::InstallationId installation_;
    int failures_ = 0;
    int lost_answers_ = 0;
    int job_count_ = 0;
    std::function<void()> jobs_ready_;
};

}  // namespace hatchery::support
