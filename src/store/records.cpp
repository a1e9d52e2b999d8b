#include "store/records.hpp"

#include <fmt/format.h>

#include <charconv>
#include <sstream>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::store {

core::Operation read_operation(const Rows::Row& row, int first) {
    core::Operation operation;
    operation.id = row.id<base::OperationId>(first);
    operation.bot_id = row.id<base::BotId>(first + 1);
    operation.user_id = row.id<base::UserId>(first + 2);
    operation.kind = row.enumerator<core::OperationKind>(first + 3);
    operation.state = row.enumerator<core::OperationState>(first + 4);
    operation.phase = row.enumerator<core::OperationPhase>(first + 5);
    operation.cancel_requested = row.boolean(first + 6);
    operation.created_at = row.time(first + 7);
    operation.deadline_at = row.time(first + 8);
    operation.started_at = row.optional_time(first + 9);
    operation.finished_at = row.optional_time(first + 10);
    if (!row.null(first + 11)) operation.error = read_error(row.text(first + 11));
    operation.payload = row.text(first + 12);
    operation.result = row.optional_text(first + 13);
    operation.request_id = row.text(first + 14);
    return operation;
}

core::Job read_job(const Rows::Row& row, int first) {
    core::Job job;
    job.id = row.id<base::JobId>(first);
    job.operation_id = row.id<base::OperationId>(first + 1);
    job.bot_id = row.id<base::BotId>(first + 2);
    job.step = row.enumerator<core::StepKind>(first + 3);
    job.state = row.enumerator<core::JobState>(first + 4);
    job.priority = static_cast<int>(row.integer(first + 5));
    job.failures = static_cast<int>(row.integer(first + 6));
    job.rescues = static_cast<int>(row.integer(first + 7));
    job.run_at = row.time(first + 8);
    job.signal = row.optional_text(first + 9);
    job.message = row.text(first + 10);
    job.progress = row.text(first + 11);
    job.created_at = row.time(first + 12);
    job.started_at = row.optional_time(first + 13);
    job.finished_at = row.optional_time(first + 14);
    job.requirements = row.text(first + 15);
    job.queue_at = row.time(first + 16);
    job.blocked_reason = row.text_or_empty(first + 17);
    return job;
}

ports::ClaimedJob read_claimed(const Rows::Row& row) {
    ports::ClaimedJob claimed;
    core::Job& job = claimed.job;
    core::Operation& operation = claimed.operation;
    job.operation_id = operation.id = row.id<base::OperationId>(0);
    job.id = row.id<base::JobId>(1);
    job.bot_id = operation.bot_id = row.id<base::BotId>(2);
    operation.user_id = row.id<base::UserId>(3);
    job.step = row.enumerator<core::StepKind>(4);
    job.state = core::JobState::running;
    job.priority = static_cast<int>(row.integer(5));
    job.failures = static_cast<int>(row.integer(6));
    job.rescues = static_cast<int>(row.integer(7));
    job.run_at = row.time(8);
    job.queue_at = row.time(9);
    job.message = row.text(10);
    job.progress = row.text(11);
    job.requirements = row.text(12);
    job.created_at = row.time(13);
    job.started_at = row.time(14);
    job.signal = row.optional_text(15);
    operation.kind = row.enumerator<core::OperationKind>(16);
    operation.state = core::OperationState::running;
    operation.phase = row.enumerator<core::OperationPhase>(17);
    operation.cancel_requested = row.boolean(18);
    operation.created_at = row.time(19);
    operation.deadline_at = row.time(20);
    if (!row.null(21)) operation.error = read_error(row.text(21));
    operation.payload = row.text(22);
    operation.request_id = row.text(23);
    return claimed;
}

std::string join_ids(const std::vector<std::string>& ids) {
    return fmt::format("{}", fmt::join(ids, ","));
}

std::vector<std::string> split_ids(const std::string& text) {
    std::vector<std::string> ids;
    std::istringstream stream(text);
    for (std::string id; std::getline(stream, id, ',');) ids.push_back(id);
    return ids;
}

core::Server read_server(const Rows::Row& row, int first) {
    core::Server server;
    server.id = row.id<base::ServerId>(first);
    server.bot_id = row.id<base::BotId>(first + 1);
    server.deployment_id = row.id<base::DeploymentId>(first + 2);
    server.provider = row.text(first + 3);
    server.region = row.text(first + 4);
    server.type = row.text(first + 5);
    server.image = row.text(first + 6);
    server.name = row.text(first + 7);
    server.state = row.enumerator<core::ServerState>(first + 8);
    server.provider_server_id = row.text(first + 9);
    server.public_ip = row.text(first + 10);
    server.host_key = row.text(first + 11);
    server.next_host_key = row.text(first + 12);
    server.host_key_rotated = row.boolean(first + 13);
    server.client_public_key = row.text(first + 14);
    server.price_monthly = row.text(first + 15);
    server.price_hourly = row.text(first + 16);
    server.price_currency = row.text(first + 17);
    server.created_at = row.time(first + 18);
    server.deleted_at = row.optional_time(first + 19);
    server.ssh_port = static_cast<std::uint16_t>(row.integer(first + 20));
    server.create_actions = split_ids(row.text(first + 21));
    server.create_word = core::parse_create_word(row.text(first + 22));
    return server;
}

core::Bot read_bot(const Rows::Row& row, int first) {
    core::Bot bot;
    bot.id = row.id<base::BotId>(first);
    bot.public_id = row.text(first + 1);
    bot.user_id = row.id<base::UserId>(first + 2);
    bot.name = row.text(first + 3);
    bot.telegram_bot_id = row.null(first + 4) ? 0 : row.integer(first + 4);
    bot.telegram_username = row.text(first + 5);
    bot.model = row.text(first + 6);
    bot.model_base_url = row.text(first + 7);
    bot.provider = row.text(first + 8);
    bot.region = row.text(first + 9);
    bot.server_type = row.text(first + 10);
    bot.telegram_mode = row.enumerator<core::TelegramMode>(first + 11);
    for (const auto& id : parse_array(row.text(first + 12))) {
        std::int64_t value = 0;
        std::from_chars(id.data(), id.data() + id.size(), value);
        bot.allowed_telegram_user_ids.push_back(value);
    }
    bot.status = row.enumerator<core::BotStatus>(first + 13);
    bot.condition = row.optional_enumerator<core::BotCondition>(first + 14);
    bot.status_reason = row.text(first + 15);
    bot.created_at = row.time(first + 16);
    bot.updated_at = row.time(first + 17);
    bot.settings_version = row.integer(first + 18);
    return bot;
}

core::Event read_event(const Rows::Row& row, int first) {
    core::Event event;
    event.seq = row.integer(first);
    event.operation_id = row.id<base::OperationId>(first + 1);
    event.at = row.time(first + 2);
    event.type = row.enumerator<core::EventType>(first + 3);
    event.level = row.enumerator<core::EventLevel>(first + 4);
    event.step = row.optional_enumerator<core::StepKind>(first + 5);
    event.stream = row.enumerator<core::EventStream>(first + 6);
    event.message = row.text(first + 7);
    event.data = row.text_or_empty(first + 8);
    return event;
}

std::string error_text(const base::Error& error) {
    base::Json json = {{"kind", base::to_text(error.kind)},
                       {"effect", base::to_text(error.effect)},
                       {"message", base::to_utf8(error.message)}};
    if (!error.next_action.empty()) json["nextAction"] = base::to_utf8(error.next_action);
    if (!error.code.empty()) json["code"] = base::to_utf8(error.code);
    return base::dump_json(json);
}

std::optional<std::string> error_text(const std::optional<base::Error>& error) {
    if (!error) return std::nullopt;
    return error_text(*error);
}

base::Error read_error(const std::string& text) {
    const auto json = base::parse_json(text);
    if (!json) throw SqlFailure("", "an operation's error that is no JSON", false);
    const auto kind = base::parse_enum<base::ErrorKind>(base::json_string(*json, "kind"));
    const auto effect = base::parse_enum<base::Effect>(base::json_string(*json, "effect"));
    if (!kind || !effect) throw SqlFailure("", "an operation's error of unknown kind", false);
    return {.kind = *kind,
            .effect = *effect,
            .message = base::json_string(*json, "message"),
            .next_action = base::json_string(*json, "nextAction"),
            .code = base::json_string(*json, "code"),
            .retry_after = std::nullopt,
            .context = {}};
}

void EventArrays::add(const core::NewEvent& event) {
    at_.push_back(Param(event.at).text().value());
    type_.emplace_back(base::to_text(event.type));
    level_.emplace_back(base::to_text(event.level));
    step_.emplace_back(event.step ? base::to_text(*event.step) : "");
    stream_.emplace_back(base::to_text(event.stream));
    message_.push_back(base::to_utf8(event.message));
    data_.push_back(base::to_utf8(event.data));
}

std::array<std::string, 7> EventArrays::texts() const {
    return {array_text(at_),     array_text(type_),    array_text(level_), array_text(step_),
            array_text(stream_), array_text(message_), array_text(data_)};
}

}  // namespace hatchery::store
