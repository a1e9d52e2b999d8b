#include "engine/pool_scaler.hpp"

#include "base/log.hpp"
#include "core/retry.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// No setting: the process that leads waits for it, and its watch over the pool with it. A program
/// that takes longer leaves its work to another one and ends.
constexpr auto command_limit = 30s;
constexpr core::RetryPolicy patience{.first_delay = base::Milliseconds{5'000},
                                     .max_delay = base::Milliseconds{300'000}};

}  // namespace

void PoolScaler::tick(int workers, const std::stop_token& stop) {
    if (!settings_.scale || done_ == workers) return;
    // Another number than the one that failed is tried at once.
    if (failed_ == workers && ports_.clock.now() < again_at_) return;
    const auto result = settings_.scale(workers, base::Call::within(command_limit, stop));
    if (stop.stop_requested()) return;
    if (result) {
        base::log_event(base::LogLevel::info, "pool_scaled", {{"workers", workers}});
        done_ = workers;
        failed_.reset();
        failures_ = 0;
        return;
    }
    failed_ = workers;
    ++failures_;
    done_.reset();
    const auto delay =
        core::retry_delay(patience, failures_, result.error(), ports_.random.next_unit());
    again_at_ = ports_.clock.now() + delay;
    base::log_event(base::LogLevel::warning, "scale_command_failed",
                    {{"workers", workers},
                     {"failures", failures_},
                     {"again_in_ms", static_cast<long>(delay.count())},
                     {"message", result.error().message}});
}

}  // namespace hatchery::engine
