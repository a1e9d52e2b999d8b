#pragma once

#include <optional>
#include <type_traits>
#include <utility>

#include "base/result.hpp"
#include "simulation/fleet/sites.hpp"

namespace hatchery::simulation {

class Process;
class World;

/// Thrown in the place of a process's death. It is no std::exception, so nothing may catch it but
/// the turn that it ends.
struct Crash {};

/// Stands before and after every port call of one process: here it dies, is held up while others
/// work, and meets errors, as the seed decides.
class Gate {
public:
    Gate(World& world, Process& process) : world_(world), process_(process) {}

    template <typename Call>
    auto pass(Site site, Call&& call) -> std::invoke_result_t<Call> {
        Passage passage = before(site);
        if (passage.instead) return base::fail(*std::move(passage.instead));
        auto result = std::forward<Call>(call)();
        after(site, result ? nullptr : &result.error(), passage);
        if (result && passage.lost) return base::fail(*std::move(passage.lost));
        return result;
    }

private:
    struct Passage {
        /// The call never reaches the other side.
        std::optional<base::Error> instead;
        /// It does, but the answer does not come back.
        std::optional<base::Error> lost;
    };

    Passage before(Site site);
    void after(Site site, const base::Error* error, Passage& passage);
    /// Dies, or lets others have turns; throws Crash when the process is dead afterwards.
    void disturb(Site site, Fault crash);
    void choose_errors(Site site, Passage& passage);

    World& world_;
    Process& process_;
};

}  // namespace hatchery::simulation
