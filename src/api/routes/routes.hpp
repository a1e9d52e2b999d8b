#pragma once

#include <functional>
#include <string>

#include "api/answer.hpp"
#include "api/deps.hpp"
#include "api/event_hub.hpp"
#include "api/metrics.hpp"
#include "api/router.hpp"
#include "api/views.hpp"

namespace hatchery::api::routes {

/// What the handlers share. Outlives the router.
struct RouteContext {
    ApiDeps deps;
    EventHub& hub;
    Metrics& metrics;
    /// Open connections, for metrics.
    std::function<std::size_t()> connections;

    [[nodiscard]] PlaceDefaults place_defaults() const {
        return {.provider = deps.settings.default_provider,
                .region = deps.settings.default_region,
                .server_type = deps.settings.default_server_type};
    }
};

void add_health_routes(Router& router, RouteContext& context);
void add_hook_routes(Router& router, RouteContext& context);
void add_telegram_routes(Router& router, RouteContext& context);
void add_bot_routes(Router& router, RouteContext& context);
void add_deploy_routes(Router& router, RouteContext& context);
void add_operation_routes(Router& router, RouteContext& context);
void add_job_routes(Router& router, RouteContext& context);
/// Servers by hand, and the end of them and of what is nobody's.
void add_cloud_by_hand_routes(Router& router, RouteContext& context);
void add_cloud_routes(Router& router, RouteContext& context);
void add_cloud_ledger_routes(Router& router, RouteContext& context);
void add_admin_routes(Router& router, RouteContext& context);
void add_google_routes(Router& router, RouteContext& context);
void add_session_routes(Router& router, RouteContext& context);
void add_token_routes(Router& router, RouteContext& context);
void add_audit_routes(Router& router, RouteContext& context);
void add_option_routes(Router& router, RouteContext& context);
void add_log_search_routes(Router& router, RouteContext& context);
void add_fleet_routes(Router& router, RouteContext& context);
void add_cloud_project_routes(Router& router, RouteContext& context);
void add_cost_routes(Router& router, RouteContext& context);
void add_user_routes(Router& router, RouteContext& context);
void add_billing_routes(Router& router, RouteContext& context);

/// How long Telegram and providers may take while a caller waits.
inline constexpr std::chrono::milliseconds outside_limit{10'000};

/// The caller's bot of this id; 404 for somebody else's, and for what is no id.
[[nodiscard]] tl::expected<core::Bot, Problem> own_bot(RouteContext& context,
                                                       const Exchange& exchange,
                                                       const std::string& id);

/// The operation that an earlier run of this request started before it broke off, if it did. Also
/// when its bot has gone since: look here before looking for the bot.
[[nodiscard]] tl::expected<std::optional<core::Operation>, Problem> started_before(
    RouteContext& context, const Exchange& exchange);

/// What a caller asks for; see ports::NewOperation.
struct Asked {
    core::OperationKind kind;
    int priority = 0;
    std::string payload = "{}";
    std::string requirements = "{}";
    ports::EarlierChats earlier_chats = ports::EarlierChats::keep;
    std::optional<std::int64_t> if_settings_version;
};
/// Starts the operation on the caller's bot; 409 names a live one in `operationId`, 412 when the
/// settings have another version than was asked for.
[[nodiscard]] tl::expected<core::Operation, Problem> start_operation(RouteContext& context,
                                                                     const Exchange& exchange,
                                                                     const core::Bot& bot,
                                                                     Asked asked);
[[nodiscard]] tl::expected<core::Operation, Problem> start_operation(RouteContext& context,
                                                                     const Exchange& exchange,
                                                                     const core::Bot& bot,
                                                                     core::OperationKind kind);

/// 202 `{operationId, botId, status, operation}`.
[[nodiscard]] Answer accepted(const core::Bot& bot, const core::Operation& operation);
/// Starts an operation of this kind on the caller's bot of this id and tells of it.
[[nodiscard]] Outcome begin_operation(RouteContext& context, const Exchange& exchange,
                                      const std::string& bot_id, core::OperationKind kind);

/// A seat for a request that stays open: 503 when the house is full, 429 when the user has as many
/// as one may. `what` they are, in the plural, and what to do instead.
[[nodiscard]] tl::expected<std::shared_ptr<StreamSeats::Seat>, Problem> take_seat(
    StreamSeats& seats, const Exchange& exchange, const std::string& what,
    const std::string& next_action);

/// How long `?wait=` may ask for. No setting: proxies' read timeouts are made for it.
inline constexpr std::int64_t max_wait_s = 60;
/// A request for something of the bot that is not over yet, seen at hub version `seen`: it waits
/// for the bot's next change. Nothing when `wait` seconds after it came have passed, or when the
/// server stops: then it is answered as things are.
[[nodiscard]] std::optional<Outcome> wait_for_change(RouteContext& context,
                                                     const Exchange& exchange,
                                                     const base::BotId& bot, std::int64_t wait,
                                                     std::uint64_t seen);

/// Whose token it is, by getMe: 422 `token_invalid` naming `field` when Telegram does not know it.
[[nodiscard]] tl::expected<ports::TelegramBot, Problem> verified_token(RouteContext& context,
                                                                       const Exchange& exchange,
                                                                       const std::string& field,
                                                                       const base::Secret& token);

}  // namespace hatchery::api::routes
