#include "support/fake_pool.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace hatchery::support {

using base::Result;
using base::TimePoint;

namespace {

tl::unexpected<base::Error> unavailable() {
    return base::fail(base::ErrorKind::unavailable, "The database does not answer.");
}

}  // namespace

Result<std::optional<core::QueueStatus>> FakeWorkerRegistry::beat(const core::Worker& worker) {
    const std::lock_guard lock(mutex_);
    if (refusing_) return unavailable();
    const auto [row, fresh] = workers_.try_emplace(worker.id, worker);
    if (!fresh) {
        row->second.capabilities = worker.capabilities;
        row->second.slots = worker.slots;
        row->second.max_slots = worker.max_slots;
        row->second.busy = worker.busy;
        row->second.draining = worker.draining;
        row->second.heartbeat_at = worker.heartbeat_at;
    }
    return status_;
}

Result<void> FakeWorkerRegistry::leave(const base::WorkerId& worker) {
    const std::lock_guard lock(mutex_);
    if (refusing_) return unavailable();
    workers_.erase(worker);
    return {};
}

Result<std::vector<core::Worker>> FakeWorkerRegistry::list() {
    const std::lock_guard lock(mutex_);
    if (refusing_) return unavailable();
    std::vector<core::Worker> workers;
    for (const auto& [id, worker] : workers_) workers.push_back(worker);
    std::ranges::stable_sort(workers, {}, &core::Worker::started_at);
    return workers;
}

Result<int> FakeWorkerRegistry::drop_silent(TimePoint before) {
    const std::lock_guard lock(mutex_);
    if (refusing_) return unavailable();
    return static_cast<int>(
        std::erase_if(workers_, [&](const auto& row) { return row.second.heartbeat_at < before; }));
}

void FakeWorkerRegistry::set_status(std::optional<core::QueueStatus> status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
}

void FakeWorkerRegistry::refuse(bool refusing) {
    const std::lock_guard lock(mutex_);
    refusing_ = refusing;
}

Result<core::QueueStatus> FakeQueueMonitor::count(TimePoint now, TimePoint) {
    const std::lock_guard lock(mutex_);
    core::QueueStatus status = status_;
    status.at = now;
    return status;
}

Result<void> FakeQueueMonitor::publish(const core::QueueStatus& status) {
    const std::lock_guard lock(mutex_);
    published_.push_back(status);
    return {};
}

Result<std::vector<ports::Demand>> FakeQueueMonitor::demands(TimePoint, TimePoint) {
    return wanted;
}

Result<std::vector<std::string>> FakeQueueMonitor::offers(TimePoint) { return offered; }

Result<int> FakeQueueMonitor::mark_blocked(std::span<const ports::BlockedDemand> blocked,
                                           TimePoint) {
    const auto before = std::exchange(marked, {});
    int fresh = 0;
    for (const auto& demand : blocked) {
        marked[demand.requirements] = demand.reason;
        if (!before.contains(demand.requirements)) ++fresh;
    }
    return fresh;
}

Result<int> FakeQueueMonitor::release_ending(TimePoint) { return 0; }

void FakeQueueMonitor::set_status(const core::QueueStatus& status) {
    const std::lock_guard lock(mutex_);
    status_ = status;
}

std::vector<core::QueueStatus> FakeQueueMonitor::published() const {
    const std::lock_guard lock(mutex_);
    return published_;
}

FakeAlarmStore::Row* FakeAlarmStore::raised_row(core::AlarmKind kind, const std::string& subject) {
    const auto found = std::ranges::find_if(rows_, [&](const Row& row) {
        return row.record.alarm.kind == kind && row.record.alarm.subject == subject &&
               !row.record.cleared_at;
    });
    return found == rows_.end() ? nullptr : &*found;
}

FakeAlarmStore::Row& FakeAlarmStore::row(const base::AlarmId& id) {
    const auto found =
        std::ranges::find_if(rows_, [&](const Row& row) { return row.record.id == id; });
    if (found == rows_.end()) throw std::logic_error("no such alarm");
    return *found;
}

Result<std::vector<core::AlarmKind>> FakeAlarmStore::raised() {
    const std::lock_guard lock(mutex_);
    std::vector<core::AlarmKind> kinds;
    for (const auto& row : rows_) {
        if (!row.record.cleared_at) kinds.push_back(row.record.alarm.kind);
    }
    return kinds;
}

Result<bool> FakeAlarmStore::raise(const core::Alarm& alarm, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (refuses_) return base::fail(base::ErrorKind::unavailable, "refused by the test");
    if (Row* known = raised_row(alarm.kind, alarm.subject); known != nullptr) {
        known->record.alarm = alarm;
        known->seen_at = std::max(known->seen_at, now);
        return false;
    }
    Row fresh;
    fresh.record = {.id = base::make_id<base::AlarmId>(now, random_),
                    .alarm = alarm,
                    .raised_at = now,
                    .cleared_at = std::nullopt};
    fresh.tell_at = now;
    fresh.seen_at = now;
    rows_.push_back(std::move(fresh));
    return true;
}

void FakeAlarmStore::clear(Row& row, TimePoint now) {
    row.record.cleared_at = now;
    row.tell_at = now;
    row.failures = 0;
}

Result<bool> FakeAlarmStore::clear(core::AlarmKind kind, const std::string& subject,
                                   TimePoint now) {
    const std::lock_guard lock(mutex_);
    Row* found = raised_row(kind, subject);
    if (found == nullptr) return false;
    clear(*found, now);
    return true;
}

Result<int> FakeAlarmStore::clear_unseen(core::AlarmKind kind, TimePoint seen_before,
                                         TimePoint now) {
    const std::lock_guard lock(mutex_);
    int cleared = 0;
    for (auto& row : rows_) {
        const bool is_meant = row.record.alarm.kind == kind && row.seen_at < seen_before;
        if (!is_meant || row.record.cleared_at) continue;
        clear(row, now);
        ++cleared;
    }
    return cleared;
}

Result<std::vector<ports::AlarmRecord>> FakeAlarmStore::list(
    const std::optional<base::AlarmId>& after, int limit) {
    const std::lock_guard lock(mutex_);
    std::vector<ports::AlarmRecord> records;
    for (const auto& row : rows_) {
        if (!after || row.record.id < *after) records.push_back(row.record);
    }
    std::ranges::sort(records, std::ranges::greater{}, &ports::AlarmRecord::id);
    if (records.size() > static_cast<std::size_t>(limit)) {
        records.resize(static_cast<std::size_t>(limit));
    }
    return records;
}

Result<std::vector<ports::AlarmNews>> FakeAlarmStore::untold(TimePoint now, TimePoint not_before,
                                                             int limit) {
    const std::lock_guard lock(mutex_);
    std::vector<ports::AlarmNews> news;
    for (const auto& row : rows_) {
        const bool left = !row.raised_told || (row.record.cleared_at && !row.cleared_told);
        const auto happened = row.record.cleared_at.value_or(row.record.raised_at);
        if (!left || row.tell_at > now || happened < not_before) continue;
        if (news.size() == static_cast<std::size_t>(limit)) break;
        news.push_back({.record = row.record,
                        .what = row.raised_told ? ports::AlarmNews::What::cleared
                                                : ports::AlarmNews::What::raised,
                        .failures = row.failures});
    }
    return news;
}

Result<void> FakeAlarmStore::told(const ports::AlarmNews& news, TimePoint) {
    const std::lock_guard lock(mutex_);
    Row& found = row(news.record.id);
    const bool raised = news.what == ports::AlarmNews::What::raised;
    (raised ? found.raised_told : found.cleared_told) = true;
    found.failures = 0;
    return {};
}

Result<void> FakeAlarmStore::telling_failed(const ports::AlarmNews& news, TimePoint again_at) {
    const std::lock_guard lock(mutex_);
    Row& found = row(news.record.id);
    ++found.failures;
    found.tell_at = again_at;
    return {};
}

}  // namespace hatchery::support
