#include "engine/alarm_bell.hpp"

#include "base/log.hpp"

namespace hatchery::engine {

bool raise_alarm(ports::AlarmStore* alarms, const core::Alarm& alarm, base::TimePoint now) {
    if (alarms == nullptr) return false;
    const auto raised = alarms->raise(alarm, now);
    if (raised && *raised) {
        base::log_event(base::LogLevel::warning, "alarm_raised",
                        {{"kind", base::to_text(alarm.kind)}, {"cause", alarm.cause}});
    }
    return raised.has_value();
}

void clear_alarm(ports::AlarmStore* alarms, core::AlarmKind kind, const std::string& provider,
                 base::TimePoint now) {
    if (alarms == nullptr) return;
    const auto cleared = alarms->clear(kind, provider, now);
    if (!cleared || !*cleared) return;
    base::log_event(base::LogLevel::info, "alarm_cleared",
                    {{"kind", base::to_text(kind)}, {"provider", provider}});
}

}  // namespace hatchery::engine
