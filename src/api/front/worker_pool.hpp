#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <stop_token>
#include <thread>
#include <vector>

namespace hatchery::api::front {

/// A fixed number of threads with a bounded queue before them. Thread-safe.
class WorkerPool {
public:
    using Task = std::function<void()>;

    WorkerPool(int threads, std::size_t queue_limit);
    ~WorkerPool();
    WorkerPool(const WorkerPool&) = delete;
    WorkerPool& operator=(const WorkerPool&) = delete;

    /// False when the queue is full or the pool has stopped; the task is then not run.
    [[nodiscard]] bool post(Task task);
    /// Ends the threads after the tasks they are running; what is queued is dropped.
    void stop();

private:
    void run();

    const std::size_t queue_limit_;
    std::mutex mutex_;
    std::condition_variable work_;
    std::deque<Task> queue_;
    bool stopping_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace hatchery::api::front
