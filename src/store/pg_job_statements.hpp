#pragma once

#include <string>

namespace hatchery::store::statements {

/// The statements of the job store, here so that tests can look at their plans.

/// $1 now, $2 limit, $3 lease end, $4 worker. Columns: job, operation, lease token.
[[nodiscard]] const std::string& claim();
/// One decision, if the lease stands. Columns: bot, whether a cancel was asked for, operation, then
/// job and lease token of the next job, NULL without one.
///
/// $1 job, $2 token, $3 now; job: $4 state, $5 run at, $6 signal, $7 message, $8 failures,
/// $9 progress; operation: $10 state, $11 phase, $12 deadline, $13 error; next job: $14 id, $15
/// step, $16 kept, $17 lease end; bot: $18 status, $19 whether the condition changes, $20
/// condition, $21 reason, $22 deleted; events: $23 how many, $24 to $30 arrays; $31 whether the
/// bot's row changes, $32 whether the operation's does.
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
