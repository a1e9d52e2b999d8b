#pragma once

#include <optional>
#include <string>

#include "core/decide.hpp"
#include "ports/job_store.hpp"

namespace hatchery::engine {

/// What to write for a decision about a claimed job. Pure.
struct TransitionInput {
    const ports::ClaimedJob& claimed;
    base::TimePoint now;
    /// The step's memory after the run; unset keeps the stored one.
    std::optional<std::string> progress;
    base::Milliseconds lease_for{30'000};
    /// Whether this worker takes the next step itself.
    bool keep_next = false;
};

[[nodiscard]] ports::Transition make_transition(const TransitionInput& input,
                                                const core::Decision& decision);

}  // namespace hatchery::engine
