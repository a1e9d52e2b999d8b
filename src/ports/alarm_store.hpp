#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/alarms.hpp"

namespace hatchery::ports {

/// An alarm as it is kept.
struct AlarmRecord {
    base::AlarmId id;
    core::Alarm alarm;
    base::TimePoint raised_at;
    std::optional<base::TimePoint> cleared_at;
};

/// What the webhook is still to be told of an alarm.
struct AlarmNews {
    AlarmRecord record;
    enum class What : std::uint8_t { raised, cleared } what = What::raised;
    /// Times that telling it has failed.
    int failures = 0;
};

/// The alarms of the installation. Thread-safe.
class AlarmStore {
public:
    virtual ~AlarmStore() = default;

    /// The kinds that are raised.
    [[nodiscard]] virtual base::Result<std::vector<core::AlarmKind>> raised() = 0;
    /// True when it is new. When one of this kind and subject is raised already it gets these words
    /// and is seen now, and nobody is told anew.
    [[nodiscard]] virtual base::Result<bool> raise(const core::Alarm& alarm,
                                                   base::TimePoint now) = 0;
    /// False when none of this kind and subject is raised.
    [[nodiscard]] virtual base::Result<bool> clear(core::AlarmKind kind, const std::string& subject,
                                                   base::TimePoint now) = 0;
    /// Clears those of a kind that were last raised before `seen_before`; answers how many.
    [[nodiscard]] virtual base::Result<int> clear_unseen(core::AlarmKind kind,
                                                         base::TimePoint seen_before,
                                                         base::TimePoint now) = 0;
    /// Newest first; `after` is the id of the last one of the page before.
    [[nodiscard]] virtual base::Result<std::vector<AlarmRecord>> list(
        const std::optional<base::AlarmId>& after, int limit) = 0;

    /// What is to be told now: of one alarm, raised comes before cleared. What happened before
    /// `not_before` is left out.
    [[nodiscard]] virtual base::Result<std::vector<AlarmNews>> untold(base::TimePoint now,
                                                                      base::TimePoint not_before,
                                                                      int limit) = 0;
    [[nodiscard]] virtual base::Result<void> told(const AlarmNews& news, base::TimePoint now) = 0;
    /// Counts the failure; it is to be told again at `again_at`.
    [[nodiscard]] virtual base::Result<void> telling_failed(const AlarmNews& news,
                                                            base::TimePoint again_at) = 0;
};

}  // namespace hatchery::ports
