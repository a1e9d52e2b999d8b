#pragma once

#include <string>

#include "ports/machine_allocations.hpp"

namespace hatchery::ports {

/// `tower-1.1795287600123456`: the machine, and which of its lives. It is the server's id at the
/// provider `static`.
[[nodiscard]] inline std::string allocation_id(const Allocation& allocation) {
    return allocation.facts.machine + "." + std::to_string(allocation.number);
}

}  // namespace hatchery::ports
