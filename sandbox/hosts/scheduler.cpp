#include "sandbox/hosts/scheduler.hpp"

namespace hatchery::sandbox {

Scheduler::Scheduler() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

void Scheduler::after(Clock::duration delay, std::function<void()> work) {
    const std::lock_guard lock(mutex_);
    waiting_.emplace(Clock::now() + delay, std::move(work));
    changed_.notify_one();
}

void Scheduler::run(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
        if (waiting_.empty()) {
            changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
            continue;
        }
        const auto next = waiting_.begin()->first;
        if (Clock::now() < next) {
            // Wakes early when something earlier is scheduled.
            changed_.wait_until(lock, stop, next,
                                [this, next] { return waiting_.begin()->first < next; });
            continue;
        }
        auto work = std::move(waiting_.begin()->second);
        waiting_.erase(waiting_.begin());
        lock.unlock();
        work();
        lock.lock();
    }
}

}  // namespace hatchery::sandbox
