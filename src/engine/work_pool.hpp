#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <vector>

#include "core/usual_duration.hpp"
#include "engine/completer.hpp"
#include "engine/held_leases.hpp"
#include "engine/job_runner.hpp"

namespace hatchery::engine {

/// The threads that run jobs. Thread-safe.
class WorkPool {
public:
    WorkPool(JobRunner& runner, const EnginePorts& ports, const EngineSettings& settings);
    ~WorkPool();

    void start();
    /// Changes the number of threads; one that runs a job ends after it. Without any, no job is
    /// taken.
    void resize(int threads);
    [[nodiscard]] int threads() const;
    /// Threads that run a job at the moment.
    [[nodiscard]] int busy() const;
    /// How many jobs it can take now: one a free thread, and while steps take next to no time some
    /// more, so that threads do not wait for the next claim.
    [[nodiscard]] int room() const;
    /// Answers the room and counts it as taken, so that who claims beside asks for none of it.
    [[nodiscard]] int reserve_room();
    /// Called when there may be room again after there was none.
    void on_room(std::function<void()> callback);
    /// Takes jobs that were claimed; `reserved` is what reserve_room() had answered for them.
    void add(std::vector<ports::ClaimedJob> jobs, int reserved = 0);
    /// Renews the leases, and gives jobs back that wait for a thread for too long.
    void renew();
    /// No job is begun any more; running ones are asked to stop after `grace`. Blocks until all
    /// are done and written, or `limit` has passed; then their leases are given back.
    void drain(base::Milliseconds grace, base::Milliseconds limit);

private:
    struct Queued {
        ports::ClaimedJob job;
        std::chrono::steady_clock::time_point since;
    };

    void work(const std::stop_token& stop, int index);
    [[nodiscard]] std::optional<ports::ClaimedJob> take(const std::stop_token& stop, int index);
    void run(ports::ClaimedJob job);
    void continue_with(ports::ClaimedJob job);
    void give_back(const std::vector<ports::Lease>& leases);
    [[nodiscard]] std::vector<ports::Lease> unqueue(std::chrono::steady_clock::duration age);
    [[nodiscard]] int capacity() const;
    [[nodiscard]] int room_locked() const;
    [[nodiscard]] int worthwhile_room_locked() const;
    [[nodiscard]] base::Milliseconds patience() const;

    JobRunner& runner_;
    const EnginePorts& ports_;
    const EngineSettings& settings_;
    HeldLeases leases_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Queued> queue_;
    int running_ = 0;
    int wanted_ = 0;
    /// For jobs that are being claimed.
    int reserved_ = 0;
    /// By index: whether that thread still takes jobs.
    std::vector<bool> alive_;
    std::vector<std::jthread> threads_;
    std::atomic<bool> draining_{false};
    core::UsualDuration usual_duration_;
    mutable std::atomic<bool> full_{false};
    std::function<void()> on_room_;
    /// Last, so that its threads end before what they use.
    Completer completer_;
};

}  // namespace hatchery::engine
