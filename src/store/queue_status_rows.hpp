#pragma once

#include "core/queue_status.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// The columns of a counted queue, in the order in which read_queue_status takes them; those of
/// the table queue_status, under its name `q`.
inline constexpr const char* queue_status_columns =
    " q.counted_at, q.due, q.waiting, q.running, q.blocked, q.oldest_due_at, q.workers, q.slots,"
    " q.max_slots, q.busy, q.oldest_transaction_s, q.desired_workers ";

[[nodiscard]] core::QueueStatus read_queue_status(const Rows::Row& row);

}  // namespace hatchery::store
