#pragma once

#include <map>
#include <optional>
#include <set>
#include <stop_token>
#include <string>

#include "base/steady_time.hpp"
#include "core/reconcile.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"
#include "engine/power_watch.hpp"
#include "engine/sweep_report.hpp"

namespace hatchery::engine {

/// Compares from time to time what a provider's project has with what the database says, both ways.
/// What bears this installation's label and belongs to no row (a create that was sent by a worker
/// which had lost its lease long ago makes such a server) is destroyed beyond a grace period, or
/// only reported; a server in use that is gone fails its bot; one that is switched off is switched
/// on. When the provider does not answer, or takes no more requests, the rest of the sweep waits
/// for the next one. Run by the leader of the provider's reaper; losing that leadership is
/// harmless.
class Reconciler {
public:
    Reconciler(const EnginePorts& ports, const EngineSettings& settings, std::string provider)
        : ports_(ports), settings_(settings), provider_(provider), power_(ports, provider) {}
    /// One sweep, if it is time to or somebody asked for one.
    void tick(const std::stop_token& stop);
    /// How long until the next sweep is due.
    [[nodiscard]] base::Milliseconds until_next() const;

private:
    /// One provider while it is swept.
    struct Sweep {
        const std::string& provider;
        providers::CloudProvider& cloud;
        const std::stop_token& stop;
        base::InstallationId installation;
        std::vector<providers::CloudServer> listed;
        std::vector<core::ListedMachine> machines;
        std::vector<core::Server> alive;
        std::set<std::string> seen;
        /// The installation's firewalls; unset when the provider did not say.
        std::optional<std::vector<providers::CloudResource>> firewalls;
        /// Whether the project proves to be ours: otherwise nothing is ended there.
        bool trusted = true;
        /// The provider does not answer, or takes no more requests: nothing else is asked for.
        bool silent = false;
        /// Whether all that there is was looked at; otherwise what was not seen may be there.
        bool whole = true;
        std::size_t kept = 0;
        /// Strays of which this database has never heard, when they are too many to be destroyed.
        std::size_t strangers = 0;
        SweepReport report;
    };

    [[nodiscard]] bool is_due();
    void sweep(providers::CloudProvider& cloud, const std::stop_token& stop);
    void judge_project(Sweep& sweep, const std::vector<core::Server>& alive_before);
    void judge_strays(Sweep& sweep);
    [[nodiscard]] std::vector<const providers::CloudServer*> strays_of(const Sweep& sweep) const;
    /// Strays that are no late end of something which this database knows of.
    [[nodiscard]] std::size_t count_strangers(
        const std::vector<const providers::CloudServer*>& strays) const;
    void judge_resources(Sweep& sweep);
    /// What no label tells the owner of is only told.
    void judge_idle_addresses(Sweep& sweep);
    void judge_missing(Sweep& sweep, const std::vector<core::Server>& alive_before);
    void guard(Sweep& sweep);
    void keep_failed(const base::Error& error);
    /// Logs what the provider refused, and notices when it takes nothing more.
    static void note(Sweep& sweep, const base::Error& error);
    void judge_power(Sweep& sweep);
    void finish(Sweep& sweep);
    /// What was in the way and is not any more.
    void forget_gone(const Sweep& sweep);
    void judge_alarms(Sweep& sweep);
    [[nodiscard]] std::string end_server(Sweep& sweep, const std::string& id);
    [[nodiscard]] std::string end_resource(Sweep& sweep, const providers::CloudResource& resource);
    [[nodiscard]] std::string vanish(Sweep& sweep, const core::Server& server);
    /// Whether the grace period of what is in the way is over.
    [[nodiscard]] bool over(Sweep& sweep, const std::string& key, const std::string& name);
    void raise(const core::Alarm& alarm) const;
    void clear(core::AlarmKind kind) const;

    const EnginePorts& ports_;
    const EngineSettings& settings_;
    const std::string provider_;
    PowerWatch power_;
    std::optional<base::SteadyTime> next_sweep_;
    /// When the sweep that is under way, or was last, was due; grace periods are counted by this.
    base::SteadyTime swept_at_;
    std::optional<base::TimePoint> last_wish_;
    /// Since when something has been in the way, by provider, kind and id there.
    std::map<std::string, base::SteadyTime> since_;
    /// The provider's token may not read its addresses, and that was said.
    bool addresses_hidden_ = false;
    /// What was asked to end, and is still listed.
    std::set<std::string> ending_;
};

}  // namespace hatchery::engine
