#include "api/outside_gate.hpp"

#include <algorithm>
#include <iterator>

namespace hatchery::api {

namespace {

/// Waiters woken for one free slot: more than one, because a woken request may have lost its
/// connection meanwhile and would leave the slot to nobody.
constexpr std::size_t woken_at_once = 4;

}  // namespace

OutsideGate::Pass OutsideGate::try_enter() {
    const auto give_back = [](OutsideGate* gate) { gate->leave(); };
    const std::lock_guard lock(mutex_);
    if (free_ == 0) return {nullptr, give_back};
    --free_;
    return {this, give_back};
}

void OutsideGate::wait(std::function<void()> wake) {
    {
        const std::lock_guard lock(mutex_);
        if (free_ == 0) {
            waiting_.push_back(std::move(wake));
            return;
        }
    }
    wake();
}

void OutsideGate::leave() {
    std::vector<std::function<void()>> woken;
    {
        const std::lock_guard lock(mutex_);
        ++free_;
        const auto count = static_cast<std::ptrdiff_t>(std::min(waiting_.size(), woken_at_once));
        std::move(waiting_.begin(), waiting_.begin() + count, std::back_inserter(woken));
        waiting_.erase(waiting_.begin(), waiting_.begin() + count);
    }
    for (const auto& wake : woken) wake();
}

}  // namespace hatchery::api
