#include "sandbox/telegram/sandbox_clock.hpp"

#include <utility>

namespace hatchery::sandbox {
namespace {

class MachineClock final : public SandboxClock {
public:
    [[nodiscard]] base::TimePoint now() const override {
        return std::chrono::time_point_cast<base::TimePoint::duration>(
            std::chrono::system_clock::now());
    }
    int subscribe(std::function<void()> /*on_jump*/) override { return 0; }
    void unsubscribe(int /*subscription*/) override {}
};

}  // namespace

std::shared_ptr<SandboxClock> SandboxClock::system() {
    static const auto clock = std::make_shared<MachineClock>();
    return clock;
}

base::TimePoint ManualClock::now() const {
    const std::scoped_lock lock(mutex_);
    return now_;
}

int ManualClock::subscribe(std::function<void()> on_jump) {
    const std::scoped_lock lock(listeners_mutex_);
    listeners_.emplace(++last_subscription_, std::move(on_jump));
    return last_subscription_;
}

void ManualClock::unsubscribe(int subscription) {
    const std::scoped_lock lock(listeners_mutex_);
    listeners_.erase(subscription);
}

void ManualClock::advance(std::chrono::milliseconds by) {
    {
        const std::scoped_lock lock(mutex_);
        now_ += by;
    }
    const std::scoped_lock lock(listeners_mutex_);
    for (const auto& [subscription, on_jump] : listeners_) {
        on_jump();
    }
}

}  // namespace hatchery::sandbox
