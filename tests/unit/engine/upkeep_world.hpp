#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "engine/subscription_watch.hpp"
#include "pool_world.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_machine_allocations.hpp"
#include "support/fake_subscription_store.hpp"

namespace hatchery::engine {

using namespace std::chrono_literals;
using core::BillingStage;
using core::BotStatus;
using core::OperationKind;

/// What a test may do, or have answered, in the middle of a look.
class HookedSubscriptions final : public support::FakeSubscriptionStore {
public:
    using FakeSubscriptionStore::FakeSubscriptionStore;

    std::function<void()> before_read = [] {};
    std::function<void()> before_enter = [] {};
    std::function<void()> before_note = [] {};
    /// The error of a page of so many bots with so many events each, if it is to fail.
    std::function<std::optional<base::ErrorKind>(int bots, int events_each)> fail_prune =
        [](int, int) { return std::nullopt; };

    base::Result<std::vector<core::Subscription>> too_early(base::TimePoint now,
                                                            int limit) override {
        before_read();
        return FakeSubscriptionStore::too_early(now, limit);
    }
    base::Result<std::vector<base::UserId>> enter(std::span<const ports::StageEntry> entries,
                                                  base::TimePoint now) override {
        before_enter();
        return FakeSubscriptionStore::enter(entries, now);
    }
    base::Result<bool> note_attempt(const base::BotId& bot, int attempts,
                                    base::TimePoint next_try_at) override {
        before_note();
        return FakeSubscriptionStore::note_attempt(bot, attempts, next_try_at);
    }
    /// The same of a page of operations.
    std::function<std::optional<base::ErrorKind>(int limit)> fail_prune_operations = [](int) {
        return std::nullopt;
    };

    base::Result<ports::PrunedOperations> prune_operations(
        base::TimePoint before, const std::optional<ports::OperationCursor>& after,
        int limit) override {
        if (const auto kind = fail_prune_operations(limit)) {
            return base::fail(*kind, "The database took too long.");
        }
        return FakeSubscriptionStore::prune_operations(before, after, limit);
    }
    base::Result<ports::Pruned> prune_events(const ports::EventRetention& retention,
                                             const std::optional<base::BotId>& after, int bots,
                                             int events_each) override {
        if (const auto kind = fail_prune(bots, events_each)) {
            return base::fail(*kind, "The database took too long.");
        }
        return FakeSubscriptionStore::prune_events(retention, after, bots, events_each);
    }
};

/// A user whose subscription ends, his bots, and what looks after both.
struct UpkeepWorld {
    SetClock clock;
    base::SystemRandom random;
    base::MetricRegistry metrics;
    support::FakeDatabase database{clock, random};
    support::FakeJobStore jobs{database};
    support::FakeFleetStore fleet{database};
    support::FakeAlarmStore alarms{random};
    HookedSubscriptions subscriptions{database};
    support::FakeMachineAllocations allocations{clock};
    UpkeepPorts ports{.subscriptions = subscriptions,
                      .jobs = jobs,
                      .alarms = alarms,
                      .fleet = fleet,
                      .allocations = allocations,
                      .metrics = metrics,
                      .clock = clock};
    UpkeepSettings settings;
    SubscriptionWatch watch{ports, settings};
    base::UserId user = database.new_id<base::UserId>();
    base::TimePoint period_end = clock.now() + 240h;

    UpkeepWorld() { pay_until(period_end); }

    void pay_until(base::TimePoint end) {
        period_end = end;
        subscriptions.put(
            core::change_subscription(subscriptions.find(user), user,
                                      {.plan = core::PlanName::pro, .period_end = end}, clock.now())
                .subscription);
    }
    /// A bot with a server.
    base::BotId add_bot(BotStatus status = BotStatus::active) {
        core::Bot bot;
        bot.user_id = user;
        bot.status = status;
        const auto id = database.add_bot(bot).id;
        const auto deployment = database.new_id<base::DeploymentId>();
        const std::lock_guard lock(database.mutex);
        database.deployments[deployment] = {.id = deployment, .bot_id = id, .ended_at = {}};
        return id;
    }
    /// Looks every hour until this long after the end of the period.
    void look_until(base::Milliseconds after_end) {
        while (clock.now() < period_end + after_end) {
            look();
            clock.advance(1h);
        }
    }
    void look() { watch.tick({}); }
    [[nodiscard]] BillingStage stage() const { return subscriptions.find(user)->stage; }
    [[nodiscard]] std::vector<core::Operation> operations_of(const base::BotId& bot) const {
        const std::lock_guard lock(database.mutex);
        std::vector<core::Operation> found;
        for (const auto& [id, operation] : database.operations) {
            if (operation.bot_id == bot) found.push_back(operation);
        }
        return found;
    }
    /// Plays the engine: the bot's live operation ends well.
    void end_stop(const base::BotId& bot) {
        const std::lock_guard lock(database.mutex);
        for (auto& [id, operation] : database.operations) {
            if (operation.bot_id != bot || core::is_terminal(operation.state)) continue;
            operation.state = core::OperationState::succeeded;
            operation.finished_at = clock.now();
            std::erase_if(database.job_rows,
                          [&](const auto& row) { return row.second.job.operation_id == id; });
        }
        database.bots.at(bot).bot.status = BotStatus::stopped;
    }
    [[nodiscard]] bool alarm_is_raised() {
        return alarms.raised().value() == std::vector{core::AlarmKind::unpaid_bots_kept};
    }
    [[nodiscard]] std::vector<std::string> warnings(const base::BotId& bot) const {
        std::vector<std::string> said;
        for (const auto& event : database.events(bot)) {
            if (event.level == core::EventLevel::warning) said.push_back(event.message);
        }
        return said;
    }
};

}  // namespace hatchery::engine
