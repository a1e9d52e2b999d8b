#include "engine/step_context.hpp"

#include <algorithm>

#include "core/pace.hpp"
#include "engine/alarm_bell.hpp"

namespace hatchery::engine {

StepContext::StepContext(const EnginePorts& engine_ports, const EngineSettings& engine_settings,
                         const ports::ClaimedJob& job, std::stop_token stop,
                         base::Milliseconds patience)
    : ports(engine_ports),
      settings(engine_settings),
      claimed(job),
      progress(base::parse_json(job.job.progress).value_or(base::Json::object())),
      stop_(std::move(stop)),
      patience_(patience),
      late_(std::chrono::duration_cast<base::Milliseconds>(now() - job.job.run_at)) {}

base::Milliseconds StepContext::patience() const {
    return late_ > core::punctual ? base::Milliseconds{0} : patience_;
}

base::Result<base::Secret> StepContext::bot_secret(const char* name) const {
    return ports.fleet.secret(
        {.owner = ports::SecretOwner::bot, .owner_id = bot_id().text(), .name = name});
}

base::Result<void> StepContext::record(std::vector<core::NewEvent> events) {
    auto recorded = ports.jobs.record(claimed.lease, events, base::dump_json(progress));
    if (!recorded) progress_known_ = false;
    return recorded;
}

base::Call StepContext::call(std::chrono::milliseconds limit) const {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        claimed.operation.deadline_at - now());
    const std::chrono::milliseconds least{1};
    return base::Call::within(std::clamp(left, least, std::max(least, limit)), stop_);
}

base::Result<void> StepContext::say(std::string message, core::EventLevel level) {
    return record({line(std::move(message), level)});
}

void StepContext::raise(const core::Alarm& alarm) const { raise_alarm(ports.alarms, alarm, now()); }

core::NewEvent StepContext::line(std::string message, core::EventLevel level) const {
    return {.type = core::EventType::log,
            .level = level,
            .step = claimed.job.step,
            .stream = core::EventStream::engine,
            .message = std::move(message),
            .at = now(),
            .data = {}};
}

core::Waiting StepContext::wait(base::Milliseconds delay, std::string why,
                                std::optional<std::string> signal) const {
    return {.until = now() + delay + core::stretch(late_),
            .signal = std::move(signal),
            .why = std::move(why)};
}

core::StepOutcome failed(base::Error error) { return core::Failed{std::move(error)}; }

}  // namespace hatchery::engine
