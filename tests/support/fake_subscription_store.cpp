#include "support/fake_subscription_store.hpp"

#include <algorithm>
#include <set>

namespace hatchery::support {

namespace {

using base::Result;
using base::TimePoint;
using core::BillingStage;
using core::Subscription;

tl::unexpected<base::Error> unavailable() {
    return base::fail(base::ErrorKind::unavailable, "The database cannot be reached.");
}

template <typename T>
void cut(std::vector<T>& list, int limit) {
    if (list.size() > static_cast<std::size_t>(limit)) list.resize(static_cast<std::size_t>(limit));
}

}  // namespace

Result<std::vector<Subscription>> FakeSubscriptionStore::due(BillingStage stage,
                                                             const core::StageBounds& bounds,
                                                             int limit) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    std::vector<Subscription> found;
    for (const auto& [user, one] : subscriptions_) {
        const bool fits = one.stage == stage && one.period_end &&
                          *one.period_end <= bounds.period_end &&
                          (!bounds.stage_at || one.stage_at <= *bounds.stage_at);
        if (fits) found.push_back(one);
    }
    std::ranges::stable_sort(found, {}, [](const auto& one) { return *one.period_end; });
    cut(found, limit);
    return found;
}

Result<std::vector<Subscription>> FakeSubscriptionStore::too_early(TimePoint now, int limit) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    std::vector<Subscription> found;
    for (const auto& [user, one] : subscriptions_) {
        if (!one.period_end || one.stage < BillingStage::grace) continue;
        const bool warns = one.stage == BillingStage::grace || one.stage == BillingStage::closing;
        const bool ahead = warns && one.stage_at > now + core::clock_tolerance;
        if (*one.period_end > now || ahead) found.push_back(one);
    }
    cut(found, limit);
    return found;
}

Result<std::vector<base::UserId>> FakeSubscriptionStore::enter(
    std::span<const ports::StageEntry> entries, TimePoint now) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    std::vector<base::UserId> written;
    for (const auto& entry : entries) {
        const auto found = subscriptions_.find(entry.from.user_id);
        if (found == subscriptions_.end() || found->second.version != entry.from.version) continue;
        found->second.stage = entry.to;
        found->second.stage_at = now;
        ++found->second.version;
        written.push_back(entry.from.user_id);
        core::NewEvent event;
        event.level = core::EventLevel::warning;
        event.message = entry.message;
        event.at = now;
        for (const auto& [id, bot] : db_.bots) {
            if (bot.deleted || bot.bot.user_id != entry.from.user_id) continue;
            db_.append_events(id, {}, {&event, 1});
        }
    }
    return written;
}

bool FakeSubscriptionStore::is_unpaid(const base::UserId& user, BillingStage from) const {
    const auto subscription = subscriptions_.find(user);
    return subscription != subscriptions_.end() && subscription->second.stage >= from &&
           subscription->second.period_end;
}

std::vector<ports::UnpaidBot> FakeSubscriptionStore::unpaid(BillingStage from, bool stopped) const {
    std::vector<ports::UnpaidBot> found;
    for (const auto& [id, bot] : db_.bots) {
        if (bot.deleted || !is_unpaid(bot.bot.user_id, from)) continue;
        if ((bot.bot.status == core::BotStatus::stopped) != stopped) continue;
        if (db_.current_deployment(id) == nullptr) continue;
        const auto attempt = attempts_.find(id);
        found.push_back({.bot_id = id,
                         .user_id = bot.bot.user_id,
                         .attempts = attempt == attempts_.end() ? 0 : attempt->second.attempts});
    }
    return found;
}

Result<std::vector<ports::UnpaidBot>> FakeSubscriptionStore::running_unpaid(TimePoint now,
                                                                            int limit) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    auto found = unpaid(BillingStage::stopped, false);
    std::erase_if(found, [&](const auto& bot) {
        const auto attempt = attempts_.find(bot.bot_id);
        return attempt != attempts_.end() && attempt->second.next_try_at > now;
    });
    cut(found, limit);
    return found;
}

Result<bool> FakeSubscriptionStore::note_attempt(const base::BotId& bot, int attempts,
                                                 TimePoint next_try_at) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    if (!is_unpaid(db_.bots.at(bot).bot.user_id, BillingStage::stopped)) return false;
    attempts_[bot] = {.attempts = attempts, .next_try_at = next_try_at};
    return true;
}

Result<ports::KeptBots> FakeSubscriptionStore::count_kept() {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    const auto kept = unpaid(BillingStage::closed, true);
    std::set<base::UserId> users;
    for (const auto& bot : kept) users.insert(bot.user_id);
    return ports::KeptBots{.bots = static_cast<std::int64_t>(kept.size()),
                           .users = static_cast<std::int64_t>(users.size())};
}

Result<ports::Pruned> FakeSubscriptionStore::prune_events(const ports::EventRetention& retention,
                                                          const std::optional<base::BotId>& after,
                                                          int bots, int events_each) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    ports::Pruned pruned;
    int looked_at = 0;
    for (auto& [id, bot] : db_.bots) {
        if (after && !(*after < id)) continue;
        if (looked_at == bots) break;
        ++looked_at;
        pruned.next = id;
        const auto subscription = subscriptions_.find(bot.bot.user_id);
        const TimePoint since = subscription == subscriptions_.end()
                                    ? retention.keep_since_otherwise
                                    : retention.keep_since.at(subscription->second.plan);
        int gone = 0;
        while (gone < events_each && !bot.events.empty() && bot.events.front().at < since) {
            bot.events.erase(bot.events.begin());
            ++gone;
        }
        pruned.events += gone;
    }
    if (looked_at < bots) pruned.next.reset();
    return pruned;
}

bool FakeSubscriptionStore::still_shown(const core::Operation& operation) const {
    if (operation.kind == core::OperationKind::chat) return false;
    const auto& bot = db_.bots.at(operation.bot_id);
    const bool told = !bot.events.empty() && bot.events.front().at <= *operation.finished_at;
    const auto is_deploy = [](const core::Operation& one) {
        return one.kind == core::OperationKind::deploy &&
               one.state == core::OperationState::succeeded;
    };
    const bool last_deploy =
        is_deploy(operation) &&
        std::none_of(db_.operations.begin(), db_.operations.end(), [&](const auto& entry) {
            return entry.second.bot_id == operation.bot_id && is_deploy(entry.second) &&
                   operation.id < entry.first;
        });
    const bool last =
        std::none_of(db_.operations.begin(), db_.operations.end(), [&](const auto& entry) {
            const auto& other = entry.second;
            return other.bot_id == operation.bot_id && other.kind != core::OperationKind::chat &&
                   operation.id < other.id;
        });
    return told || ((last || last_deploy) && !bot.deleted);
}

Result<ports::PrunedOperations> FakeSubscriptionStore::prune_operations(
    TimePoint before, const std::optional<ports::OperationCursor>& after, int limit) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    const auto place = [](const core::Operation& operation) {
        return std::pair(operation.created_at, operation.id);
    };
    std::vector<core::Operation> page;
    for (const auto& [id, operation] : db_.operations) {
        if (operation.created_at >= before) continue;
        if (after && place(operation) <= std::pair(after->created_at, after->id)) continue;
        page.push_back(operation);
    }
    std::sort(page.begin(), page.end(),
              [&](const auto& a, const auto& b) { return place(a) < place(b); });
    cut(page, limit);
    ports::PrunedOperations pruned;
    if (page.size() == static_cast<std::size_t>(limit)) {
        pruned.next = {.created_at = page.back().created_at, .id = page.back().id};
    }
    std::erase_if(page, [&](const auto& operation) {
        return !operation.finished_at || *operation.finished_at >= before || still_shown(operation);
    });
    for (const auto& operation : page) {
        db_.operations.erase(operation.id);
        std::erase_if(db_.job_rows,
                      [&](const auto& row) { return row.second.job.operation_id == operation.id; });
    }
    pruned.operations = static_cast<std::int64_t>(page.size());
    return pruned;
}

Result<int> FakeSubscriptionStore::prune_billing_events(TimePoint, int) {
    const std::lock_guard lock(db_.mutex);
    if (refuses()) return unavailable();
    return 0;
}

void FakeSubscriptionStore::put(const Subscription& subscription) {
    const std::lock_guard lock(db_.mutex);
    subscriptions_[subscription.user_id] = subscription;
}

std::optional<Subscription> FakeSubscriptionStore::find(const base::UserId& user) const {
    const std::lock_guard lock(db_.mutex);
    const auto found = subscriptions_.find(user);
    if (found == subscriptions_.end()) return std::nullopt;
    return found->second;
}

int FakeSubscriptionStore::calls() const {
    const std::lock_guard lock(db_.mutex);
    return calls_;
}

bool FakeSubscriptionStore::refuses() {
    ++calls_;
    return refusing_;
}

void FakeSubscriptionStore::refuse(bool refusing) {
    const std::lock_guard lock(db_.mutex);
    refusing_ = refusing;
}

}  // namespace hatchery::support
