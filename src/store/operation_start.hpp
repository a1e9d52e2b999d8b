#pragma once

#include "base/random.hpp"
#include "base/result.hpp"
#include "core/operation.hpp"
#include "ports/job_store.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// Makes the operation and its first job, and tells of it in the bot's log; within a transaction.
/// conflict: another operation of the bot is under way (its id is the error's code), its state does
/// not allow this one, or its settings have changed meanwhile (other_version()); rate_limited: it
/// has as many chats in line as it may.
[[nodiscard]] base::Result<core::Operation> start_operation_in(Sql& sql,
                                                               const ports::NewOperation& request,
                                                               base::Random& random);

/// Marks the operation as cancelled and brings its job forward; within a transaction. conflict: it
/// has ended, cannot be cancelled, or turns back already after a failure.
[[nodiscard]] base::Result<void> cancel_operation_in(Sql& sql, const base::OperationId& id,
                                                     base::TimePoint now);

/// conflict with the code `other_version`: the bot's settings are not those that were meant.
[[nodiscard]] base::Error other_version();
[[nodiscard]] base::Error no_such_bot();
[[nodiscard]] base::Error no_such_operation();

}  // namespace hatchery::store
