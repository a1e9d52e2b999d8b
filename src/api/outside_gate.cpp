#include "api/outside_gate.hpp"

#include <utility>

namespace hatchery::api {

namespace {

using Waiting = std::map<std::uint64_t, std::function<void()>>;

/// Takes the first out of the line, to be called without the lock; nothing when nobody waits.
std::function<void()> take_first(Waiting& waiting) {
    if (waiting.empty()) return [] {};
    auto first = waiting.extract(waiting.begin());
    return std::move(first.mapped());
}

}  // namespace

OutsideGate::Pass OutsideGate::try_enter() {
    const auto give_back = [](OutsideGate* gate) { gate->leave(); };
    const std::lock_guard lock(mutex_);
    if (free_ == 0) return {nullptr, give_back};
    --free_;
    return {this, give_back};
}

void OutsideGate::Place::wait(std::function<void()> wake) {
    {
        const std::lock_guard lock(gate_.mutex_);
        number_ = ++gate_.last_number_;
        if (gate_.free_ == 0) {
            gate_.waiting_.emplace(number_, std::move(wake));
            return;
        }
    }
    wake();
}

void OutsideGate::leave() {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        ++free_;
        wake = take_first(waiting_);
    }
    wake();
}

void OutsideGate::give_up(std::uint64_t number) {
    std::function<void()> wake;
    {
        const std::lock_guard lock(mutex_);
        // Not in line any more, he was woken: whether he entered, was too late, or never heard of
        // it, a slot that is free now is the next one's.
        if (waiting_.erase(number) > 0 || free_ == 0) return;
        wake = take_first(waiting_);
    }
    wake();
}

}  // namespace hatchery::api
