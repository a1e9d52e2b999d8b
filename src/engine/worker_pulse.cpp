#include "engine/worker_pulse.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace hatchery::engine {

namespace {

using base::LogLevel;

/// A count that is older says nothing about now: the process that counts has died or hangs.
constexpr base::Milliseconds stale_after{30'000};

}  // namespace

WorkerPulse::WorkerPulse(const PoolPorts& ports, const PoolSettings& settings, ThreadSlots& slots)
    : ports_(ports), settings_(settings), slots_(slots) {
    memory_.workers = settings.threads.min_workers;
}

void WorkerPulse::beat() {
    const std::lock_guard lock(mutex_);
    const EngineLoad load = slots_.load();
    core::Worker self = settings_.self;
    self.slots = load.threads;
    self.max_slots = std::max(load.threads, settings_.threads.max_workers);
    self.busy = load.busy;
    self.draining = draining_;
    self.heartbeat_at = ports_.clock.now();
    const auto status = ports_.registry.beat(self);
    show(load);
    if (!status) {
        if (!failing_) {
            base::log_event(LogLevel::warning, "heartbeat_failed",
                            {{"message", status.error().message}});
        }
        failing_ = true;
        return;
    }
    failing_ = false;
    if (!*status) return;
    show(**status);
    if (!draining_) size_threads(**status, load);
}

void WorkerPulse::size_threads(const core::QueueStatus& status, const EngineLoad& load) {
    const auto now = ports_.clock.now();
    const bool no_engine = settings_.threads.max_workers == 0;
    if (no_engine || status.workers == 0 || now - status.at > stale_after) return;
    const int share = (status.due + status.workers - 1) / status.workers;
    memory_ = core::pool_size(settings_.threads, memory_,
                              {.at = now, .pending = share, .busy_workers = load.busy});
    ports_.metrics.gauge("hatchery_pool_desired_threads", "Threads that this process should have.")
        .set(memory_.workers);
    if (memory_.workers == load.threads) return;
    base::log_event(LogLevel::info, "threads_resized",
                    {{"from", load.threads}, {"to", memory_.workers}, {"due", status.due}});
    slots_.resize(memory_.workers);
}

void WorkerPulse::drain() {
    {
        const std::lock_guard lock(mutex_);
        draining_ = true;
    }
    beat();
}

void WorkerPulse::leave() {
    const std::lock_guard lock(mutex_);
    const auto left = ports_.registry.leave(settings_.self.id);
    if (left) return;
    // The row is dropped by a leader after a while.
    base::log_event(LogLevel::warning, "leave_failed", {{"message", left.error().message}});
}

void WorkerPulse::show(const EngineLoad& load) {
    auto& metrics = ports_.metrics;
    metrics.gauge("hatchery_pool_threads", "Threads of this process that run jobs.")
        .set(load.threads);
    metrics.gauge("hatchery_pool_busy_threads", "Threads of this process that run a job now.")
        .set(load.busy);
}

void WorkerPulse::show(const core::QueueStatus& status) {
    auto& metrics = ports_.metrics;
    const auto set = [&](std::string_view name, std::string_view help, double value) {
        metrics.gauge(name, help).set(value);
    };
    set("hatchery_queue_due_jobs", "Jobs that could be claimed.", status.due);
    set("hatchery_queue_waiting_jobs", "Jobs that wait for their time or a signal.",
        status.waiting);
    set("hatchery_queue_running_jobs", "Jobs that a worker holds.", status.running);
    set("hatchery_queue_blocked_jobs", "Jobs that no live worker can run.", status.blocked);
    set("hatchery_queue_oldest_due_seconds", "How long the oldest due job has waited.",
        static_cast<double>(core::oldest_age(status).count()));
    set("hatchery_queue_jobs_per_worker", "Due jobs for each live worker process.",
        status.workers == 0 ? status.due : static_cast<double>(status.due) / status.workers);
    set("hatchery_queue_counted_timestamp_seconds", "When these were counted, in Unix time.",
        std::chrono::duration<double>(status.at.time_since_epoch()).count());
    set("hatchery_workers_alive", "Live worker processes that take jobs.", status.workers);
    set("hatchery_workers_slots", "Threads of all live workers.", status.slots);
    set("hatchery_workers_max_slots", "Threads that all live workers may grow to.",
        status.max_slots);
    set("hatchery_workers_busy_slots", "Threads of all live workers that run a job.", status.busy);
    set("hatchery_pool_desired_workers", "Worker processes that the queue should have.",
        status.desired_workers);
    set("hatchery_database_oldest_transaction_seconds",
        "Age of the oldest open transaction in the database.",
        static_cast<double>(status.oldest_transaction.count()));
}

}  // namespace hatchery::engine
