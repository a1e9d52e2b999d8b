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
#include "engine/sweep_report.hpp"

namespace hatchery::engine {

/// Compares from time to time what every provider project has with what the database says, both
/// ways. What bears this installation's label and belongs to no row (a create that was sent by a
/// worker which had lost its lease long ago makes such a server) is destroyed beyond a grace
/// period, or only reported; a server in use that is gone fails its bot; one that is switched off
/// is switched on. Run by the leader of the reaper; losing that leadership is harmless.
class Reconciler {
public:
    Reconciler(const EnginePorts& ports, const EngineSettings& settings)
        : ports_(ports), settings_(settings) {}
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
        std::size_t kept = 0;
        SweepReport report;
    };

    [[nodiscard]] bool is_due();
    void sweep(const std::string& provider, providers::CloudProvider& cloud,
               const std::stop_token& stop);
    void judge_project(Sweep& sweep, const std::vector<core::Server>& alive_before);
    void judge_strays(Sweep& sweep);
    [[nodiscard]] std::vector<const providers::CloudServer*> strays_of(const Sweep& sweep) const;
    /// Strays that are no late end of something which this database knows of.
    [[nodiscard]] std::size_t count_strangers(
        const std::vector<const providers::CloudServer*>& strays) const;
    void judge_resources(Sweep& sweep);
    void judge_missing(Sweep& sweep, const std::vector<core::Server>& alive_before);
    void guard(Sweep& sweep);
    void keep_failed(const std::string& provider, const base::Error& error);
    void judge_power(Sweep& sweep);
    void finish(Sweep& sweep);
    void judge_alarms(Sweep& sweep);
    void judge_unconfigured();
    void clear_old();
    [[nodiscard]] std::string end_server(Sweep& sweep, const std::string& id);
    [[nodiscard]] std::string end_resource(Sweep& sweep, const providers::CloudResource& resource);
    [[nodiscard]] std::string vanish(Sweep& sweep, const core::Server& server);
    /// Whether the grace period of what is in the way is over.
    [[nodiscard]] bool over(Sweep& sweep, const std::string& key, const std::string& name);
    void raise(const core::Alarm& alarm);
    void clear(core::AlarmKind kind);

    const EnginePorts& ports_;
    const EngineSettings& settings_;
    std::optional<base::SteadyTime> next_sweep_;
    /// When the sweep that is under way, or was last, was due; grace periods are counted by this.
    base::SteadyTime swept_at_;
    std::optional<base::TimePoint> last_wish_;
    /// Since when something has been in the way, by provider, kind and id there.
    std::map<std::string, base::SteadyTime> since_;
    /// What was asked to end, and is still listed.
    std::set<std::string> ending_;
    /// Until when the alarm of a server that vanished stands.
    std::optional<base::SteadyTime> vanished_until_;
    /// By provider: things in the way that are not destroyed.
    std::map<std::string, std::size_t> kept_;
};

}  // namespace hatchery::engine
