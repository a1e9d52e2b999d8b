#pragma once

#include <utility>

#include "base/result.hpp"
#include "support/fake_database.hpp"

namespace hatchery::support {

/// Runs one call of a fake store under the database's lock, with the fault it is due.
template <typename Work>
auto with_faults(FakeDatabase& db, Work&& work) -> decltype(work()) {
    const auto fault = db.take_fault();
    base::Error error{.kind = base::ErrorKind::unavailable,
                      .message = "The database does not answer."};
    if (fault == FakeDatabase::Fault::before) return base::fail(std::move(error));
    auto answer = [&] {
        const std::lock_guard lock(db.mutex);
        return work();
    }();
    if (fault == FakeDatabase::Fault::after) {
        error.effect = base::Effect::unknown;
        return base::fail(std::move(error));
    }
    return answer;
}

}  // namespace hatchery::support
