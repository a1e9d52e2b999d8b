#pragma once

#include <string_view>

#include "core/job.hpp"

namespace hatchery::core {

/// What a step does, as people read it: `The installation of OpenClaw`, the beginning
/// of a sentence.
[[nodiscard]] std::string_view step_words(StepKind step);

}  // namespace hatchery::core
