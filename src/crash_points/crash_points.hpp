#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include "base/ids.hpp"

namespace hatchery::crash_points {

/// Where to die, and what to tell about the way there; docs/crash-matrix.md has the variables.
struct CrashSettings {
    /// HATCHERY_CRASH_AT: the one point to die at; empty for none.
    std::string at;
    /// HATCHERY_CRASH_LOG: every passed point is appended to this file.
    std::string log_path;
    /// HATCHERY_CRASH_ONCE: dies at every point that this file does not hold yet.
    std::string once_path;
    /// HATCHERY_CRASH_IN: points of other steps than this are passed by; empty for all.
    std::string only_step;
    /// HATCHERY_CRASH_SIGNAL: `STOP` freezes the process instead, until it gets a SIGCONT and goes
    /// on from the point.
    bool freeze = false;

    [[nodiscard]] static CrashSettings from_environment();
};

/// The named points between port calls, at each of which this process may be made to die as by
/// `kill -9`. A point is `STEP/PORT.METHOD(DETAIL):before` or `:after`, with `#2` and `#3` for the
/// second and any later time within one run of the step. Thread-safe.
class CrashPoints {
public:
    explicit CrashPoints(CrashSettings settings);

    /// This thread runs the step now, from its first line on.
    void begin_run(std::string_view step);
    /// Jobs whose writes may come from another thread than the one that ran them.
    void learn(const base::JobId& job, std::string_view step);

    /// Passes the point of the step that this thread runs, or dies there.
    void pass(std::string_view call, std::string_view when);
    /// The same for a write that names its job.
    void pass(const base::JobId& job, std::string_view call, std::string_view when);

private:
    void pass_of(const std::string& step, std::string_view call, std::string_view when);
    void die_once(const std::string& point);
    void die() const;

    CrashSettings settings_;
    std::atomic<bool> at_passed_{false};
    std::mutex mutex_;
    std::set<std::string, std::less<>> passed_;
    std::map<base::JobId, std::string> steps_;
};

/// Calls `inner` between the two points of an effectful call.
template <typename Call>
auto around(CrashPoints& points, std::string_view call, Call&& inner) {
    points.pass(call, "before");
    auto result = inner();
    points.pass(call, "after");
    return result;
}

}  // namespace hatchery::crash_points
