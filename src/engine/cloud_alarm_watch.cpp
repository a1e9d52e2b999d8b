#include "engine/cloud_alarm_watch.hpp"

#include <array>

#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "engine/alarm_bell.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using core::AlarmKind;

/// What raises one of these again is the next refusal, or the next server that is gone.
constexpr auto passing =
    std::to_array({AlarmKind::cloud_quota, AlarmKind::cost_ceiling, AlarmKind::server_vanished,
                   AlarmKind::project_foreign, AlarmKind::server_stays_off});
constexpr auto stands_for = 1h;

}  // namespace

void CloudAlarmWatch::tick() {
    if (ports_.alarms == nullptr) return;
    judge_unconfigured();
    clear_old();
}

void CloudAlarmWatch::judge_unconfigured() {
    if (ports_.ledger == nullptr) return;
    const auto billed = ports_.ledger->servers_billed();
    if (!billed) return;
    const auto now = ports_.clock.now();
    bool all_kept = true;
    for (const auto& [provider, servers] : *billed) {
        if (ports_.clouds.contains(provider)) continue;
        all_kept =
            raise_alarm(ports_.alarms, core::provider_missing(provider, servers), now) && all_kept;
    }
    // One that could not be said to be so still is not one that is over.
    if (all_kept) clear_unseen(AlarmKind::provider_missing, now);
}

void CloudAlarmWatch::clear_old() {
    const auto now = ports_.clock.now();
    for (const auto kind : passing) clear_unseen(kind, now - stands_for);
}

void CloudAlarmWatch::clear_unseen(AlarmKind kind, base::TimePoint seen_before) {
    const auto cleared = ports_.alarms->clear_unseen(kind, seen_before, ports_.clock.now());
    if (!cleared || *cleared == 0) return;
    base::log_event(base::LogLevel::info, "alarm_cleared", {{"kind", base::to_text(kind)}});
}

}  // namespace hatchery::engine
