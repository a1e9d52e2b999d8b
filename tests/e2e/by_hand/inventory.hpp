#pragma once

#include <string>
#include <vector>

#include "e2e/support/world.hpp"

namespace hatchery::e2e {

/// Runs the command line, which must succeed; the lines that it prints.
[[nodiscard]] std::vector<std::string> lines_of(const World& world,
                                                const std::vector<std::string>& arguments);
[[nodiscard]] std::string joined(const std::vector<std::string>& lines);

/// What the provider has of this installation's.
[[nodiscard]] std::vector<base::Json> machines_of_ours(World& world);
/// Checks that the inventory knows each of them as no orphan.
void must_know_all(World& world);
/// Waits until the provider has nothing of ours.
void wait_for_none(World& world);
[[nodiscard]] std::string installation_of(World& world);

}  // namespace hatchery::e2e
