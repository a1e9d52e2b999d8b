#pragma once

#include <optional>
#include <vector>

#include "base/ids.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "store/operation_repository.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// The steps that ran, as their jobs tell, and those that are still to come. Pure.
[[nodiscard]] std::vector<StepView> steps_of(const core::Operation& operation,
                                             const std::vector<core::Job>& jobs);

/// The bot's live operation, or its latest one, with its jobs, as part of a statement over
/// `bots b`: joins that make `o` and `ran`, and their columns. One statement sees one moment, so
/// that the parts never contradict each other, and costs one round trip.
namespace latest_operation {
inline constexpr const char* joins = R"(
    LEFT JOIN LATERAL (
        SELECT * FROM operations WHERE bot_id = b.id AND kind <> 'chat'
        ORDER BY created_at DESC, id DESC LIMIT 1) AS o ON true
    LEFT JOIN jobs AS ran ON ran.operation_id = o.id )";
/// columns::stored_operation first. The steps behind it come as their text, which costs less to
/// take apart here than in the database.
inline constexpr const char* job_columns =
    " o.ended_jobs || coalesce(ran.ended_jobs, ''), ran.step, ran.state, ran.failures, "
    "ran.started_at, ran.message, ran.blocked_reason ";
/// Nothing when the bot has no operation yet.
[[nodiscard]] std::optional<OperationView> read(const Rows::Row& row, int first);
}  // namespace latest_operation

}  // namespace hatchery::store
