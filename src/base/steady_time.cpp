#include "base/steady_time.hpp"

#include <utility>

namespace hatchery::base {

namespace {

thread_local const std::function<SteadyTime()>* thread_source = nullptr;

}  // namespace

SteadyTime steady_now() {
    return thread_source != nullptr ? (*thread_source)() : std::chrono::steady_clock::now();
}

SteadyTimeScope::SteadyTimeScope(std::function<SteadyTime()> source)
    : source_(std::move(source)), outer_(std::exchange(thread_source, &source_)) {}

SteadyTimeScope::~SteadyTimeScope() { thread_source = outer_; }

}  // namespace hatchery::base
