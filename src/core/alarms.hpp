#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "core/queue_status.hpp"

namespace hatchery::core {

enum class AlarmKind : std::uint8_t {
    queue_deep,         ///< more due jobs than the threshold
    pool_at_maximum,    ///< everything that may work works, and jobs still wait
    oldest_job,         ///< a due job has waited for longer than the threshold
    no_worker,          ///< no live process takes jobs
    long_transaction,   ///< an open transaction keeps PostgreSQL from cleaning up
    unpaid_bots_kept,   ///< nobody pays for servers that are kept since there is no back-up
    server_vanished,    ///< a provider no longer has servers that we use
    strays_kept,        ///< a provider bills what nobody uses, and it is not destroyed
    cloud_quota,        ///< a provider allows no more servers
    cost_ceiling,       ///< nothing is created, since it would cost more than the operator allows
    provider_missing,   ///< servers are billed by a provider that is not configured any more
    project_foreign,    ///< a provider's token does not prove to be of the project with our servers
    server_stays_off,   ///< servers in use are off, and switching them on does not help
    machine_not_wiped,  ///< one of the operator's own machines was given back and is not clean
};

struct AlarmPolicy {
    int queue_depth = 100;
    std::chrono::seconds oldest_job{300};
    std::chrono::seconds oldest_transaction{600};
    /// The most processes of the pool; see PoolPolicy.
    int max_workers = 50;
    /// How long a condition must be gone before its alarm is cleared.
    base::Milliseconds clear_after{30'000};
};

/// One condition that holds: a sentence of cause and one of what to do.
struct Alarm {
    AlarmKind kind = AlarmKind::queue_deep;
    std::string cause;
    std::string next_action;
    /// The provider that it is about; empty when it is about none. One is raised of each kind and
    /// subject.
    std::string subject = {};
};

/// Whether the count of the queue decides on the alarm; others are somebody else's.
[[nodiscard]] bool is_of_queue(AlarmKind kind);

/// The alarm for bots that are kept beyond the retention time; see core/subscription.hpp.
[[nodiscard]] Alarm unpaid_bots_kept(std::int64_t bots, std::int64_t users);

/// The conditions that hold at the moment of this status. Pure.
[[nodiscard]] std::vector<Alarm> conditions(const AlarmPolicy& policy, const QueueStatus& status);

/// How long a condition must hold before it is an alarm.
[[nodiscard]] base::Milliseconds raise_after(AlarmKind kind);

/// Since when conditions hold, and since when those of raised alarms are gone.
struct AlarmMemory {
    std::map<AlarmKind, base::TimePoint> holding_since;
    std::map<AlarmKind, base::TimePoint> gone_since;
};

struct AlarmChanges {
    AlarmMemory memory;
    std::vector<Alarm> raise;
    std::vector<AlarmKind> clear;
};

/// What follows from the conditions at this moment, given the alarms that are raised. Pure.
[[nodiscard]] AlarmChanges decide_alarms(const AlarmPolicy& policy, AlarmMemory memory,
                                         const std::vector<AlarmKind>& raised,
                                         const QueueStatus& status);

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::AlarmKind> {
    using E = hatchery::core::AlarmKind;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::queue_deep, "queue_deep"},
         {E::pool_at_maximum, "pool_at_maximum"},
         {E::oldest_job, "oldest_job"},
         {E::no_worker, "no_worker"},
         {E::long_transaction, "long_transaction"},
         {E::unpaid_bots_kept, "unpaid_bots_kept"},
         {E::server_vanished, "server_vanished"},
         {E::strays_kept, "strays_kept"},
         {E::cloud_quota, "cloud_quota"},
         {E::cost_ceiling, "cost_ceiling"},
         {E::provider_missing, "provider_missing"},
         {E::project_foreign, "project_foreign"},
         {E::server_stays_off, "server_stays_off"},
         {E::machine_not_wiped, "machine_not_wiped"}});
};
