#pragma once

#include <string>

#include "base/result.hpp"
#include "engine/step_context.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::engine {

/// The provider of this name; `invalid` when the operator has not configured it.
[[nodiscard]] base::Result<providers::CloudProvider*> cloud_of(StepContext& context,
                                                               const std::string& provider);

}  // namespace hatchery::engine
