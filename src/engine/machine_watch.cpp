#include "engine/machine_watch.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "engine/alarm_bell.hpp"
#include "ports/allocation_id.hpp"

namespace hatchery::engine {

void MachineWatch::tick() {
    const auto all = ports_.allocations.list();
    if (!all) {
        return base::log_event(
            base::LogLevel::warning, "machine_watch_failed",
            {{"kind", base::to_text(all.error().kind)}, {"message", all.error().message}});
    }
    const auto now = ports_.clock.now();
    std::vector<ports::Allocation> stuck;
    std::ranges::copy_if(*all, std::back_inserter(stuck), [&](const ports::Allocation& one) {
        return one.wiping_since && now - *one.wiping_since >= wipe_patience;
    });
    if (stuck.empty()) {
        return clear_alarm(&ports_.alarms, core::AlarmKind::machine_not_wiped, core::own_machines,
                           now);
    }
    const auto& first = stuck.front();
    raise_alarm(&ports_.alarms,
                core::machine_not_wiped(first.facts.machine, ports::allocation_id(first),
                                        first.trouble, stuck.size() - 1),
                now);
}

}  // namespace hatchery::engine
