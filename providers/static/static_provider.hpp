#pragma once

#include <memory>
#include <vector>

#include "core/own_machine.hpp"
#include "ports/machine_allocations.hpp"
#include "ports/remote_host.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::providers {

/// What the provider and the caretaker of the operator's own machines work with. What is referred
/// to outlives them.
struct OwnMachines {
    std::vector<core::OwnMachine> machines;
    /// provisioning-scripts/static_machine.sh.
    base::Secret script;
    ports::MachineAllocations& allocations;
    ports::RemoteHost& hosts;
};

/// The operator's own machines as a provider, named `static`. A region and a type have as many
/// servers as there are machines of them. A create lends one out and gives it, over SSH with the
/// operator's key, the client key that the user data holds: nothing else in the user data counts.
/// The machine keeps its host key, and is told with it. A delete gives it back: what remains of its
/// server is `deleting` until the caretaker has wiped it.
///
/// All taken, at the place that was asked for: `out_of_stock`. All taken everywhere:
/// `quota_exceeded`.
[[nodiscard]] std::unique_ptr<CloudProvider> make_static_provider(OwnMachines own);

}  // namespace hatchery::providers
