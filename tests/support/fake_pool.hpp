#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "ports/alarm_store.hpp"
#include "ports/queue_monitor.hpp"
#include "ports/worker_registry.hpp"

namespace hatchery::support {

/// Workers in a map. Thread-safe.
class FakeWorkerRegistry final : public ports::WorkerRegistry {
public:
    base::Result<std::optional<core::QueueStatus>> beat(const core::Worker& worker) override;
    base::Result<void> leave(const base::WorkerId& worker) override;
    base::Result<std::vector<core::Worker>> list() override;
    base::Result<int> drop_silent(base::TimePoint before) override;

    /// What the next beats answer.
    void set_status(std::optional<core::QueueStatus> status);
    /// Calls answer `unavailable` until it is told otherwise.
    void refuse(bool refusing);

private:
    std::mutex mutex_;
    std::map<base::WorkerId, core::Worker> workers_;
    std::optional<core::QueueStatus> status_;
    bool refusing_ = false;
};

/// A queue that is what the test says. Thread-safe but for the members that the test sets.
class FakeQueueMonitor final : public ports::QueueMonitor {
public:
    base::Result<core::QueueStatus> count(base::TimePoint now,
                                          base::TimePoint alive_since) override;
    base::Result<void> publish(const core::QueueStatus& status) override;
    base::Result<std::vector<ports::Demand>> demands(base::TimePoint now,
                                                     base::TimePoint alive_since) override;
    base::Result<std::vector<std::string>> offers(base::TimePoint alive_since) override;
    base::Result<int> mark_blocked(std::span<const ports::BlockedDemand> blocked,
                                   base::TimePoint now) override;
    base::Result<int> release_ending(base::TimePoint now) override;

    void set_status(const core::QueueStatus& status);
    [[nodiscard]] std::vector<core::QueueStatus> published() const;

    std::vector<ports::Demand> wanted;
    std::vector<std::string> offered;
    /// What the last call marked.
    std::map<std::string, std::string> marked;

private:
    mutable std::mutex mutex_;
    core::QueueStatus status_;
    std::vector<core::QueueStatus> published_;
};

/// Alarms in a list. Thread-safe.
class FakeAlarmStore final : public ports::AlarmStore {
public:
    FakeAlarmStore(base::Random& random) : random_(random) {}

    /// From now on none can be raised, as without a database.
    void refuse_to_raise() { refuses_ = true; }

    base::Result<std::vector<core::AlarmKind>> raised() override;
    base::Result<bool> raise(const core::Alarm& alarm, base::TimePoint now) override;
    base::Result<bool> clear(core::AlarmKind kind, const std::string& subject,
                             base::TimePoint now) override;
    base::Result<int> clear_unseen(core::AlarmKind kind, base::TimePoint seen_before,
                                   base::TimePoint now) override;
    base::Result<std::vector<ports::AlarmRecord>> list(const std::optional<base::AlarmId>& after,
                                                       int limit) override;
    base::Result<std::vector<ports::AlarmNews>> untold(base::TimePoint now,
                                                       base::TimePoint not_before,
                                                       int limit) override;
    base::Result<void> told(const ports::AlarmNews& news, base::TimePoint now) override;
    base::Result<void> telling_failed(const ports::AlarmNews& news,
                                      base::TimePoint again_at) override;

private:
    struct Row {
        ports::AlarmRecord record;
        bool raised_told = false;
        bool cleared_told = false;
        int failures = 0;
        base::TimePoint tell_at;
        base::TimePoint seen_at;
    };
    [[nodiscard]] Row* raised_row(core::AlarmKind kind, const std::string& subject);
    static void clear(Row& row, base::TimePoint now);
    [[nodiscard]] Row& row(const base::AlarmId& id);

    std::mutex mutex_;
    base::Random& random_;
    std::vector<Row> rows_;
    bool refuses_ = false;
};

}  // namespace hatchery::support
