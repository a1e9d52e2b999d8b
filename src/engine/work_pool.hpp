#pragma once

#include <atomic>
#include <condition_variable>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

#include "engine/job_runner.hpp"

namespace hatchery::engine {

/// The threads that run jobs, and the list of leases that this process holds. Thread-safe.
class WorkPool {
public:
    WorkPool(JobRunner& runner, const EnginePorts& ports, const EngineSettings& settings);
    ~WorkPool();

    void start();
    /// Threads without a job.
    [[nodiscard]] int free_slots() const;
    /// Called by a thread of the pool whenever a slot becomes free.
    void on_free(std::function<void()> callback);
    void add(std::vector<ports::ClaimedJob> jobs);
    /// Renews every held lease; runs whose lease is lost, or whose operation was cancelled, are
    /// asked to stop.
    void renew();
    /// No job is begun any more; running ones are asked to stop after `grace`. Blocks until all
    /// are done or `limit` has passed.
    void drain(base::Milliseconds grace, base::Milliseconds limit);

private:
    struct Held {
        ports::Lease lease;
        std::stop_source stop;
        std::atomic<bool> cancel_requested{false};
    };

    void work(const std::stop_token& stop);
    [[nodiscard]] std::shared_ptr<Held> hold(const ports::Lease& lease);
    void release(const ports::Lease& lease);
    void stop_expired();
    void run_chain(ports::ClaimedJob job);
    [[nodiscard]] base::Milliseconds patience() const;

    JobRunner& runner_;
    const EnginePorts& ports_;
    const EngineSettings& settings_;
    mutable std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<ports::ClaimedJob> queue_;
    std::map<base::JobId, std::shared_ptr<Held>> held_;
    int running_ = 0;
    std::atomic<bool> draining_{false};
    std::function<void()> on_free_;
    std::vector<std::jthread> threads_;
};

}  // namespace hatchery::engine
