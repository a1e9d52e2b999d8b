#include "engine/queue_watch.hpp"

#include <algorithm>

#include "base/json_value.hpp"
#include "base/log.hpp"
#include "core/blocked_reason.hpp"

namespace hatchery::engine {

namespace {

using base::LogLevel;

/// Pages of jobs that are marked at one look at most.
constexpr int most_pages = 40;

/// Processes that what runs at the moment keeps busy, were each to use all of its threads.
int busy_processes(const core::QueueStatus& status) {
    if (status.slots == 0) return 0;
    return (status.busy * status.workers + status.slots - 1) / status.slots;
}

/// Whether it is time, also after the clock was set back.
bool is_due(base::TimePoint now, base::TimePoint next, base::Milliseconds every) {
    return now >= next || next - now > every;
}

base::Json object_of(const std::string& text) {
    auto parsed = base::parse_json(text);
    return parsed && parsed->is_object() ? *std::move(parsed) : base::Json::object();
}

}  // namespace

QueueWatch::QueueWatch(const PoolPorts& ports, const PoolSettings& settings)
    : ports_(ports), settings_(settings) {}

void QueueWatch::begin_anew() {
    pool_ = {};
    alarms_ = {};
    desired_.reset();
    unmet_.clear();
    for (const auto& [kind, name] : base::EnumNames<core::AlarmKind>::names) {
        if (!core::is_of_queue(kind)) continue;
        ports_.metrics
            .gauge("hatchery_alarm_raised", "Whether the alarm is raised; told by one process.",
                   {{"kind", std::string(name)}})
            .set(0);
    }
}

void QueueWatch::tick(const std::stop_token& stop) {
    const auto now = ports_.clock.now();
    if (is_due(now, next_count_, settings_.count_every)) {
        next_count_ = now + settings_.count_every;
        count();
    }
    if (stop.stop_requested() || !is_due(now, next_match_, settings_.match_every)) return;
    next_match_ = now + settings_.match_every;
    match();
    const auto dropped = ports_.registry.drop_silent(now - core::silent_row_kept);
    if (!dropped) log_failure("drop_silent_workers", dropped.error());
}

void QueueWatch::count() {
    const auto now = ports_.clock.now();
    auto status = ports_.queue.count(now, now - core::heartbeat_limit);
    if (!status) return log_failure("count_queue", status.error());
    // A new leader takes the pool as it is, or as the one before it wanted it: where all processes
    // start anew, the first of them does not see the others yet.
    if (pool_.workers == 0) pool_.workers = std::max(status->workers, status->desired_workers);
    pool_ = core::pool_size(
        settings_.processes, pool_,
        {.at = now, .pending = status->due, .busy_workers = busy_processes(*status)});
    if (desired_ != pool_.workers) {
        base::log_event(
            LogLevel::info, "pool_desired",
            {{"workers", pool_.workers}, {"alive", status->workers}, {"due", status->due}});
    }
    desired_ = pool_.workers;
    status->desired_workers = pool_.workers;
    if (const auto published = ports_.queue.publish(*status); !published) {
        log_failure("publish_queue", published.error());
    }
    watch_alarms(*status);
}

void QueueWatch::watch_alarms(const core::QueueStatus& status) {
    const auto raised = ports_.alarms.raised();
    if (!raised) return log_failure("read_alarms", raised.error());
    auto changes = core::decide_alarms(settings_.alarms, std::move(alarms_), *raised, status);
    alarms_ = std::move(changes.memory);
    const auto gauge = [&](core::AlarmKind kind) -> base::Gauge& {
        return ports_.metrics.gauge("hatchery_alarm_raised",
                                    "Whether the alarm is raised; told by one process.",
                                    {{"kind", std::string(base::to_text(kind))}});
    };
    for (const auto kind : *raised) gauge(kind).set(1);
    for (const auto& alarm : changes.raise) {
        const auto done = ports_.alarms.raise(alarm, status.at);
        if (!done) return log_failure("raise_alarm", done.error());
        gauge(alarm.kind).set(1);
        base::log_event(LogLevel::error, "alarm_raised",
                        {{"kind", base::to_text(alarm.kind)},
                         {"cause", alarm.cause},
                         {"next", alarm.next_action}});
    }
    for (const auto kind : changes.clear) {
        const auto done = ports_.alarms.clear(kind, {}, status.at);
        if (!done) return log_failure("clear_alarm", done.error());
        gauge(kind).set(0);
        base::log_event(LogLevel::info, "alarm_cleared", {{"kind", base::to_text(kind)}});
    }
}

void QueueWatch::match() {
    const auto now = ports_.clock.now();
    const auto alive_since = now - core::heartbeat_limit;
    const auto demands = ports_.queue.demands(now, alive_since);
    if (!demands) return log_failure("read_demands", demands.error());
    std::set<std::string> unmet;
    for (const auto& demand : *demands) {
        if (!demand.met) unmet.insert(demand.requirements);
    }
    std::vector<ports::BlockedDemand> blocked;
    if (!unmet.empty()) {
        const auto offers = ports_.queue.offers(alive_since);
        if (!offers) return log_failure("read_offers", offers.error());
        std::vector<base::Json> capabilities;
        for (const auto& offer : *offers) capabilities.push_back(object_of(offer));
        for (const auto& requirements : unmet) {
            if (!unmet_.contains(requirements)) continue;
            auto reason = core::blocked_reason(object_of(requirements), capabilities);
            // A worker that can has come between the two questions.
            if (!reason.empty()) blocked.push_back({requirements, std::move(reason)});
        }
    }
    unmet_ = std::move(unmet);
    mark(blocked);
    const auto released = ports_.queue.release_ending(now);
    if (!released) log_failure("release_ending", released.error());
}

/// Page by page, so that no bot's row is held for long.
void QueueWatch::mark(const std::vector<ports::BlockedDemand>& blocked) {
    int sum = 0;
    for (int page = 0; page < most_pages; ++page) {
        const auto marked = ports_.queue.mark_blocked(blocked, ports_.clock.now());
        if (!marked) return log_failure("mark_blocked", marked.error());
        sum += *marked;
        if (*marked == 0 || blocked.empty()) break;
    }
    if (sum > 0) base::log_event(LogLevel::warning, "jobs_blocked", {{"count", sum}});
}

void QueueWatch::log_failure(std::string_view what, const base::Error& error) {
    base::log_event(LogLevel::warning, "queue_watch_failed",
                    {{"what", what}, {"message", error.message}});
}

}  // namespace hatchery::engine
