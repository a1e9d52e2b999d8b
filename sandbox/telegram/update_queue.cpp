#include "sandbox/telegram/update_queue.hpp"

#include <algorithm>
#include <utility>

namespace hatchery::sandbox::telegram {

std::chrono::seconds webhook_retry_delay(int failures) {
    constexpr int longest_s = 60;
    if (failures <= 1) return std::chrono::seconds(0);
    const int doublings = std::min(failures - 2, 6);
    return std::chrono::seconds(std::min(longest_s, 1 << doublings));
}

void UpdateQueue::push(std::int64_t update_id, std::int64_t chat_id, base::Json body,
                       base::TimePoint now) {
    if (updates_.size() >= max_updates) erase(updates_.begin()->first);
    updates_.emplace(update_id, QueuedUpdate{.update_id = update_id,
                                             .chat_id = chat_id,
                                             .body = std::move(body),
                                             .queued_at = now,
                                             .failures = 0,
                                             .next_try = now,
                                             .in_flight = false});
    chats_[chat_id].push_back(update_id);
}

void UpdateQueue::expire(base::TimePoint now) {
    while (!updates_.empty() && now - updates_.begin()->second.queued_at >= lifetime) {
        erase(updates_.begin()->first);
    }
}

std::vector<QueuedUpdate> UpdateQueue::take_due(base::TimePoint now, int max_connections) {
    std::vector<QueuedUpdate*> due;
    for (const auto& [chat_id, waiting] : chats_) {
        QueuedUpdate& head = updates_.at(waiting.front());
        if (!head.in_flight && head.next_try <= now) due.push_back(&head);
    }
    std::sort(due.begin(), due.end(), [](const QueuedUpdate* a, const QueuedUpdate* b) {
        return a->update_id < b->update_id;
    });
    std::vector<QueuedUpdate> taken;
    for (QueuedUpdate* update : due) {
        if (in_flight_ >= max_connections) break;
        update->in_flight = true;
        ++in_flight_;
        taken.push_back(*update);
    }
    return taken;
}

std::optional<base::TimePoint> UpdateQueue::next_due(int max_connections) const {
    std::optional<base::TimePoint> earliest;
    if (in_flight_ >= max_connections) return earliest;
    for (const auto& [chat_id, waiting] : chats_) {
        const QueuedUpdate& head = updates_.at(waiting.front());
        if (!head.in_flight && (!earliest || head.next_try < *earliest)) earliest = head.next_try;
    }
    return earliest;
}

void UpdateQueue::delivered(std::int64_t update_id) { erase(update_id); }

void UpdateQueue::failed(std::int64_t update_id, base::TimePoint now,
                         std::optional<std::chrono::seconds> retry_after) {
    const auto found = updates_.find(update_id);
    if (found == updates_.end()) return;
    QueuedUpdate& update = found->second;
    if (std::exchange(update.in_flight, false)) --in_flight_;
    ++update.failures;
    const auto delay = retry_after
                           ? std::clamp(*retry_after, std::chrono::seconds(0), longest_retry_after)
                           : webhook_retry_delay(update.failures);
    update.next_try = now + delay;
}

void UpdateQueue::retry_all(base::TimePoint now) {
    for (auto& [update_id, update] : updates_) {
        update.failures = 0;
        update.next_try = now;
    }
}

void UpdateQueue::clear() {
    updates_.clear();
    chats_.clear();
    in_flight_ = 0;
}

void UpdateQueue::confirm_before(std::int64_t offset) {
    while (!updates_.empty() && updates_.begin()->first < offset) {
        erase(updates_.begin()->first);
    }
}

void UpdateQueue::keep_newest(std::size_t count) {
    while (updates_.size() > count) erase(updates_.begin()->first);
}

base::Json UpdateQueue::oldest(std::size_t limit) const {
    base::Json list = base::Json::array();
    for (const auto& [update_id, update] : updates_) {
        if (list.size() >= limit) break;
        list.push_back(update.body);
    }
    return list;
}

void UpdateQueue::erase(std::int64_t update_id) {
    const auto found = updates_.find(update_id);
    if (found == updates_.end()) return;
    if (found->second.in_flight) --in_flight_;
    const auto chat = chats_.find(found->second.chat_id);
    std::erase(chat->second, update_id);
    if (chat->second.empty()) chats_.erase(chat);
    updates_.erase(found);
}

}  // namespace hatchery::sandbox::telegram
