#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/engine_metrics.hpp"
#include "engine/held_leases.hpp"
#include "ports/job_store.hpp"

namespace hatchery::engine {

/// Writes what runs came to, as many at once as have gathered while the last were being written:
/// an idle engine writes each at once, a busy one many with a single commit. A job stays leased
/// until its result is written. Thread-safe.
class Completer {
public:
    /// Takes the next job of an operation that stays with this worker.
    using OnNext = std::function<void(ports::ClaimedJob)>;
    /// Called after each write, by the thread that wrote.
    using OnWritten = std::function<void(std::size_t count)>;

    Completer(const EnginePorts& ports, HeldLeases& leases, OnNext on_next)
        : ports_(ports), leases_(leases), on_next_(std::move(on_next)), metrics_(ports.metrics) {}

    void start();
    void on_written(OnWritten callback) { on_written_ = std::move(callback); }
    void add(ports::Completion completion);
    /// Blocks until everything that was added is written or given up, or `limit` has passed.
    /// False when something is left.
    [[nodiscard]] bool flush(base::Milliseconds limit);

private:
    void work(const std::stop_token& stop);
    [[nodiscard]] std::vector<ports::Completion> next_batch(const std::stop_token& stop);
    [[nodiscard]] bool is_worthwhile() const;
    void write(std::vector<ports::Completion> batch, const std::stop_token& stop);
    [[nodiscard]] bool try_again_later(const ports::Completion& completion,
                                       const base::Result<ports::Applied>& applied) const;

    const EnginePorts& ports_;
    HeldLeases& leases_;
    OnNext on_next_;
    EngineMetrics metrics_;
    OnWritten on_written_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    /// In batches, each as large as one write may be but for the last.
    std::deque<std::vector<ports::Completion>> waiting_;
    int writing_ = 0;
    std::vector<std::jthread> threads_;
};

}  // namespace hatchery::engine
