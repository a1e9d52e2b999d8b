#include "engine/completer.hpp"

#include <algorithm>
#include <iterator>

#include "base/log.hpp"
#include "engine/job_runner.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// Two, so that one gathers and prepares while the other's commit is on its way to the disk.
constexpr int writer_threads = 2;
constexpr std::size_t largest_batch = 1'000;
/// While another write is under way, one waits this long for so many results to gather: a statement
/// of a few rows costs as much as one of many.
constexpr std::size_t worthwhile_batch = 64;
constexpr base::Milliseconds gathering_limit = 2ms;
/// Between two tries while the database does not answer.
constexpr base::Milliseconds retry_pause = 200ms;

}  // namespace

void Completer::start() {
    for (int i = 0; i < writer_threads; ++i) {
        threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
    }
}

void Completer::add(ports::Completion completion) {
    bool first = false;
    {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty() || waiting_.back().size() == largest_batch) waiting_.emplace_back();
        auto& batch = waiting_.back();
        batch.push_back(std::move(completion));
        first = batch.size() == 1 || batch.size() == worthwhile_batch;
    }
    // A writer that is at work looks for more by itself.
    if (first) changed_.notify_all();
}

bool Completer::flush(base::Milliseconds limit) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, limit, [this] { return waiting_.empty() && writing_ == 0; });
}

bool Completer::is_worthwhile() const {
    return !waiting_.empty() && waiting_.front().size() >= worthwhile_batch;
}

std::vector<ports::Completion> Completer::next_batch(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, stop, [this] { return !waiting_.empty(); });
    if (writing_ > 0 && !is_worthwhile()) {
        changed_.wait_for(lock, stop, gathering_limit,
                          [this] { return writing_ == 0 || is_worthwhile(); });
    }
    if (waiting_.empty()) return {};
    auto batch = std::move(waiting_.front());
    waiting_.pop_front();
    ++writing_;
    return batch;
}

void Completer::work(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
        auto batch = next_batch(stop);
        const std::size_t count = batch.size();
        if (count == 0) continue;
        write(std::move(batch), stop);
        {
            const std::lock_guard lock(mutex_);
            --writing_;
        }
        changed_.notify_all();
        if (on_written_) on_written_(count);
    }
}

void Completer::write(std::vector<ports::Completion> batch, const std::stop_token& stop) {
    while (true) {
        auto answers = ports_.jobs.apply_all(batch);
        metrics_.batch_applied(answers);
        std::vector<ports::Completion> again;
        for (std::size_t i = 0; i < batch.size(); ++i) {
            if (try_again_later(batch[i], answers[i])) {
                again.push_back(std::move(batch[i]));
                continue;
            }
            auto next = next_after(batch[i].job, std::move(answers[i]));
            // The next one is held before this one is let go, so that a drain sees one of them.
            if (next) on_next_(*std::move(next));
            leases_.release(batch[i].job.lease);
        }
        if (again.empty()) return;
        batch = std::move(again);
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, retry_pause, [] { return false; });
        if (stop.stop_requested()) return;
    }
}

bool Completer::try_again_later(const ports::Completion& completion,
                                const base::Result<ports::Applied>& applied) const {
    // Writing the same again is safe, and cheaper than another run; but once the lease is out, the
    // job is another worker's.
    return !applied && applied.error().kind == base::ErrorKind::unavailable &&
           leases_.stands(completion.job.lease);
}

}  // namespace hatchery::engine
