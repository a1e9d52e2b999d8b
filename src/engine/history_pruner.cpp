#include "engine/history_pruner.hpp"

#include <algorithm>

#include "base/log.hpp"

namespace hatchery::engine {

namespace {

/// Bots of one statement, and events of each, where they are not too much for the time that a
/// statement has: at most 100,000 rows go in one transaction.
constexpr int bots_of_batch = 100;
constexpr int events_of_bot = 1'000;
/// Operations that one statement looks at.
constexpr int operations_of_batch = 1'000;
/// Batches of one tick.
constexpr int batches_of_tick = 20;
constexpr std::chrono::days billing_kept{90};
constexpr int billing_batch = 1'000;

ports::EventRetention retention_of(const core::BillingRules& billing, base::TimePoint now) {
    ports::EventRetention retention;
    std::chrono::days longest{0};
    for (const auto& [name, plan] : billing.plans) {
        retention.keep_since[name] = now - plan.logs_kept;
        longest = std::max(longest, plan.logs_kept);
    }
    // Nobody has paid for these, and nobody says for how long: no shorter than for anybody.
    retention.keep_since_otherwise = now - longest;
    if (billing.default_plan) {
        retention.keep_since_otherwise = retention.keep_since.at(*billing.default_plan);
    }
    return retention;
}

void log_failure(std::string_view what, const base::Error& error) {
    base::log_event(base::LogLevel::warning, "history_pruner_failed",
                    {{"what", what}, {"message", error.message}});
}

}  // namespace

void HistoryPruner::tick(const std::stop_token& stop) {
    if (stop.stop_requested()) return;
    const auto now = ports_.clock.now();
    // Also after the clock was set back.
    const bool due = now >= next_round_ || next_round_ - now > settings_.prune_every;
    if (phase_ == Phase::resting && due) begin_round();
    for (int batch = 0; batch < batches_of_tick && phase_ != Phase::resting; ++batch) {
        if (stop.stop_requested() || !prune_page()) return;
    }
}

void HistoryPruner::begin_round() {
    const auto now = ports_.clock.now();
    next_round_ = now + settings_.prune_every;
    phase_ = Phase::events;
    after_.reset();
    after_operation_.reset();
    pruned_ = 0;
    pruned_operations_ = 0;
    operations_ = operations_of_batch;
    bots_ = bots_of_batch;
    events_each_ = events_of_bot;
    const auto gone = ports_.subscriptions.prune_billing_events(now - billing_kept, billing_batch);
    if (!gone) log_failure("prune_billing_events", gone.error());
}

bool HistoryPruner::prune_page() {
    return phase_ == Phase::events ? prune_events() : prune_operations();
}

bool HistoryPruner::prune_events() {
    const auto done = ports_.subscriptions.prune_events(
        retention_of(settings_.billing, ports_.clock.now()), after_, bots_, events_each_);
    if (!done) {
        log_failure("prune_events", done.error());
        if (done.error().kind == base::ErrorKind::timeout) take_less();
        return false;
    }
    pruned_ += done->events;
    ports_.metrics.counter("hatchery_events_pruned_total", "Events deleted for their age.")
        .add(static_cast<std::uint64_t>(done->events));
    // A page that lost as much as one bot may lose is looked at again, for it may have more.
    if (done->events >= events_each_) return true;
    after_ = done->next;
    if (after_) return true;
    phase_ = Phase::operations;
    if (pruned_ > 0) {
        base::log_event(base::LogLevel::info, "events_pruned", {{"count", pruned_}});
    }
    return true;
}

bool HistoryPruner::prune_operations() {
    const auto done = ports_.subscriptions.prune_operations(
        ports_.clock.now() - settings_.operations_kept, after_operation_, operations_);
    if (!done) {
        log_failure("prune_operations", done.error());
        if (done.error().kind == base::ErrorKind::timeout)
            operations_ = std::max(operations_ / 2, 1);
        return false;
    }
    pruned_operations_ += done->operations;
    ports_.metrics.counter("hatchery_operations_pruned_total", "Operations deleted for their age.")
        .add(static_cast<std::uint64_t>(done->operations));
    after_operation_ = done->next;
    if (after_operation_) return true;
    phase_ = Phase::resting;
    if (pruned_operations_ > 0) {
        base::log_event(base::LogLevel::info, "operations_pruned", {{"count", pruned_operations_}});
    }
    return true;
}

/// What was too much for one statement would be so again. First fewer bots, then less of the one.
void HistoryPruner::take_less() {
    if (bots_ > 1) {
        bots_ /= 2;
    } else {
        events_each_ = std::max(events_each_ / 2, 1);
    }
}

}  // namespace hatchery::engine
