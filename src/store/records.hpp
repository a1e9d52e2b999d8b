#pragma once

#include <array>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "core/server.hpp"
#include "ports/job_store.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// Column lists with the readers that belong to them. A list names its table by one letter
/// (`o.` operations, `j.` jobs, `s.` servers, `b.` bots, `e.` events); a reader takes the column
/// where the list begins.
namespace columns {
/// An operation for reading: a live one is stored as pending, and what it is at follows from its
/// row in the queue.
inline constexpr const char* operation =
    " o.id, o.bot_id, o.user_id, o.kind,"
    " CASE WHEN o.finished_at IS NOT NULL THEN o.state ELSE coalesce("
    "  (SELECT CASE WHEN live.state IN ('running', 'waiting') THEN live.state"
    "    WHEN live.begun_at IS NOT NULL THEN 'running' ELSE 'pending' END"
    "   FROM jobs live WHERE live.operation_id = o.id), o.state) END,"
    " o.phase, o.cancel_requested, o.created_at, o.deadline_at,"
    " CASE WHEN o.finished_at IS NOT NULL THEN o.started_at"
    "  ELSE (SELECT begun_at FROM jobs live WHERE live.operation_id = o.id) END,"
    " o.finished_at, o.error, o.payload, o.result, o.request_id ";
/// The same for a statement that joins the operation's row in the queue, if it has one, as `live`.
inline constexpr const char* joined_operation =
    " o.id, o.bot_id, o.user_id, o.kind,"
    " CASE WHEN o.finished_at IS NOT NULL OR live.operation_id IS NULL THEN o.state"
    "  WHEN live.state IN ('running', 'waiting') THEN live.state"
    "  WHEN live.begun_at IS NOT NULL THEN 'running' ELSE 'pending' END,"
    " o.phase, o.cancel_requested, o.created_at, o.deadline_at,"
    " CASE WHEN o.finished_at IS NOT NULL THEN o.started_at ELSE live.begun_at END,"
    " o.finished_at, o.error, o.payload, o.result, o.request_id ";
/// The same without a look at its jobs, for a reader who has them: see operation_rows.hpp.
inline constexpr const char* stored_operation =
    " o.id, o.bot_id, o.user_id, o.kind, o.state, o.phase, o.cancel_requested, o.created_at,"
    " o.deadline_at, NULL, o.finished_at, o.error, o.payload, o.result, o.request_id ";
inline constexpr int operation_count = 15;
/// A job of the view all_jobs.
inline constexpr const char* job =
    " j.id, j.operation_id, j.bot_id, j.step, j.state, j.priority, j.failures, j.rescues,"
    " j.run_at, j.signal, j.message, j.progress, j.created_at, j.started_at, j.finished_at,"
    " j.requirements, j.queue_at, j.blocked_reason ";
inline constexpr int job_count = 18;
/// A job that was just claimed, with its operation: what a run of it needs. For query_binary, which
/// reads no jsonb.
inline constexpr const char* claimed =
    " j.operation_id, j.id, j.bot_id, j.user_id, j.step, j.priority, j.failures, j.rescues,"
    " j.run_at, j.queue_at, j.message, j.progress, CAST(j.requirements AS text), j.created_at,"
    " j.started_at, j.signal, o.kind, o.phase, j.cancel_requested, o.created_at, o.deadline_at,"
    " CAST(o.error AS text), o.payload, o.request_id ";
inline constexpr int claimed_count = 24;
inline constexpr const char* server =
    " s.id, s.bot_id, s.deployment_id, s.provider, s.region, s.type, s.image, s.name, s.state,"
    " s.provider_server_id, s.public_ip, s.host_key, s.next_host_key, s.host_key_rotated,"
    " s.client_public_key, s.price_monthly, s.price_hourly, s.price_currency, s.created_at,"
    " s.deleted_at, s.ssh_port, s.create_actions, s.create_word ";
inline constexpr int server_count = 23;
inline constexpr const char* bot =
    " b.id, b.public_id, b.user_id, b.name, b.telegram_bot_id, b.telegram_username, b.model,"
    " b.model_base_url, b.provider, b.region, b.server_type, b.telegram_mode,"
    " b.allowed_telegram_user_ids, b.status, b.condition, b.status_reason, b.created_at,"
    " b.updated_at, b.settings_version ";
inline constexpr int bot_count = 19;
inline constexpr const char* event =
    " e.seq, e.operation_id, e.at, e.type, e.level, e.step, e.stream, e.message, e.data ";
}  // namespace columns

/// The ids of a provider's actions as one column keeps them, and back.
[[nodiscard]] std::string join_ids(const std::vector<std::string>& ids);
[[nodiscard]] std::vector<std::string> split_ids(const std::string& text);

[[nodiscard]] core::Operation read_operation(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Job read_job(const Rows::Row& row, int first = 0);
/// A row of columns::claimed; its lease is not set.
[[nodiscard]] ports::ClaimedJob read_claimed(const Rows::Row& row);
[[nodiscard]] core::Server read_server(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Bot read_bot(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Event read_event(const Rows::Row& row, int first = 0);

/// What a failure leaves in operations.error.
[[nodiscard]] std::string error_text(const base::Error& error);
[[nodiscard]] std::optional<std::string> error_text(const std::optional<base::Error>& error);
[[nodiscard]] base::Error read_error(const std::string& text);

/// Events as the parallel arrays that the statements unnest, one array a column.
class EventArrays {
public:
    void add(const core::NewEvent& event);
    [[nodiscard]] std::int64_t count() const { return static_cast<std::int64_t>(at_.size()); }
    /// In the order of the columns: at, type, level, step, stream, message, data.
    [[nodiscard]] std::array<std::string, 7> texts() const;

private:
    std::vector<std::string> at_, type_, level_, step_, stream_, message_, data_;
};

}  // namespace hatchery::store
