#include "engine/cloud_access.hpp"

#include <fmt/format.h>

namespace hatchery::engine {

base::Result<providers::CloudProvider*> cloud_of(StepContext& context,
                                                 const std::string& provider) {
    const auto found = context.ports.clouds.find(provider);
    if (found != context.ports.clouds.end()) return found->second;
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("The provider {} is not configured here.", provider),
                      "Set its API token in Hatchery's environment, or choose another provider.");
}

}  // namespace hatchery::engine
