#include "fake_inbox.hpp"

#include <algorithm>
#include <set>

namespace hatchery::tests {

using store::InboxState;

base::Result<store::Stored> FakeInbox::store(const store::NewUpdate& update) {
    const std::lock_guard lock(mutex_);
    if (error_) return base::fail(*error_);
    for (const Row& row : rows_) {
        if (row.update.bot_id == update.bot_id && row.update.update_id == update.update_id) {
            return store::Stored::duplicate;
        }
    }
    rows_.push_back({.update = update, .due = update.received_at});
    std::sort(rows_.begin(), rows_.end(),
              [](const Row& a, const Row& b) { return a.update.update_id < b.update.update_id; });
    changed_.notify_all();
    return store::Stored::stored;
}

base::Result<std::vector<store::ClaimedUpdate>> FakeInbox::claim(int limit,
                                                                 base::Milliseconds lease_for,
                                                                 base::TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (error_) return base::fail(*error_);
    std::vector<store::ClaimedUpdate> claimed;
    std::set<std::pair<std::string, std::int64_t>> seen;
    for (Row& row : rows_) {
        if (row.state != InboxState::pending) continue;
        if (!seen.insert({row.update.bot_id.text(), row.update.chat_id}).second) continue;
        const bool leased = !row.lease.empty() && row.lease_until > now;
        if (leased || row.due > now || static_cast<int>(claimed.size()) >= limit) continue;
        row.lease = "lease-" + std::to_string(++leases_);
        row.lease_until = now + lease_for;
        claimed.push_back({.bot_id = row.update.bot_id,
                           .update_id = row.update.update_id,
                           .chat_id = row.update.chat_id,
                           .body = row.update.body,
                           .received_at = row.update.received_at,
                           .attempts = row.attempts,
                           .lease_token = base::LeaseToken(row.lease)});
    }
    return claimed;
}

base::Result<void> FakeInbox::change(const store::ClaimedUpdate& update,
                                     const std::function<void(Row&)>& edit) {
    const std::lock_guard lock(mutex_);
    if (error_) return base::fail(*error_);
    for (Row& row : rows_) {
        if (row.lease != update.lease_token.text()) continue;
        row.lease.clear();
        edit(row);
        changed_.notify_all();
        return {};
    }
    return base::fail(base::ErrorKind::conflict, "The lease was lost.");
}

base::Result<void> FakeInbox::delivered(const store::ClaimedUpdate& update, base::TimePoint) {
    return change(update, [](Row& row) { row.state = InboxState::delivered; });
}

base::Result<void> FakeInbox::retry(const store::ClaimedUpdate& update, base::TimePoint at,
                                    const std::string& reason) {
    return change(update, [&](Row& row) {
        ++row.attempts;
        row.due = at;
        row.reason = reason;
    });
}

base::Result<void> FakeInbox::give_up(const store::ClaimedUpdate& update, const std::string& reason,
                                      base::TimePoint) {
    return change(update, [&](Row& row) {
        row.state = InboxState::dead;
        row.reason = reason;
    });
}

base::Result<void> FakeInbox::release(const store::ClaimedUpdate& update) {
    return change(update, [](Row&) {});
}

base::Result<int> FakeInbox::bring_forward(const base::BotId& bot, base::TimePoint now) {
    const std::lock_guard lock(mutex_);
    int count = 0;
    for (Row& row : rows_) {
        if (row.update.bot_id != bot || row.state != InboxState::pending) continue;
        row.due = std::min(row.due, now);
        ++count;
    }
    changed_.notify_all();
    return count;
}

base::Result<int> FakeInbox::prune(const store::PruneBefore& before, int) {
    const std::lock_guard lock(mutex_);
    pruned_before_ = before;
    changed_.notify_all();
    return 0;
}
base::Result<store::InboxCounts> FakeInbox::counts() { return store::InboxCounts{}; }
base::Result<store::InboxCounts> FakeInbox::counts_of(const base::BotId&) {
    return store::InboxCounts{};
}

std::vector<FakeInbox::Row> FakeInbox::rows() const {
    const std::lock_guard lock(mutex_);
    return rows_;
}

std::optional<store::PruneBefore> FakeInbox::wait_for_pruning() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::seconds(10),
                      [this] { return pruned_before_.has_value(); });
    return pruned_before_;
}

void FakeInbox::fail_with(std::optional<base::Error> error) {
    const std::lock_guard lock(mutex_);
    error_ = std::move(error);
}

}  // namespace hatchery::tests
