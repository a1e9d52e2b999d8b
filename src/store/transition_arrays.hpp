#pragma once

#include <array>
#include <string>
#include <vector>

#include "base/random.hpp"
#include "ports/job_store.hpp"
#include "store/binary_array.hpp"
#include "store/records.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// The next job of a transition that keeps it, made here so that it need not be read back.
struct NextJob {
    base::JobId id;
    base::LeaseToken token;
};

/// Completions as the parallel arrays that statements::apply() unnests. They are numbered from 0
/// on, in the order of add().
class TransitionArrays {
public:
    TransitionArrays(base::TimePoint now, base::Random& random);

    void add(const ports::Completion& completion);

    /// From $1 on.
    [[nodiscard]] std::vector<Param> parameters() const;
    [[nodiscard]] const NextJob& next(std::size_t number) const { return next_[number]; }

private:
    void add_moved(int number, const ports::Completion& completion);
    void add_gone(int number, const ports::Completion& completion);
    void add_said(int number, const ports::Transition& to);
    void add_bot(int number, const ports::Transition& to);

    base::TimePoint now_;
    base::Random& random_;
    /// One array for each parameter, in the order of the statement.
    using Columns = std::vector<BinaryArray>;
    Columns moved_;
    Columns gone_;
    Columns said_;
    Columns bots_;
    Columns owners_;
    EventArrays events_;
    std::vector<NextJob> next_;
};

/// Whether the transition writes the bot's row; no two of one statement may write the same.
[[nodiscard]] bool changes_bot(const ports::Transition& transition);
/// Whether it writes the operation's row.
[[nodiscard]] bool changes_operation(const ports::Transition& transition);

}  // namespace hatchery::store
