#pragma once

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <stop_token>
#include <thread>

namespace hatchery::sandbox {

/// Runs work at its time, one after the other, on a thread of its own. What is still waiting when
/// it is destroyed is forgotten. Thread-safe; work may schedule more work.
class Scheduler {
public:
    using Clock = std::chrono::steady_clock;

    Scheduler();
    ~Scheduler() = default;
    Scheduler(const Scheduler&) = delete;
    Scheduler& operator=(const Scheduler&) = delete;

    void after(Clock::duration delay, std::function<void()> work);

private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::multimap<Clock::time_point, std::function<void()>> waiting_;
    std::jthread thread_;
};

}  // namespace hatchery::sandbox
