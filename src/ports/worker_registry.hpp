#pragma once

#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/queue_status.hpp"
#include "core/worker.hpp"

namespace hatchery::ports {

/// The processes of the installation, one row each. Thread-safe; every call is one short
/// statement; `unavailable` when the database cannot be reached.
class WorkerRegistry {
public:
    virtual ~WorkerRegistry() = default;

    /// Writes the worker's row, new or again; answers what was last counted for all, if anything
    /// was.
    [[nodiscard]] virtual base::Result<std::optional<core::QueueStatus>> beat(
        const core::Worker& worker) = 0;
    /// Removes the row of a worker that ends. Nothing happens when there is none.
    [[nodiscard]] virtual base::Result<void> leave(const base::WorkerId& worker) = 0;
    /// All rows, also of those that have been silent for a while, oldest start first.
    [[nodiscard]] virtual base::Result<std::vector<core::Worker>> list() = 0;
    /// Removes the rows that were last written before; answers how many.
    [[nodiscard]] virtual base::Result<int> drop_silent(base::TimePoint before) = 0;
};

}  // namespace hatchery::ports
