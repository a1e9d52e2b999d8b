#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ports/remote_host.hpp"
#include "providers/cloud_provider.hpp"
#include "simulation/fleet/profile.hpp"
#include "simulation/fleet/turns.hpp"

namespace hatchery::simulation {

class World;

/// Joins the provider's machines with the servers behind their addresses: a server answers SSH only
/// while its machine runs, and shows the host key that came with its user data.
class Machines {
public:
    explicit Machines(World& world) : turns(world), world_(world) {}

    /// Nothing, or why the connection fails.
    [[nodiscard]] base::Result<void> reach(const ports::SshTarget& target);
    /// Starts a script; what a new run does is the seed's choice. Its lines say whose they are,
    /// which, of how many: `<run id> 2/5`.
    [[nodiscard]] base::Result<ports::RunState> start(const ports::SshTarget& target,
                                                      const ports::ScriptRun& run,
                                                      const base::Call& call);
    /// How many lines each run that was started prints, by run id.
    [[nodiscard]] const std::map<std::string, int>& runs() const { return runs_; }
    /// Answers the scripts that run in the session itself, as provisioning-scripts does.
    [[nodiscard]] std::optional<base::Result<ports::ExecResult>> answer(
        const ports::SshTarget& target, const ports::ExecRequest& request);

    Turns turns;

    void restart_one();
    void take_one_down(base::Milliseconds duration);
    /// Brings back the machines whose time down is over; all of them when `everything`.
    enum class Which { due, all };
    void bring_up(Which which);

private:
    struct Down {
        std::string address;
        base::TimePoint until;
    };
    /// How many lines it plans.
    int plan_script(const ports::ScriptRun& run);
    [[nodiscard]] base::Result<ports::RunState> start_turn(const ports::SshTarget& target,
                                                           const ports::ScriptRun& run,
                                                           const base::Call& call);
    [[nodiscard]] std::string some_address();
    [[nodiscard]] std::string rotated_key_of(const std::string& address) const;

    World& world_;
    /// Provider ids of machines whose host key is planted.
    std::set<std::string> planted_;
    std::vector<Down> down_;
    std::map<std::string, int> runs_;
};

}  // namespace hatchery::simulation
