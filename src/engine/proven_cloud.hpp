#pragma once

#include <atomic>
#include <mutex>

#include "base/steady_time.hpp"
#include "engine/engine_ports.hpp"
#include "providers/passing_cloud.hpp"

namespace hatchery::engine {

inline constexpr const char* code_project_unproven = "project_unproven";

/// A provider whose word that there is no such server is believed only once its project proves to
/// be ours. The token of another project gets the same answer for every server of ours: rows would
/// end, and their machines go on to be billed.
///
/// While the proof is lacking (core::is_our_project, asked for with the installation's firewalls)
/// get_server() and find_server() answer `unavailable` with the code code_project_unproven instead
/// of nothing, and the alarm `project_foreign` is raised. A server that is found and bears our
/// label is proof as well. A token is of one project for ever, so one proof is enough for the life
/// of the process. As long as no row knows a machine there is nothing to lose: then find_server()
/// is believed, or the first create of a new project, whose firewall it makes itself, could not be
/// looked for. Thread-safe.
class ProvenCloud final : public providers::PassingCloud {
public:
    /// Who is asked for the proof, and told that there is none. All outlive the cloud.
    struct Witnesses {
        ports::FleetStore& fleet;
        ports::CloudLedger& ledger;
        /// Unset: nobody is told.
        ports::AlarmStore* alarms = nullptr;
        base::Clock& clock;
    };
    ProvenCloud(providers::CloudProvider& inner, const Witnesses& witnesses)
        : PassingCloud(inner), witnesses_(witnesses) {}

    base::Result<std::optional<providers::CloudServer>> find_server(
        const std::string& server_name, const base::Call& call) override;
    base::Result<std::optional<providers::CloudServer>> get_server(
        const std::string& provider_server_id, const base::Call& call) override;

private:
    using Found = base::Result<std::optional<providers::CloudServer>>;
    Found believed(Found found, const base::Call& call);
    base::Result<bool> prove(const base::Call& call);
    [[nodiscard]] base::Result<bool> knows_a_machine() const;
    void note_found(const providers::CloudServer& server);

    const Witnesses witnesses_;
    std::atomic<bool> proven_{false};
    /// Held by the one who asks for the proof.
    std::mutex asking_;
    /// Guarded by asking_: the proof was lacking, and is not asked for before.
    base::SteadyTime unproven_until_{};
};

}  // namespace hatchery::engine
