#pragma once

#include <span>

#include "contract/cloud_provider/cloud_world.hpp"

namespace hatchery::contract {

/// One promise of CloudProvider.
struct Check {
    const char* promise;
    void (*run)(CloudWorld& world);
};

[[nodiscard]] std::span<const Check> all_checks();

// In action_checks.cpp:
void check_actions(CloudWorld& world);
void check_failed_action(CloudWorld& world);

}  // namespace hatchery::contract
