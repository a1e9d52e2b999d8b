#pragma once

#include <string>

#include "core/alarms.hpp"
#include "engine/engine_ports.hpp"

namespace hatchery::engine {

/// Raises an alarm, and logs it when it is new. Without a store nobody is told; a store that does
/// not answer is told by the next look, since what is wrong is looked at again and again. Answers
/// whether it is kept.
bool raise_alarm(ports::AlarmStore* alarms, const core::Alarm& alarm, base::TimePoint now);
/// Clears the alarm of this kind about this provider, and logs it when there was one.
void clear_alarm(ports::AlarmStore* alarms, core::AlarmKind kind, const std::string& provider,
                 base::TimePoint now);

}  // namespace hatchery::engine
