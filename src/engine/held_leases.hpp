#pragma once

#include <atomic>
#include <chrono>
#include <memory>
#include <mutex>
#include <stop_token>
#include <unordered_map>
#include <vector>

#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"
#include "ports/job_store.hpp"

namespace hatchery::engine {

/// The leases that this process holds, from the claim until the result is written. Thread-safe.
class HeldLeases {
public:
    struct Held {
        ports::Lease lease;
        std::chrono::steady_clock::time_point since;
        std::stop_source stop;
        std::atomic<bool> cancel_requested{false};
    };

    HeldLeases(const EnginePorts& ports, const EngineSettings& settings)
        : ports_(ports), settings_(settings) {}

    /// Remembers the lease; the same object again for a lease that is held already.
    [[nodiscard]] std::shared_ptr<Held> hold(const ports::Lease& lease);
    void release(const ports::Lease& lease);
    /// Whether the lease has not run out by this process's clock.
    [[nodiscard]] bool stands(const ports::Lease& lease) const;
    /// Renews what has been held for a while; shorter work ends before it matters.
    /// Runs whose lease is lost, or whose operation was cancelled, are asked to stop.
    void renew();
    /// Asks every run to stop.
    void stop_all();
    /// Gives back everything that is held: nobody need wait for these leases to run out.
    void give_back_all();

private:
    [[nodiscard]] std::vector<ports::Lease> due_for_renewal() const;
    void stop_expired();

    const EnginePorts& ports_;
    const EngineSettings& settings_;
    mutable std::mutex mutex_;
    std::unordered_map<base::JobId, std::shared_ptr<Held>> held_;
};

}  // namespace hatchery::engine
