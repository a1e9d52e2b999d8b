#include "api/views.hpp"

#include "base/json_value.hpp"

namespace hatchery::api {

using base::Json;

Json time_view(const std::optional<base::TimePoint>& time) {
    return time ? Json(base::format_time(*time)) : Json();
}

namespace {

Json text_or_null(const std::string& text) { return text.empty() ? Json() : Json(text); }

const std::string& or_default(const std::string& value, const std::string& otherwise) {
    return value.empty() ? otherwise : value;
}

template <typename E>
std::string text_of(E value) {
    return std::string(base::to_text(value));
}

Json error_view(const std::optional<base::Error>& error) {
    if (!error) return {};
    return {{"kind", text_of(error->kind)},
            {"message", error->message},
            {"nextAction", text_or_null(error->next_action)}};
}

Json step_view(const store::StepView& step) {
    return {{"kind", text_of(step.kind)},
            {"phase", text_of(step.phase)},
            {"state", text_of(step.state)},
            {"attempt", step.attempt},
            {"startedAt", time_view(step.started_at)},
            {"finishedAt", time_view(step.finished_at)},
            {"message", step.message}};
}

/// What the bot's status says about its health; nothing is claimed for a bot that does not run.
Json health_view(const core::Bot& bot) {
    switch (bot.status) {
        case core::BotStatus::active:
            return {{"state", bot.condition == core::BotCondition::degraded ? "degraded" : "ok"},
                    {"reason", text_or_null(bot.status_reason)}};
        case core::BotStatus::failed:
            return {{"state", "failed"}, {"reason", text_or_null(bot.status_reason)}};
        case core::BotStatus::pending:
        case core::BotStatus::deploying:
        case core::BotStatus::stopped:
            break;
    }
    return {};
}

}  // namespace

base::Json money_view(const std::string& amount, const std::string& currency) {
    if (amount.empty()) return {};
    std::string shown = amount;
    // Providers print up to ten decimals; the zeros behind the cents say nothing.
    if (const auto point = shown.find('.'); point != std::string::npos) {
        while (shown.size() > point + 3 && shown.back() == '0') shown.pop_back();
    }
    return {{"amount", std::move(shown)}, {"currency", currency}};
}

base::Json sum_view(const std::string& amount, const std::string& currency, std::int64_t servers,
                    std::int64_t unpriced) {
    if (servers == unpriced) return {};
    return money_view(amount, currency);
}

base::Json bot_view(const core::Bot& bot, const PlaceDefaults& defaults) {
    Json ids = Json::array();
    for (const auto id : bot.allowed_telegram_user_ids) ids.push_back(id);
    return {{"id", bot.id.text()},
            {"publicId", bot.public_id},
            {"name", bot.name},
            {"telegramBotId", bot.telegram_bot_id},
            {"telegramUsername", bot.telegram_username},
            {"model", bot.model},
            {"modelBaseUrl", text_or_null(bot.model_base_url)},
            {"provider", or_default(bot.provider, defaults.provider)},
            {"region", text_or_null(or_default(bot.region, defaults.region))},
            {"serverType", text_or_null(or_default(bot.server_type, defaults.server_type))},
            {"telegramMode", text_of(bot.telegram_mode)},
            {"allowedTelegramUserIds", std::move(ids)},
            {"status", text_of(bot.status)},
            {"condition", bot.condition ? Json(text_of(*bot.condition)) : Json()},
            {"statusReason", text_or_null(bot.status_reason)},
            {"createdAt", base::format_time(bot.created_at)},
            {"updatedAt", base::format_time(bot.updated_at)}};
}

base::Json operation_summary(const core::Operation& operation) {
    return {{"id", operation.id.text()},
            {"botId", operation.bot_id.text()},
            {"kind", text_of(operation.kind)},
            {"state", text_of(operation.state)},
            {"phase", text_of(operation.phase)},
            {"cancelRequested", operation.cancel_requested},
            {"createdAt", base::format_time(operation.created_at)},
            {"deadlineAt", base::format_time(operation.deadline_at)},
            {"startedAt", time_view(operation.started_at)},
            {"finishedAt", time_view(operation.finished_at)},
            {"requestId", text_or_null(operation.request_id)},
            {"error", error_view(operation.error)}};
}

base::Json operation_view(const store::OperationView& operation) {
    Json view = operation_summary(operation.operation);
    Json steps = Json::array();
    for (const auto& step : operation.steps) steps.push_back(step_view(step));
    view["steps"] = std::move(steps);
    return view;
}

base::Json server_view(const std::optional<core::Server>& server) {
    if (!server) return {};
    return {{"id", server->id.text()},
            {"name", server->name},
            {"state", text_of(server->state)},
            {"provider", server->provider},
            {"region", server->region},
            {"type", server->type},
            {"publicIp", text_or_null(server->public_ip)},
            {"cost", money_view(server->price_monthly, server->price_currency)},
            {"costHourly", money_view(server->price_hourly, server->price_currency)}};
}

base::Json deployment_view(const store::DeploymentView& view) {
    return {{"botId", view.bot.id.text()},
            {"status", text_of(view.bot.status)},
            {"condition", view.bot.condition ? Json(text_of(*view.bot.condition)) : Json()},
            {"statusReason", text_or_null(view.bot.status_reason)},
            {"operation", view.operation ? operation_view(*view.operation) : Json()},
            {"server", server_view(view.server)},
            {"health", health_view(view.bot)}};
}

base::Json event_view(const core::Event& event) {
    Json view = {{"seq", event.seq},
                 {"at", base::format_time(event.at)},
                 {"type", text_of(event.type)},
                 {"level", text_of(event.level)},
                 {"step", event.step ? Json(text_of(*event.step)) : Json()},
                 {"stream", text_of(event.stream)},
                 {"message", event.message},
                 {"operationId", text_or_null(event.operation_id.text())}};
    if (event.data.empty()) return view;
    if (auto data = base::parse_json(event.data)) view["data"] = std::move(*data);
    return view;
}

std::string event_stream_text(const core::Event& event) {
    // Compact JSON has no line break, so one data line carries it.
    return "id: " + std::to_string(event.seq) + "\nevent: " + text_of(event.type) +
           "\ndata: " + base::dump_json(event_view(event)) + "\n\n";
}

}  // namespace hatchery::api
