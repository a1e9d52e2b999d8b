#include "crash_points/crash_points.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>

namespace hatchery::crash_points {

namespace {

/// Names of more repetitions than this within one run are the same point.
constexpr int most_repetitions = 3;
/// Jobs whose step is remembered; a test has fewer.
constexpr std::size_t most_jobs = 10'000;

/// What this thread runs. Calls of threads that run no step are the engine's own.
struct Run {
    std::string step = "engine";
    std::map<std::string, int, std::less<>> times;
};
thread_local Run this_run;

std::string variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? "" : value;
}

/// One write, so that lines of several processes do not mix; what is written survives the kill.
void append_line(const std::string& path, const std::string& line) {
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (file < 0) return;
    const std::string text = line + "\n";
    [[maybe_unused]] const ssize_t written = write(file, text.data(), text.size());
    close(file);
}

}  // namespace

CrashSettings CrashSettings::from_environment() {
    return {.at = variable("HATCHERY_CRASH_AT"),
            .log_path = variable("HATCHERY_CRASH_LOG"),
            .once_path = variable("HATCHERY_CRASH_ONCE"),
            .only_step = variable("HATCHERY_CRASH_IN"),
            .freeze = variable("HATCHERY_CRASH_SIGNAL") == "STOP"};
}

CrashPoints::CrashPoints(CrashSettings settings) : settings_(std::move(settings)) {
    if (settings_.once_path.empty()) return;
    std::ifstream file(settings_.once_path);
    for (std::string line; std::getline(file, line);) passed_.insert(line);
}

void CrashPoints::begin_run(std::string_view step) {
    this_run.step = step;
    this_run.times.clear();
}

void CrashPoints::learn(const base::JobId& job, std::string_view step) {
    const std::lock_guard lock(mutex_);
    if (steps_.size() >= most_jobs) steps_.clear();
    steps_[job] = step;
}

void CrashPoints::pass(std::string_view call, std::string_view when) {
    pass_of(this_run.step, call, when);
}

void CrashPoints::pass(const base::JobId& job, std::string_view call, std::string_view when) {
    std::string step = this_run.step;
    {
        const std::lock_guard lock(mutex_);
        if (const auto known = steps_.find(job); known != steps_.end()) step = known->second;
    }
    pass_of(step, call, when);
}

void CrashPoints::pass_of(const std::string& step, std::string_view call, std::string_view when) {
    std::string point = fmt::format("{}/{}:{}", step, call, when);
    // The engine's own threads repeat their calls for ever; each is one point.
    if (step != "engine") {
        const int times = std::min(++this_run.times[point], most_repetitions);
        if (times > 1) point += fmt::format("#{}", times);
    }
    if (!settings_.log_path.empty()) append_line(settings_.log_path, point);
    if (!settings_.only_step.empty() && step != settings_.only_step) return;
    // A frozen process that goes on may come by once more, and is not to be frozen again.
    if (point == settings_.at && !at_passed_.exchange(true)) die();
    if (!settings_.once_path.empty()) die_once(point);
}

void CrashPoints::die_once(const std::string& point) {
    // Held until the end: no other thread gets past a point once this one is to be the last.
    const std::lock_guard lock(mutex_);
    if (!passed_.insert(point).second) return;
    append_line(settings_.once_path, point);
    die();
}

void CrashPoints::die() const {
    // Sent to this very thread, the stop takes effect before the call returns.
    if (settings_.freeze) {
        raise(SIGSTOP);
        return;
    }
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

}  // namespace hatchery::crash_points
