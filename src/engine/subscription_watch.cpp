#include "engine/subscription_watch.hpp"

#include <algorithm>
#include <set>

#include "base/log.hpp"

namespace hatchery::engine {

namespace {

using base::LogLevel;
using core::BillingStage;

/// Subscriptions that one statement writes.
constexpr int stage_page = 200;
/// Pages of one stage in one look; the next look takes the rest.
constexpr int most_pages = 50;
/// Bots that one look stops; so many operations at once do not fill the queue.
constexpr int most_stops = 200;

void log_failure(std::string_view what, const base::Error& error) {
    base::log_event(LogLevel::warning, "subscription_watch_failed",
                    {{"what", what}, {"message", error.message}});
}

}  // namespace

void SubscriptionWatch::tick(const std::stop_token& stop) {
    correct_stages(stop);
    // One stage a look at most: what is told is read before the next thing is told.
    for (auto stage = base::EnumNames<BillingStage>::names.rbegin();
         stage != base::EnumNames<BillingStage>::names.rend(); ++stage) {
        enter_stages(stage->first, stop);
    }
    stop_bots(stop);
    tell_of_kept_bots(stop);
}

void SubscriptionWatch::correct_stages(const std::stop_token& stop) {
    const auto read = [this](base::TimePoint now) {
        return ports_.subscriptions.too_early(now, stage_page);
    };
    const auto correct = [this](const core::Subscription& subscription,
                                base::TimePoint now) -> std::optional<ports::StageEntry> {
        const auto stage = core::corrected_stage(subscription, now);
        if (!stage) return std::nullopt;
        core::Subscription corrected = subscription;
        corrected.stage = *stage;
        corrected.stage_at = now;
        return ports::StageEntry{
            .from = subscription,
            .to = *stage,
            .message = *stage == BillingStage::paid
                           ? core::correction_announcement(corrected)
                           : core::announcement(corrected, settings_.billing.policy)};
    };
    work_off("read_early_stages", read, correct, stop);
}

void SubscriptionWatch::enter_stages(BillingStage stage, const std::stop_token& stop) {
    const auto& policy = settings_.billing.policy;
    const auto read = [&](base::TimePoint now) -> base::Result<std::vector<core::Subscription>> {
        const auto bounds = core::stage_bounds(stage, policy, now);
        if (!bounds) return std::vector<core::Subscription>{};
        return ports_.subscriptions.due(stage, *bounds, stage_page);
    };
    const auto advance = [&](const core::Subscription& subscription,
                             base::TimePoint now) -> std::optional<ports::StageEntry> {
        const auto next = core::next_stage(subscription, policy, now);
        if (!next) return std::nullopt;
        core::Subscription entered = subscription;
        entered.stage = *next;
        entered.stage_at = now;
        return ports::StageEntry{
            .from = subscription, .to = *next, .message = core::announcement(entered, policy)};
    };
    work_off("read_subscriptions", read, advance, stop);
}

void SubscriptionWatch::work_off(std::string_view what, const Read& read, const EntryOf& entry_of,
                                 const std::stop_token& stop) {
    for (int page = 0; page < most_pages && !stop.stop_requested(); ++page) {
        const auto now = ports_.clock.now();
        const auto found = read(now);
        if (!found) return log_failure(what, found.error());
        std::vector<ports::StageEntry> entries;
        for (const auto& subscription : *found) {
            if (auto entry = entry_of(subscription, now)) entries.push_back(*std::move(entry));
        }
        if (entries.empty() || stop.stop_requested()) return;
        const auto written = enter(entries, now);
        if (written == 0 || static_cast<int>(found->size()) < stage_page) return;
    }
}

/// Answers how many were written; nothing is told of those that changed meanwhile.
std::size_t SubscriptionWatch::enter(const std::vector<ports::StageEntry>& entries,
                                     base::TimePoint now) {
    const auto written = ports_.subscriptions.enter(entries, now);
    if (!written) {
        log_failure("enter_stages", written.error());
        return 0;
    }
    const std::set<base::UserId> users(written->begin(), written->end());
    for (const auto& entry : entries) {
        if (!users.contains(entry.from.user_id)) continue;
        base::log_event(LogLevel::info, "subscription_stage",
                        {{"user", entry.from.user_id.text()},
                         {"from", base::to_text(entry.from.stage)},
                         {"to", base::to_text(entry.to)}});
    }
    return users.size();
}

void SubscriptionWatch::stop_bots(const std::stop_token& stop) {
    if (stop.stop_requested()) return;
    const auto bots = ports_.subscriptions.running_unpaid(ports_.clock.now(), most_stops);
    if (!bots) return log_failure("read_unpaid_bots", bots.error());
    for (const auto& bot : *bots) {
        if (stop.stop_requested()) return;
        stop_bot(bot);
    }
}

void SubscriptionWatch::stop_bot(const ports::UnpaidBot& bot) {
    const auto now = ports_.clock.now();
    // The note comes first: who dies in between asks again after a minute, and not at every look.
    // It is also the last look at the subscription: the list may be minutes old.
    const int attempts = bot.attempts + 1;
    const auto noted = ports_.subscriptions.note_attempt(bot.bot_id, attempts,
                                                         now + core::billing_stop_delay(attempts));
    if (!noted) return log_failure("note_attempt", noted.error());
    if (!*noted) return;
    const auto started = ports_.jobs.start_operation({.bot_id = bot.bot_id,
                                                      .user_id = bot.user_id,
                                                      .kind = core::OperationKind::stop,
                                                      .now = now,
                                                      .deadline_at = now + settings_.stop_limit});
    if (!started) {
        // Something else is under way there; it ends by its deadline.
        return log_failure("stop", started.error());
    }
    base::log_event(LogLevel::info, "unpaid_bot",
                    {{"bot", bot.bot_id.text()},
                     {"user", bot.user_id.text()},
                     {"operation", started->id.text()},
                     {"kind", base::to_text(started->kind)},
                     {"attempt", attempts}});
}

void SubscriptionWatch::fall_silent() { tell_metrics(0); }

void SubscriptionWatch::tell_metrics(std::int64_t kept_bots) {
    ports_.metrics
        .gauge("hatchery_unpaid_bots_kept",
               "Stopped bots whose retention time is over; told by one process.")
        .set(static_cast<double>(kept_bots));
    ports_.metrics
        .gauge("hatchery_alarm_raised", "Whether the alarm is raised; told by one process.",
               {{"kind", std::string(base::to_text(core::AlarmKind::unpaid_bots_kept))}})
        .set(kept_bots > 0 ? 1 : 0);
}

void SubscriptionWatch::tell_of_kept_bots(const std::stop_token& stop) {
    if (stop.stop_requested()) return;
    const auto kept = ports_.subscriptions.count_kept();
    if (!kept) return log_failure("count_kept_bots", kept.error());
    if (stop.stop_requested()) return;
    const auto raised = ports_.alarms.raised();
    if (!raised) return log_failure("read_alarms", raised.error());
    constexpr auto kind = core::AlarmKind::unpaid_bots_kept;
    const bool is_raised = std::ranges::find(*raised, kind) != raised->end();
    tell_metrics(kept->bots);
    if (kept->bots > 0 && !is_raised) {
        const auto alarm = core::unpaid_bots_kept(kept->bots, kept->users);
        const auto done = ports_.alarms.raise(alarm, ports_.clock.now());
        if (!done) return log_failure("raise_alarm", done.error());
        base::log_event(
            LogLevel::error, "alarm_raised",
            {{"kind", base::to_text(kind)}, {"cause", alarm.cause}, {"next", alarm.next_action}});
    }
    if (kept->bots == 0 && is_raised) {
        const auto done = ports_.alarms.clear(kind, {}, ports_.clock.now());
        if (!done) return log_failure("clear_alarm", done.error());
        base::log_event(LogLevel::info, "alarm_cleared", {{"kind", base::to_text(kind)}});
    }
}

}  // namespace hatchery::engine
