#pragma once

#include <string>

namespace hatchery::store::statements {

/// The statements of the job store, here so that tests can look at their plans.

/// $1 now, $2 limit, $3 lease end, $4 worker, $5 lease token of all of them, $6 capabilities.
/// Columns: job, operation.
[[nodiscard]] const std::string& claim();
/// Many decisions, each under its own lease. Rows: the number of a decision whose lease stood, from
/// 1 on, and whether a cancel was asked for.
///
/// $1 now, then arrays with one element a decision, in the order of `t` in the text: $2 job, $3
/// token; the job: $4 state, $5 run at, $6 signal, $7 message, $8 failures, $9 progress; $10
/// whether the operation's row changes: $11 end, $12 phase, $13 deadline, $14 error, $15 result;
/// the next job: $16 id, $17 step, $18 token if it is kept, $19 its lease's end; $20 whether the
/// bot's row changes: $21 status, $22 whether the condition changes, $23 condition, $24 reason,
/// $25 deleted; $26 how many events. Then arrays with one element an event: $27 number of its
/// decision, $28 place among that one's events from 1 on, $29 to $35 the columns of EventArrays.
[[nodiscard]] const std::string& apply();
/// $1 job, $2 token, $3 progress, $4 how many events, $5 to $11 arrays. One row if the lease
/// stands.
[[nodiscard]] const std::string& record();
/// $1 jobs, $2 tokens (arrays), $3 lease end. Columns: job, whether a cancel was asked for.
[[nodiscard]] const std::string& renew();
/// $1 jobs, $2 tokens (arrays).
[[nodiscard]] const std::string& give_back();
/// $1 now, $2 limit.
[[nodiscard]] const std::string& rescue();

}  // namespace hatchery::store::statements
