#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

#include "base/clock.hpp"

namespace hatchery::sandbox {

/// Where the sandbox reads the time of day. Injectable, so that a test can let a day of webhook
/// retries pass in an instant. Thread-safe.
class SandboxClock : public base::Clock {
public:
    /// Calls `on_jump` whenever the time moves other than by passing. Whoever sleeps towards a
    /// moment of this clock has to look again then. The real clock never jumps.
    /// Returns a number for unsubscribe(), which waits for a running call.
    virtual int subscribe(std::function<void()> on_jump) = 0;
    virtual void unsubscribe(int subscription) = 0;

    /// The machine's own clock.
    static std::shared_ptr<SandboxClock> system();
};

/// A clock that stands still until advance() is called.
class ManualClock final : public SandboxClock {
public:
    explicit ManualClock(base::TimePoint start) : now_(start) {}
    [[nodiscard]] base::TimePoint now() const override;
    int subscribe(std::function<void()> on_jump) override;
    void unsubscribe(int subscription) override;

    void advance(std::chrono::milliseconds by);

private:
    mutable std::mutex mutex_;
    base::TimePoint now_;
    std::mutex listeners_mutex_;
    std::map<int, std::function<void()>> listeners_;
    int last_subscription_ = 0;
};

}  // namespace hatchery::sandbox
