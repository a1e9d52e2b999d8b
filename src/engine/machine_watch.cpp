#include "engine/machine_watch.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "ports/allocation_id.hpp"

namespace hatchery::engine {

namespace {

using base::LogLevel;

void log_failure(std::string_view what, const base::Error& error) {
    base::log_event(
        LogLevel::warning, "machine_watch_failed",
        {{"what", what}, {"kind", base::to_text(error.kind)}, {"message", error.message}});
}

}  // namespace

void MachineWatch::tick() {
    const auto all = ports_.allocations.list();
    if (!all) return log_failure("list_allocations", all.error());
    const auto now = ports_.clock.now();
    std::vector<ports::Allocation> stuck;
    std::ranges::copy_if(*all, std::back_inserter(stuck), [&](const ports::Allocation& one) {
        return one.wiping_since && now - *one.wiping_since >= wipe_patience;
    });
    constexpr auto kind = core::AlarmKind::machine_not_wiped;
    if (stuck.empty()) {
        const auto cleared = ports_.alarms.clear(kind, core::own_machines, now);
        if (!cleared) return log_failure("clear_alarm", cleared.error());
        if (!*cleared) return;
        base::log_event(LogLevel::info, "alarm_cleared", {{"kind", base::to_text(kind)}});
        return;
    }
    const auto& first = stuck.front();
    const auto alarm = core::machine_not_wiped(first.facts.machine, ports::allocation_id(first),
                                               first.trouble, stuck.size() - 1);
    const auto raised = ports_.alarms.raise(alarm, now);
    if (!raised) return log_failure("raise_alarm", raised.error());
    if (!*raised) return;
    base::log_event(
        LogLevel::error, "alarm_raised",
        {{"kind", base::to_text(kind)}, {"cause", alarm.cause}, {"next", alarm.next_action}});
}

}  // namespace hatchery::engine
