#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/event.hpp"
#include "simulation/fleet/installation.hpp"
#include "simulation/fleet/report.hpp"
#include "simulation/fleet/sites.hpp"

namespace hatchery::simulation {

class World;

/// What must hold whatever happens. Every function throws Violation when it does not.
class Checks {
public:
    explicit Checks(World& world) : world_(world), seen_(2) {}

    /// After every port call: what that call may have broken.
    void after_call(Site site);
    /// After every turn: everything else.
    void after_turn();
    /// When the faults have stopped and time has gone on: what a user is promised.
    void at_rest(base::TimePoint calm_since);

    [[nodiscard]] bool holds(Installation& installation, const ports::Lease& lease) const;
    /// A result was accepted: under a lease that stood, and the only one under that lease.
    void accepted(Installation& installation, const ports::Lease& lease, bool held);
    /// A write was accepted that needs a lease.
    void fenced(std::string_view call, bool held) const;
    /// Failures and rescues of the leases' jobs.
    [[nodiscard]] std::vector<std::pair<int, int>> attempts(
        Installation& installation, std::span<const ports::Lease> leases) const;
    /// Right before a delete: the server is ours and its row says that it is being deleted.
    void may_delete(Installation& installation, const std::string& provider_server_id) const;
    /// Right before something else is deleted: it is ours, and of a server that is gone.
    void may_delete_resource(Installation& installation, providers::ResourceKind kind,
                             const std::string& id) const;
    /// A create took effect: the ceiling holds, and the project's firewall was there before.
    void created(Installation& installation) const;
    /// One more request may leave: no more of them than the project may ask.
    void request_granted(Installation& installation) const;
    /// Machines that rows know as booting or ready: their ids, and how many more are gone.
    struct InUse {
        std::vector<std::string> there;
        std::size_t missing = 0;
    };
    [[nodiscard]] InUse machines_in_use(Installation& installation) const;
    /// Whether a sweep has something to put right still: a ready server that is gone or off, or
    /// something of a server that is gone.
    [[nodiscard]] bool drifted() const;
    void no_secret(std::string_view text, std::string_view where) const;
    /// Whether the provider bills a machine that no row accounts for, until the reconciler finds
    /// it.
    [[nodiscard]] bool has_strays() const;

private:
    /// How far an installation's story has been looked at.
    struct Seen {
        std::map<base::BotId, std::size_t> events;
        std::map<base::OperationId, core::OperationState> ended;
        std::set<base::JobId> ended_jobs;
        std::set<base::ServerId> deleted;
        std::set<base::LeaseToken> accepted;
        /// Lines told so far of each script run, by its id.
        std::map<std::string, int> lines;
    };

    Seen& seen(const Installation& installation) {
        return seen_.at(static_cast<std::size_t>(installation.number));
    }
    void machines_are_known() const;
    /// What is wrong with a machine that bears this installation's label, or nothing.
    [[nodiscard]] static std::optional<std::string> why_unknown(
        Installation& installation, const providers::CloudServer& server);
    /// Whether a machine may be unknown until the reconciler finds it: its create came late, or
    /// names are not unique and its row knows another.
    [[nodiscard]] bool may_stray(Installation& installation,
                                 const providers::CloudServer& server) const;
    /// What is billed has an open entry in the ledger or an intent, and what has a closed one is
    /// gone.
    void ledger_agrees(Installation& installation) const;
    void operations_stay(Installation& installation);
    /// One that succeeded has the answer to its own message.
    static void chat_has_ended(const core::Operation& chat);
    void jobs_are_bounded(Installation& installation);
    void servers_stay(Installation& installation);
    void story_goes_on(Installation& installation);
    void one_more_line(Installation& installation, const core::Event& event);
    /// A step that succeeded has told its last run to the end.
    void last_run_is_told(const Installation& installation, const base::JobId& job);
    void bot_at_rest(Installation& installation, const support::FakeBot& bot);

    World& world_;
    std::vector<Seen> seen_;
};

}  // namespace hatchery::simulation
