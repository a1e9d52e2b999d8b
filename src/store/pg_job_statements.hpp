#pragma once

#include <string>

namespace hatchery::store::statements {

/// The statements of the job store, here so that tests can look at their plans.

/// $1 now, $2 limit, $3 lease end, $4 worker, $5 lease token of all of them, $6 capabilities.
/// Columns: columns::claimed.
[[nodiscard]] const std::string& claim();
/// Many decisions, each under its own lease. Rows: the number of a decision whose lease stood, and
/// whether a cancel was asked for.
///
/// $1 now, then arrays of four kinds of parts, each naming its decision by number (see
/// TransitionArrays). A job that goes on: $2 number, $3 operation, $4 token, $5 state, $6 run at,
/// $7 signal, $8 message, $9 failures, $10 progress, $11 the job that ends, as migrations/0002
/// says; the job that follows it: $12 id, $13 step, $14 token if it is kept, $15 its lease's end. A
/// job that ends its operation: $16 number, $17 operation, $18 token, $19 state of the operation,
/// $20 the job, $21 result. What else is said of an operation: $22 number, $23 phase, $24 deadline,
/// $25 error. What is said of a bot: $26 number, $27 status, $28 whether the condition changes, $29
/// condition, $30 reason, $31 deleted, $32 how many events. An event: $33 number, $34 place among
/// those of its decision from 1 on, $35 to $41 the columns of EventArrays.
[[nodiscard]] const std::string& apply();
/// $1 operation, $2 token, $3 progress, $4 how many events, $5 to $11 arrays. One row if the lease
/// stands.
[[nodiscard]] const std::string& record();
/// $1 operations, $2 tokens (arrays), $3 lease end. Columns: job, whether a cancel was asked for.
[[nodiscard]] const std::string& renew();
/// $1 operations, $2 tokens (arrays).
[[nodiscard]] const std::string& give_back();
/// $1 now, $2 limit.
[[nodiscard]] const std::string& rescue();

}  // namespace hatchery::store::statements
