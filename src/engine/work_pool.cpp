#include "engine/work_pool.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"

namespace hatchery::engine {

namespace {

/// While enough threads are free a step may block this long to see a script's news at once.
constexpr base::Milliseconds idle_patience{800};

}  // namespace

WorkPool::WorkPool(JobRunner& runner, const EnginePorts& ports, const EngineSettings& settings)
    : runner_(runner), ports_(ports), settings_(settings) {}

WorkPool::~WorkPool() {
    draining_ = true;
    for (auto& thread : threads_) thread.request_stop();
    {
        const std::lock_guard lock(mutex_);
        for (auto& [id, held] : held_) held->stop.request_stop();
    }
    changed_.notify_all();
}

void WorkPool::start() {
    for (int i = 0; i < settings_.threads; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
}

int WorkPool::free_slots() const {
    const std::lock_guard lock(mutex_);
    if (draining_) return 0;
    return std::max(0, settings_.threads - running_ - static_cast<int>(queue_.size()));
}

void WorkPool::on_free(std::function<void()> callback) { on_free_ = std::move(callback); }

void WorkPool::add(std::vector<ports::ClaimedJob> jobs) {
    for (auto& job : jobs) {
        // Held from the claim on, so that a job which waits for a thread keeps its lease.
        (void)hold(job.lease);
        const std::lock_guard lock(mutex_);
        queue_.push_back(std::move(job));
    }
    changed_.notify_all();
}

void WorkPool::work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        std::optional<ports::ClaimedJob> job;
        {
            std::unique_lock lock(mutex_);
            changed_.wait(lock, stop, [&] { return !queue_.empty(); });
            if (queue_.empty()) continue;
            job = std::move(queue_.front());
            queue_.pop_front();
            ++running_;
        }
        run_chain(*std::move(job));
        {
            const std::lock_guard lock(mutex_);
            --running_;
        }
        changed_.notify_all();
        if (on_free_) on_free_();
    }
}

void WorkPool::run_chain(ports::ClaimedJob first) {
    std::optional<ports::ClaimedJob> job = std::move(first);
    while (job) {
        const auto held = hold(job->lease);
        if (draining_) {
            const std::array leases{job->lease};
            (void)ports_.jobs.give_back(leases, ports_.clock.now());
            release(job->lease);
            return;
        }
        auto next = runner_.run(*job, {.stop = held->stop.get_token(),
                                       .cancel_requested = held->cancel_requested,
                                       .draining = draining_,
                                       .patience = patience(),
                                       .keep_next = true});
        release(job->lease);
        job = std::move(next);
    }
}

base::Milliseconds WorkPool::patience() const {
    const std::lock_guard lock(mutex_);
    const int free = settings_.threads - running_ - static_cast<int>(queue_.size());
    return free * 4 > settings_.threads ? idle_patience : base::Milliseconds{0};
}

std::shared_ptr<WorkPool::Held> WorkPool::hold(const ports::Lease& lease) {
    const std::lock_guard lock(mutex_);
    auto& held = held_[lease.job_id];
    if (!held || held->lease.token != lease.token) {
        held = std::make_shared<Held>();
        held->lease = lease;
    }
    return held;
}

void WorkPool::release(const ports::Lease& lease) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(lease.job_id);
    // A job that was rescued from this very process may be held again under another token.
    if (found != held_.end() && found->second->lease.token == lease.token) held_.erase(found);
}

void WorkPool::renew() {
    std::vector<ports::Lease> leases;
    {
        const std::lock_guard lock(mutex_);
        leases.reserve(held_.size());
        for (const auto& [id, held] : held_) leases.push_back(held->lease);
    }
    if (leases.empty()) return;
    const auto until = ports_.clock.now() + settings_.lease_for;
    const auto renewed = ports_.jobs.renew(leases, until);
    if (!renewed) {
        base::log_event(base::LogLevel::warning, "renew_failed",
                        {{"message", renewed.error().message}});
        return stop_expired();
    }
    const std::lock_guard lock(mutex_);
    for (const auto& lease : leases) {
        const auto found = held_.find(lease.job_id);
        if (found == held_.end() || found->second->lease.token != lease.token) continue;
        const bool kept = std::ranges::find(renewed->kept, lease.job_id) != renewed->kept.end();
        const bool cancelled =
            std::ranges::find(renewed->cancelled, lease.job_id) != renewed->cancelled.end();
        if (kept) found->second->lease.until = until;
        if (cancelled) found->second->cancel_requested = true;
        if (!kept || cancelled) found->second->stop.request_stop();
    }
}

void WorkPool::stop_expired() {
    const auto now = ports_.clock.now();
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : held_) {
        // Somebody else may work on it by now.
        if (held->lease.until < now) held->stop.request_stop();
    }
}

void WorkPool::drain(base::Milliseconds grace, base::Milliseconds limit) {
    draining_ = true;
    std::vector<ports::Lease> unstarted;
    const auto idle = [this] { return running_ == 0; };
    std::unique_lock lock(mutex_);
    unstarted.reserve(queue_.size());
    for (auto& job : queue_) unstarted.push_back(job.lease);
    queue_.clear();
    for (const auto& lease : unstarted) held_.erase(lease.job_id);
    if (!unstarted.empty()) {
        lock.unlock();
        (void)ports_.jobs.give_back(unstarted, ports_.clock.now());
        lock.lock();
    }
    if (changed_.wait_for(lock, grace, idle)) return;
    for (auto& [id, held] : held_) held->stop.request_stop();
    changed_.wait_for(lock, limit - grace, idle);
}

}  // namespace hatchery::engine
