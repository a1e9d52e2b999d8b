#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "api/front/event_stream.hpp"
#include "api/front/front.hpp"

namespace hatchery::testing {

/// Waits for a condition that another thread brings about.
template <typename Condition>
bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::yield();
    }
    return true;
}

/// Answers every request with what it saw of it, unless a test says otherwise.
class RecordingHandler final : public api::front::RequestHandler {
public:
    using Answer =
        std::function<api::front::Reply(const api::front::Request&, const std::stop_token&)>;

    static api::front::Reply text(const std::string& body, bool close = false) {
        return {.bytes = "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) +
                         "\r\n\r\n" + body,
                .close = close,
                .stream = {},
                .park = {}};
    }

    api::front::Reply handle(const api::front::Request& request,
                             const std::stop_token& stop) override {
        if (keeps) {
            const std::lock_guard lock(mutex_);
            requests_.push_back(request);
        }
        if (answer) return answer(request, stop);
        return text(request.method + " " + request.target + " [" + request.body + "]");
    }
    void refused(int) override { ++refusals; }

    std::vector<api::front::Request> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

    // Set before the front starts.
    Answer answer;
    /// Whether requests() has them.
    bool keeps = true;
    std::atomic<int> refusals{0};

private:
    mutable std::mutex mutex_;
    std::vector<api::front::Request> requests_;
};

/// A front on a port of its own, with limits small enough to be met in a test.
struct FrontFixture {
    RecordingHandler handler;
    api::front::FrontOptions options;
    std::unique_ptr<api::front::Front> front;

    std::uint16_t start() {
        options.worker_threads = std::min(options.worker_threads, 4);
        front = api::front::make_front(options, handler);
        const auto started = front->start();
        if (!started) throw std::runtime_error(started.error().message);
        return front->port(0);
    }
};

}  // namespace hatchery::testing
