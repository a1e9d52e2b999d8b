#pragma once

#include <memory>
#include <stop_token>

#include "providers/static/static_provider.hpp"

namespace hatchery::providers {

/// Wipes machines that were given back, and goes on with preparations whose process died, for as
/// long as it takes: a machine that cannot be reached is tried again, and is nobody's meanwhile.
/// Every process has one; the allocations see to it that two do not try the same at once, and
/// the machine itself refuses what comes too late.
class MachineCaretaker {
public:
    virtual ~MachineCaretaker() = default;
    /// One try at what is due, if anything is; whether there was something. Blocks for the SSH
    /// connection. Thread-safe.
    virtual bool tick(const std::stop_token& stop) = 0;
    /// Begins to look after the machines in threads of its own.
    virtual void start() = 0;
    /// Ends them; a wipe that is cut is begun again by whoever comes next.
    virtual void request_stop() = 0;
    virtual void stop() = 0;
};

[[nodiscard]] std::unique_ptr<MachineCaretaker> make_machine_caretaker(OwnMachines own);

}  // namespace hatchery::providers
