#include <fmt/format.h>

#include "core/webhook_path.hpp"
#include "engine/script_step.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using core::StepOutcome;

constexpr auto call_limit = 15s;
constexpr base::Milliseconds again{1'000};
/// OpenClaw registers the webhook itself while it starts; after this many looks we do it.
constexpr int looks_before_setting = 3;

const char* action_of(core::OperationKind kind) {
    const bool restart =
        kind == core::OperationKind::restart || kind == core::OperationKind::reconfigure;
    return restart ? "restart" : "start";
}

/// One GET on the server's loopback, as an update would travel: through the tunnel.
base::Result<int> probe(StepContext& context, const HostLogin& login, std::uint16_t port,
                        const std::string& path) {
    return context.outside([&]() -> base::Result<int> {
        auto tunnel = context.ports.hosts.open_tunnel(login.target, port, context.call(call_limit));
        if (!tunnel) return base::fail(std::move(tunnel).error());
        ports::HttpRequest request;
        request.url = fmt::format("http://127.0.0.1:{}{}", port, path);
        request.unix_socket = (*tunnel)->socket_path();
        auto response = context.ports.http.send(request, context.call(call_limit));
        if (!response) return base::fail(std::move(response).error());
        return response->status;
    });
}

std::optional<StepOutcome> check_way(StepContext& context, const HostLogin& login,
                                     std::uint16_t port, const std::string& path,
                                     const char* what) {
    auto status = probe(context, login, port, path);
    if (!status) return host_failed(login.server, std::move(status).error());
    if (*status == 200) return std::nullopt;
    return failed({.kind = base::ErrorKind::unavailable,
                   .effect = base::Effect::none,
                   .message = fmt::format("OpenClaw's {} answered {}.", what, *status),
                   .next_action = "Read the last lines of the log.",
                   .code = fmt::format("http_{}", *status),
                   .retry_after = std::nullopt,
                   .context = {}});
}

/// Registers the webhook in OpenClaw's place.
std::optional<StepOutcome> set_webhook(StepContext& context, const base::Secret& token,
                                       const std::string& url) {
    auto secret = context.bot_secret(ports::secret_name::webhook_secret);
    if (!secret) return failed(std::move(secret).error());
    auto set = context.outside([&] {
        return context.ports.telegram.set_webhook(
            token,
            {.url = url, .secret_token = *secret, .max_connections = 40, .allowed_updates = {}},
            context.call(call_limit));
    });
    if (!set) return failed(std::move(set).error());
    return std::nullopt;
}

/// Telegram's own word that it posts to us.
std::optional<StepOutcome> check_webhook(StepContext& context, const core::Bot& bot) {
    auto token = context.bot_secret(ports::secret_name::telegram_token);
    if (!token) return failed(std::move(token).error());
    const std::string url = context.settings.public_url + core::hook_path(bot.public_id);
    auto info = context.outside(
        [&] { return context.ports.telegram.get_webhook_info(*token, context.call(call_limit)); });
    if (!info) return failed(std::move(info).error());
    if (info->url == url) return std::nullopt;
    const long long looks = base::json_int(context.progress, "webhook_looks") + 1;
    context.progress["webhook_looks"] = looks;
    if (looks >= looks_before_setting) {
        if (auto outcome = set_webhook(context, *token, url)) return outcome;
    }
    return context.wait(again, "waiting for Telegram to show the webhook");
}

}  // namespace

StepOutcome start_bot(StepContext& context) {
    auto login = login_of_bot(context);
    if (!login) return failed(std::move(login).error());
    auto bot = context.ports.fleet.bot(context.bot_id());
    if (!bot) return failed(std::move(bot).error());
    const bool webhook = bot->telegram_mode == core::TelegramMode::webhook;
    const auto& operation = context.claimed.operation;
    if (auto outcome = run_script(context, *login,
                                  {.script = "start_bot.sh",
                                   .environment = {{"ACTION", action_of(operation.kind)},
                                                   {"OPERATION_ID", operation.id.text()},
                                                   {"WEBHOOK", webhook ? "yes" : "no"}},
                                   .prepare = nullptr})) {
        return *std::move(outcome);
    }
    if (auto outcome = check_way(context, *login, core::gateway_port, "/readyz", "gateway")) {
        return *std::move(outcome);
    }
    if (webhook) {
        if (auto outcome =
                check_way(context, *login, core::webhook_port, "/healthz", "webhook listener")) {
            return *std::move(outcome);
        }
        if (auto outcome = check_webhook(context, *bot)) return *std::move(outcome);
    }
    return core::Succeeded{fmt::format("@{} answers", bot->telegram_username)};
}

}  // namespace hatchery::engine
