#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

enum class WorkerRole : std::uint8_t {
    serve,   ///< API, webhook receiver and engine
    worker,  ///< an engine alone
};

/// One process of the installation, as it tells of itself with every heartbeat.
struct Worker {
    base::WorkerId id;
    /// The name of its machine.
    std::string host;
    std::string version;
    WorkerRole role = WorkerRole::serve;
    /// What its jobs may require, see core/requirements.hpp: a JSON object as text.
    std::string capabilities = "{}";
    /// Threads that run jobs; none: it only serves the API.
    int slots = 0;
    /// The most threads that it may have.
    int max_slots = 0;
    /// Threads that run a job at the moment.
    int busy = 0;
    /// It ends: it claims nothing more.
    bool draining = false;
    base::TimePoint started_at;
    base::TimePoint heartbeat_at;
};

/// A heartbeat comes this often.
inline constexpr base::Milliseconds heartbeat_every{5'000};
/// Silent for longer, a worker counts as dead. Its jobs go on elsewhere by their leases, not by
/// this.
inline constexpr base::Milliseconds heartbeat_limit{20'000};
/// Silent for longer, its row is dropped.
inline constexpr base::Milliseconds silent_row_kept{10 * 60'000};

[[nodiscard]] constexpr bool is_alive(const Worker& worker, base::TimePoint now) {
    return now - worker.heartbeat_at <= heartbeat_limit;
}

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::WorkerRole> {
    using E = hatchery::core::WorkerRole;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::serve, "serve"}, {E::worker, "worker"}});
};
