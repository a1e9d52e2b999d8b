#pragma once

#include <string>

#include "base/call.hpp"
#include "core/own_machine.hpp"
#include "ports/machine_allocations.hpp"
#include "ports/remote_host.hpp"

namespace hatchery::providers {

/// How long nobody else begins a try: longer than any try takes.
inline constexpr base::Milliseconds hold_for{240'000};

/// The number in an id of ports::allocation_id; zero when it is none.
[[nodiscard]] std::int64_t allocation_number(const std::string& id);

/// Speaks to one of the operator's machines with the operator's key.
class MachineLogin {
public:
    /// All outlive it.
    MachineLogin(ports::RemoteHost& hosts, const base::Secret& script,
                 const core::OwnMachine& machine)
        : hosts_(hosts), script_(script), machine_(machine) {}

    /// Marks the machine as held by this allocation, clean before it, and lets in its key.
    [[nodiscard]] base::Result<void> prepare(const ports::Allocation& allocation,
                                             const base::Call& call) const;
    /// Removes all that was made on the machine, its key too. A success when a later allocation
    /// holds it already.
    [[nodiscard]] base::Result<void> wipe(const ports::Allocation& allocation,
                                          const base::Call& call) const;

private:
    [[nodiscard]] base::Result<void> run(const std::string& arguments,
                                         const base::Call& call) const;

    ports::RemoteHost& hosts_;
    const base::Secret& script_;
    const core::OwnMachine& machine_;
};

/// The cause of an error with what to do, for people: one line.
[[nodiscard]] std::string trouble_text(const base::Error& error);

}  // namespace hatchery::providers
