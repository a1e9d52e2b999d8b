#include "engine/work_pool.hpp"

#include <algorithm>
#include <array>

#include "base/log.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// While enough threads are free a step may block this long to see a script's news at once.
constexpr base::Milliseconds idle_patience{800};
/// Jobs are buffered only while they usually take less than this.
constexpr std::chrono::nanoseconds short_duration = 2ms;
/// Jobs in the buffer at most, over one a thread.
constexpr int largest_buffer = 2'000;
/// Half of it, so that one claim fills its half while the jobs of another are run.
constexpr int largest_claim = largest_buffer / 2;
/// A buffered job that no thread has begun by then goes back to the queue.
constexpr auto longest_wait = 2s;

}  // namespace

WorkPool::WorkPool(JobRunner& runner, const EnginePorts& ports, const EngineSettings& settings)
    : runner_(runner),
      ports_(ports),
      settings_(settings),
      leases_(ports, settings),
      wanted_(std::max(0, settings.threads)),
      usual_duration_(8 * short_duration),
      completer_(ports, leases_, [this](ports::ClaimedJob job) { continue_with(std::move(job)); }) {
}

WorkPool::~WorkPool() {
    draining_ = true;
    for (auto& thread : threads_) thread.request_stop();
    leases_.stop_all();
    changed_.notify_all();
    threads_.clear();
}

void WorkPool::start() {
    completer_.on_written([this](std::size_t) {
        if (full_.exchange(false) && on_room_) on_room_();
    });
    completer_.start();
    resize(threads());
}

void WorkPool::resize(int threads) {
    const std::lock_guard lock(mutex_);
    wanted_ = std::max(0, threads);
    if (draining_) return;
    const auto count = static_cast<std::size_t>(wanted_);
    if (alive_.size() < count) {
        alive_.resize(count, false);
        threads_.resize(count);
    }
    for (std::size_t i = 0; i < count; ++i) {
        if (alive_[i]) continue;
        alive_[i] = true;
        // A thread that was there before has left its loop; taking its place joins it.
        threads_[i] = std::jthread([this, index = static_cast<int>(i)](
                                       const std::stop_token& stop) { work(stop, index); });
    }
    changed_.notify_all();
}

int WorkPool::threads() const {
    const std::lock_guard lock(mutex_);
    return wanted_;
}

int WorkPool::busy() const {
    const std::lock_guard lock(mutex_);
    return running_;
}

int WorkPool::capacity() const {
    const auto usual = usual_duration_.value();
    if (!usual || *usual >= short_duration) return wanted_;
    // About 50 ms of work for every thread.
    const auto buffer = wanted_ * (50ms / std::max(*usual, std::chrono::nanoseconds(1us)));
    return wanted_ + static_cast<int>(std::min<std::int64_t>(buffer, largest_buffer));
}

int WorkPool::room_locked() const {
    if (draining_) return 0;
    return std::max(0, capacity() - running_ - reserved_ - static_cast<int>(queue_.size()));
}

int WorkPool::worthwhile_room_locked() const {
    const int room = room_locked();
    // In small helpings a claim costs more than it brings: it passes over all that is held already.
    const bool too_little = capacity() > wanted_ && room < std::min(capacity() / 2, largest_claim);
    full_ = room == 0 || too_little;
    return too_little ? 0 : std::min(room, largest_claim);
}

int WorkPool::room() const {
    const std::lock_guard lock(mutex_);
    return worthwhile_room_locked();
}

int WorkPool::reserve_room() {
    const std::lock_guard lock(mutex_);
    const int room = worthwhile_room_locked();
    reserved_ += room;
    return room;
}

void WorkPool::on_room(std::function<void()> callback) { on_room_ = std::move(callback); }

void WorkPool::add(std::vector<ports::ClaimedJob> jobs, int reserved) {
    const auto now = std::chrono::steady_clock::now();
    for (auto& job : jobs) {
        // Held from the claim on, so that a job which waits for a thread keeps its lease.
        (void)leases_.hold(job.lease);
    }
    {
        const std::lock_guard lock(mutex_);
        reserved_ -= reserved;
        for (auto& job : jobs) queue_.push_back({.job = std::move(job), .since = now});
    }
    if (!jobs.empty()) changed_.notify_all();
}

void WorkPool::continue_with(ports::ClaimedJob job) {
    (void)leases_.hold(job.lease);
    {
        const std::lock_guard lock(mutex_);
        // Before those that were not begun: what is under way ends first.
        queue_.push_front({.job = std::move(job), .since = std::chrono::steady_clock::now()});
    }
    changed_.notify_one();
}

std::optional<ports::ClaimedJob> WorkPool::take(const std::stop_token& stop, int index) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [&] { return !queue_.empty() || index >= wanted_; });
    if (index >= wanted_ || stop.stop_requested()) {
        alive_[static_cast<std::size_t>(index)] = false;
        return std::nullopt;
    }
    auto job = std::move(queue_.front().job);
    queue_.pop_front();
    ++running_;
    return job;
}

void WorkPool::work(const std::stop_token& stop, int index) {
    while (auto job = take(stop, index)) {
        const auto before = std::chrono::steady_clock::now();
        run(*std::move(job));
        const auto duration = std::chrono::steady_clock::now() - before;
        bool idle = false;
        {
            const std::lock_guard lock(mutex_);
            usual_duration_.note(duration);
            idle = --running_ == 0;
        }
        if (idle) changed_.notify_all();
        if (full_.exchange(false) && on_room_) on_room_();
    }
}

void WorkPool::run(ports::ClaimedJob job) {
    const auto held = leases_.hold(job.lease);
    if (draining_) return give_back({job.lease});
    auto transition = runner_.evaluate(job, {.stop = held->stop.get_token(),
                                             .cancel_requested = held->cancel_requested,
                                             .draining = draining_,
                                             .patience = patience(),
                                             .keep_next = true});
    if (!transition) return leases_.release(job.lease);
    completer_.add({.job = std::move(job), .transition = *std::move(transition)});
}

base::Milliseconds WorkPool::patience() const {
    const std::lock_guard lock(mutex_);
    const int free = wanted_ - running_ - static_cast<int>(queue_.size());
    return free * 4 > wanted_ ? idle_patience : base::Milliseconds{0};
}

void WorkPool::give_back(const std::vector<ports::Lease>& leases) {
    if (leases.empty()) return;
    (void)ports_.jobs.give_back(leases, ports_.clock.now());
    for (const auto& lease : leases) leases_.release(lease);
}

std::vector<ports::Lease> WorkPool::unqueue(std::chrono::steady_clock::duration age) {
    const auto now = std::chrono::steady_clock::now();
    std::vector<ports::Lease> leases;
    const std::lock_guard lock(mutex_);
    std::erase_if(queue_, [&](const Queued& queued) {
        if (now - queued.since < age) return false;
        leases.push_back(queued.job.lease);
        return true;
    });
    return leases;
}

void WorkPool::renew() {
    give_back(unqueue(longest_wait));
    leases_.renew();
}

void WorkPool::drain(base::Milliseconds grace, base::Milliseconds limit) {
    draining_ = true;
    const auto deadline = std::chrono::steady_clock::now() + limit;
    const auto left = [&] {
        return std::max(base::Milliseconds{0}, std::chrono::duration_cast<base::Milliseconds>(
                                                   deadline - std::chrono::steady_clock::now()));
    };
    give_back(unqueue({}));
    {
        const auto idle = [this] { return running_ == 0; };
        std::unique_lock lock(mutex_);
        if (!changed_.wait_for(lock, std::min(grace, left()), idle)) {
            lock.unlock();
            leases_.stop_all();
            lock.lock();
            changed_.wait_for(lock, left(), idle);
        }
    }
    (void)completer_.flush(left());
    // A step that was kept for this worker while its predecessor was being written.
    give_back(unqueue({}));
    leases_.give_back_all();
}

}  // namespace hatchery::engine
