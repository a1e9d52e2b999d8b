#include "core/alarms.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hatchery::core {

namespace {

using namespace std::chrono_literals;

bool all_threads_work(const QueueStatus& status) {
    return status.workers > 0 && status.slots >= status.max_slots &&
           status.busy >= status.max_slots;
}

bool all_processes_run(const AlarmPolicy& policy, const QueueStatus& status) {
    return status.workers >= policy.max_workers && status.desired_workers >= policy.max_workers;
}

Alarm queue_deep(const AlarmPolicy& policy, const QueueStatus& status) {
    return {.kind = AlarmKind::queue_deep,
            .cause = fmt::format("{} jobs are due and wait for a worker; the limit is {}.",
                                 status.due, policy.queue_depth),
            .next_action =
                "See with `hatchery workers` whether all of them work, and start "
                "another `hatchery worker`."};
}

Alarm pool_at_maximum(const QueueStatus& status) {
    return {.kind = AlarmKind::pool_at_maximum,
            .cause = all_threads_work(status)
                         ? fmt::format("All {} threads of {} {} work, and {} due jobs still wait.",
                                       status.max_slots, status.workers,
                                       status.workers == 1 ? "worker" : "workers", status.due)
                         : fmt::format("All {} worker processes that may run do, and {} due jobs "
                                       "still wait.",
                                       status.workers, status.due),
            .next_action =
                "Start another `hatchery worker`, or raise HATCHERY_WORKERS_MAX or "
                "HATCHERY_POOL_MAX."};
}

Alarm oldest_job(const QueueStatus& status) {
    return {.kind = AlarmKind::oldest_job,
            .cause = fmt::format("The oldest due job has waited for {} for a worker.",
                                 base::format_duration(oldest_age(status))),
            .next_action = "`hatchery operations --stuck` names it and says why."};
}

Alarm no_worker() {
    return {.kind = AlarmKind::no_worker,
            .cause = "No live worker takes jobs, so nothing is deployed, stopped or destroyed.",
            .next_action =
                "Start `hatchery worker` or `hatchery serve`, and look at the last "
                "lines of the ones that ended."};
}

Alarm long_transaction(const QueueStatus& status) {
    return {.kind = AlarmKind::long_transaction,
            .cause = fmt::format("A transaction has been open in the database for {}, which slows "
                                 "every job down.",
                                 base::format_duration(status.oldest_transaction)),
            .next_action =
                "Find it in pg_stat_activity by its xact_start and end it with "
                "pg_terminate_backend."};
}

/// Remembers since when; answers whether it has been long enough.
bool held_for(std::map<AlarmKind, base::TimePoint>& since, AlarmKind kind, base::TimePoint now,
              base::Milliseconds limit) {
    const auto begin = since.emplace(kind, now).first;
    // A clock that was set back begins anew.
    if (begin->second > now) begin->second = now;
    return now - begin->second >= limit;
}

}  // namespace

bool is_of_queue(AlarmKind kind) {
    switch (kind) {
        case AlarmKind::queue_deep:
        case AlarmKind::pool_at_maximum:
        case AlarmKind::oldest_job:
        case AlarmKind::no_worker:
        case AlarmKind::long_transaction:
            return true;
        case AlarmKind::unpaid_bots_kept:
        case AlarmKind::server_vanished:
        case AlarmKind::strays_kept:
        case AlarmKind::cloud_quota:
        case AlarmKind::cost_ceiling:
        case AlarmKind::provider_missing:
        case AlarmKind::project_foreign:
        case AlarmKind::server_stays_off:
        case AlarmKind::machine_not_wiped:
            return false;
    }
    return false;
}

Alarm unpaid_bots_kept(std::int64_t bots, std::int64_t users) {
    return {
        .kind = AlarmKind::unpaid_bots_kept,
        .cause = fmt::format(
            "{} stopped {} of {} expired {} beyond the retention time: without a back-up none "
            "is destroyed, and the servers cost money.",
            bots, bots == 1 ? "bot" : "bots", users,
            users == 1 ? "subscription is kept" : "subscriptions are kept"),
        .next_action =
            "`hatchery users list --standing expired` names the users; renew a subscription, or "
            "destroy the bots with `hatchery destroy`."};
}

std::vector<Alarm> conditions(const AlarmPolicy& policy, const QueueStatus& status) {
    std::vector<Alarm> holding;
    if (status.due > policy.queue_depth) holding.push_back(queue_deep(policy, status));
    if (status.due > 0 && (all_threads_work(status) || all_processes_run(policy, status))) {
        holding.push_back(pool_at_maximum(status));
    }
    if (oldest_age(status) > policy.oldest_job) holding.push_back(oldest_job(status));
    if (status.workers == 0) holding.push_back(no_worker());
    if (status.oldest_transaction > policy.oldest_transaction) {
        holding.push_back(long_transaction(status));
    }
    return holding;
}

base::Milliseconds raise_after(AlarmKind kind) {
    switch (kind) {
        case AlarmKind::queue_deep:
            // A burst that is worked off at once is none.
            return 10s;
        case AlarmKind::pool_at_maximum:
            return 60s;
        case AlarmKind::oldest_job:
            // A job that was rescued is claimed again in a moment.
            return 10s;
        case AlarmKind::no_worker:
            // A worker that is restarted is back by then.
            return 30s;
        case AlarmKind::long_transaction:
        case AlarmKind::unpaid_bots_kept:
        case AlarmKind::server_vanished:
        case AlarmKind::strays_kept:
        case AlarmKind::cloud_quota:
        case AlarmKind::cost_ceiling:
        case AlarmKind::provider_missing:
        case AlarmKind::project_foreign:
        case AlarmKind::server_stays_off:
        case AlarmKind::machine_not_wiped:
            return 0s;
    }
    return 0s;
}

AlarmChanges decide_alarms(const AlarmPolicy& policy, AlarmMemory memory,
                           const std::vector<AlarmKind>& raised, const QueueStatus& status) {
    AlarmChanges changes{.memory = std::move(memory), .raise = {}, .clear = {}};
    const auto holding = conditions(policy, status);
    for (const auto& [kind, name] : base::EnumNames<AlarmKind>::names) {
        if (!is_of_queue(kind)) continue;
        const auto found = std::ranges::find(holding, kind, &Alarm::kind);
        const bool is_raised = std::ranges::find(raised, kind) != raised.end();
        if (found != holding.end()) {
            changes.memory.gone_since.erase(kind);
            const bool long_enough =
                held_for(changes.memory.holding_since, kind, status.at, raise_after(kind));
            if (long_enough && !is_raised) changes.raise.push_back(*found);
            continue;
        }
        changes.memory.holding_since.erase(kind);
        if (!is_raised) {
            changes.memory.gone_since.erase(kind);
        } else if (held_for(changes.memory.gone_since, kind, status.at, policy.clear_after)) {
            changes.memory.gone_since.erase(kind);
            changes.clear.push_back(kind);
        }
    }
    return changes;
}

}  // namespace hatchery::core
