#include <fmt/format.h>

#include "core/openclaw_config.hpp"
#include "core/webhook_path.hpp"
#include "engine/script_step.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto call_limit = 30s;

/// The bot's own key, else the operator's for the model's provider, else none.
base::Result<base::Secret> model_key(StepContext& context, const core::Bot& bot) {
    auto own = context.bot_secret(ports::secret_name::model_api_key);
    if (own || own.error().kind != base::ErrorKind::not_found) return own;
    if (!bot.model_base_url.empty()) return base::Secret();
    const auto provider = bot.model.substr(0, bot.model.find('/'));
    const auto found = context.settings.model_keys.find(provider);
    if (found != context.settings.model_keys.end()) return found->second;
    return base::fail(base::ErrorKind::invalid,
                      fmt::format("There is no API key for the model provider {}.", provider),
                      "Give the bot a model key of its own, or choose another model.");
}

base::Result<core::OpenClawSettings> settings_of(StepContext& context) {
    auto bot = context.ports.fleet.bot(context.bot_id());
    if (!bot) return base::fail(std::move(bot).error());
    auto token = context.bot_secret(ports::secret_name::telegram_token);
    if (!token) return base::fail(std::move(token).error());
    auto gateway = context.bot_secret(ports::secret_name::gateway_token);
    if (!gateway) return base::fail(std::move(gateway).error());
    auto key = model_key(context, *bot);
    if (!key) return base::fail(std::move(key).error());
    core::OpenClawSettings settings{.model = bot->model,
                                    .model_base_url = bot->model_base_url,
                                    .model_api_key = *std::move(key),
                                    .telegram_token = *std::move(token),
                                    .webhook = std::nullopt,
                                    .allowed_telegram_user_ids = bot->allowed_telegram_user_ids,
                                    .telegram_api_root = context.settings.telegram_api_url,
                                    .gateway_token = *std::move(gateway)};
    if (bot->telegram_mode == core::TelegramMode::webhook) {
        auto secret = context.bot_secret(ports::secret_name::webhook_secret);
        if (!secret) return base::fail(std::move(secret).error());
        const std::string path = core::hook_path(bot->public_id);
        settings.webhook = core::OpenClawWebhook{.public_url = context.settings.public_url + path,
                                                 .secret = *std::move(secret),
                                                 .local_path = path};
    }
    return settings;
}

/// Puts both files onto the server, readable by root alone.
base::Result<void> stage(StepContext& context, const HostLogin& login, const std::string& folder) {
    auto settings = settings_of(context);
    if (!settings) return base::fail(std::move(settings).error());
    auto files = core::render_openclaw_config(*settings);
    if (!files) return base::fail(std::move(files).error());
    auto config = context.outside([&] {
        return context.ports.hosts.put_file(login.target, base::Secret(files->config),
                                            folder + "/openclaw.json", 0600,
                                            context.call(call_limit));
    });
    if (!config) return config;
    return context.outside([&] {
        return context.ports.hosts.put_file(login.target, files->environment, folder + "/env", 0600,
                                            context.call(call_limit));
    });
}

}  // namespace

core::StepOutcome configure_bot(StepContext& context) {
    auto login = login_of_bot(context);
    if (!login) return failed(std::move(login).error());
    const std::string folder = "/var/lib/hatchery/stage/" + context.claimed.job.id.text();
    if (auto outcome = run_script(context, *login,
                                  {.script = "configure_bot.sh",
                                   .environment = {{"STAGE_DIR", folder}},
                                   .prepare = [&] { return stage(context, *login, folder); }})) {
        return *std::move(outcome);
    }
    return core::Succeeded{"OpenClaw has found the configuration valid"};
}

}  // namespace hatchery::engine
