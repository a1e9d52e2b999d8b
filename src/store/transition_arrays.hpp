#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "ports/job_store.hpp"
#include "store/records.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// The next job of a transition that keeps it, made here so that it need not be read back.
struct NextJob {
    base::JobId id;
    base::LeaseToken token;
};

/// Completions as the parallel arrays that statements::apply() unnests.
class TransitionArrays {
public:
    static constexpr std::size_t column_count = 26;

    TransitionArrays(base::TimePoint now, base::Random& random) : now_(now), random_(random) {}

    void add(const ports::Completion& completion);

    [[nodiscard]] std::size_t size() const { return next_.size(); }
    /// From $2 to $27, as statements::apply() lists them.
    [[nodiscard]] std::array<std::string, column_count> texts() const;
    [[nodiscard]] std::string event_owners() const { return array_text(owners_); }
    [[nodiscard]] std::string event_places() const { return array_text(places_); }
    [[nodiscard]] const EventArrays& events() const { return events_; }
    [[nodiscard]] const NextJob& next(std::size_t index) const { return next_[index]; }

private:
    base::TimePoint now_;
    base::Random& random_;
    std::array<std::vector<Param>, column_count> columns_;
    std::vector<std::int64_t> owners_;
    std::vector<std::int64_t> places_;
    EventArrays events_;
    std::vector<NextJob> next_;
};

/// Whether the transition writes the bot's row; no two of one statement may write the same.
[[nodiscard]] bool changes_bot(const ports::Transition& transition);
/// Whether it writes the operation's row.
[[nodiscard]] bool changes_operation(const ports::Transition& transition);

}  // namespace hatchery::store
