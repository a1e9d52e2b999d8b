#pragma once

#include <string>

namespace hatchery::store::statements {

/// The statements of the job store, here so that tests can look at their plans.

/// $1 now, $2 limit, $3 lease end, $4 worker, $5 lease token of all of them, $6 capabilities.
/// Columns: columns::claimed.
[[nodiscard]] const std::string& claim();
/// Many decisions, each under its own lease. Rows: the number of a decision whose lease stood, from
/// 1 on, and whether a cancel was asked for.
///
/// $1 now, then arrays with one element a decision, in the order of `t` in the text: $2 operation,
/// $3 token; its row in the queue: $4 state, $5 run at, $6 signal, $7 message, $8 failures, $9
/// progress; $10 the job that ends, as migrations/0002 says; the job that follows it: $11 id, $12
/// step, $13 token if it is kept, $14 its lease's end; $15 whether the operation's row changes: $16
/// end, $17 phase, $18 deadline, $19 error, $20 result; $21 whether the bot's row changes: $22
/// status, $23 whether the condition changes, $24 condition, $25 reason, $26 deleted; $27 how many
/// events. Then arrays with one element an event: $28 number of its decision, $29 place among that
/// one's events from 1 on, $30 to $36 the columns of EventArrays.
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
