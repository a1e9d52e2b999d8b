#pragma once

#include <chrono>
#include <functional>

namespace hatchery::base {

using SteadyTime = std::chrono::steady_clock::time_point;

/// Monotonic time, which bounds calls and measures durations: the machine's, unless this thread
/// has a SteadyTimeScope. Thread-safe.
[[nodiscard]] SteadyTime steady_now();

/// While it lives, monotonic time on this thread comes from `source`: the simulation has only one
/// clock. Scopes may be nested; each ends on the thread that it began on.
class SteadyTimeScope {
public:
    explicit SteadyTimeScope(std::function<SteadyTime()> source);
    ~SteadyTimeScope();
    SteadyTimeScope(const SteadyTimeScope&) = delete;
    SteadyTimeScope& operator=(const SteadyTimeScope&) = delete;

private:
    std::function<SteadyTime()> source_;
    const std::function<SteadyTime()>* outer_;
};

}  // namespace hatchery::base
