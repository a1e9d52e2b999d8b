#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "base/clock.hpp"
#include "base/error.hpp"

namespace hatchery::core {

/// The step did all it had to.
struct Succeeded {
    /// One sentence for the timeline; may be empty.
    std::string message;
    /// JSON as text that becomes the operation's result; only of a last step.
    std::optional<std::string> result = std::nullopt;
};

/// The step can do nothing now. It is run again at `until`, or as soon as `signal` is raised.
struct Waiting {
    base::TimePoint until;
    std::optional<std::string> signal;
    /// What is waited for: `waiting for the server to boot`.
    std::string why;
};

/// Whether a failed step may be run again.
enum class Again : std::uint8_t {
    as_kind_says,  ///< see core/retry.hpp
    never,         ///< it may have had an effect that must not be had twice
};

/// The step could not do its work; whether it is tried again is core/decide's business.
struct Failed {
    base::Error error;
    Again again = Again::as_kind_says;
};

/// What one run of a step came to.
using StepOutcome = std::variant<Succeeded, Waiting, Failed>;

}  // namespace hatchery::core
