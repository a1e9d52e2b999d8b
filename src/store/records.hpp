#pragma once

#include <optional>
#include <span>
#include <string>

#include "base/error.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "core/server.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// Column lists with the readers that belong to them. A list names its table by one letter
/// (`o.` operations, `j.` jobs, `s.` servers, `b.` bots, `e.` events); a reader takes the column
/// where the list begins.
namespace columns {
inline constexpr const char* operation =
    " o.id, o.bot_id, o.user_id, o.kind, o.state, o.phase, o.cancel_requested, o.created_at,"
    " o.deadline_at, o.started_at, o.finished_at, o.error ";
inline constexpr int operation_count = 12;
inline constexpr const char* job =
    " j.id, j.operation_id, j.bot_id, j.step, j.state, j.priority, j.failures, j.rescues,"
    " j.run_at, j.signal, j.message, j.progress, j.created_at, j.started_at, j.finished_at ";
inline constexpr int job_count = 15;
inline constexpr const char* server =
    " s.id, s.bot_id, s.deployment_id, s.provider, s.region, s.type, s.image, s.name, s.state,"
    " s.provider_server_id, s.public_ip, s.host_key, s.next_host_key, s.host_key_rotated,"
    " s.client_public_key, s.price_monthly, s.price_hourly, s.price_currency, s.created_at,"
    " s.deleted_at ";
inline constexpr const char* bot =
    " b.id, b.public_id, b.user_id, b.name, b.telegram_bot_id, b.telegram_username, b.model,"
    " b.model_base_url, b.provider, b.region, b.server_type, b.telegram_mode,"
    " b.allowed_telegram_user_ids, b.status, b.condition, b.status_reason, b.created_at,"
    " b.updated_at ";
inline constexpr const char* event =
    " e.seq, e.operation_id, e.at, e.type, e.level, e.step, e.stream, e.message, e.data ";
}  // namespace columns

[[nodiscard]] core::Operation read_operation(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Job read_job(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Server read_server(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Bot read_bot(const Rows::Row& row, int first = 0);
[[nodiscard]] core::Event read_event(const Rows::Row& row, int first = 0);

/// What a failure leaves in operations.error.
[[nodiscard]] std::string error_text(const base::Error& error);
[[nodiscard]] std::optional<std::string> error_text(const std::optional<base::Error>& error);
[[nodiscard]] base::Error read_error(const std::string& text);

/// Events as the parallel arrays that the statements unnest, one array a column.
struct EventArrays {
    explicit EventArrays(std::span<const core::NewEvent> events);
    std::int64_t count;
    std::string at, type, level, step, stream, message, data;
};

}  // namespace hatchery::store
