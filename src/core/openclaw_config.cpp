#include "core/openclaw_config.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "core/webhook_path.hpp"

namespace hatchery::core {

namespace {

using base::ErrorKind;
using base::Json;
using base::Result;

/// A provider whose API OpenClaw speaks by a plugin of its own, and the variable of its key.
struct BuiltInProvider {
    std::string_view name;
    std::string_view key_variable;
};
constexpr std::array built_in_providers{
    BuiltInProvider{"anthropic", "ANTHROPIC_API_KEY"},
    BuiltInProvider{"openai", "OPENAI_API_KEY"},
    BuiltInProvider{"google", "GEMINI_API_KEY"},
};

/// The name of the entry for an OpenAI-compatible service. It differs from every provider that
/// OpenClaw knows, so that none of their plugins' rules applies to it.
constexpr std::string_view custom_provider = "hatchery";
constexpr std::string_view custom_key_variable = "HATCHERY_MODEL_API_KEY";

struct ModelRef {
    std::string_view provider;
    std::string_view model;
};

bool is_control(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return byte < 0x20 || byte == 0x7f;
}

/// What may stand in the JSON: OpenClaw replaces ${NAME} in every string of it.
Result<void> check_plain(std::string_view name, std::string_view text) {
    const bool fits = text.size() <= 2'000 && std::ranges::none_of(text, [](char c) {
                          return is_control(c) || c == ' ' || c == '$' || c == '"' || c == '\\' ||
                                 static_cast<unsigned char>(c) >= 0x80;
                      });
    if (fits) return {};
    return base::fail(ErrorKind::invalid,
                      fmt::format("{} holds characters that are not allowed.", name));
}

Result<void> check_url(std::string_view name, std::string_view url) {
    if (auto plain = check_plain(name, url); !plain) return plain;
    if (url.starts_with("https://") || url.starts_with("http://")) return {};
    return base::fail(ErrorKind::invalid,
                      fmt::format("{} must begin with https:// or http://.", name));
}

Result<ModelRef> split_model(std::string_view model) {
    if (auto plain = check_plain("model", model); !plain) return base::fail(plain.error());
    const auto slash = model.find('/');
    if (slash == std::string_view::npos || slash == 0 || slash + 1 == model.size()) {
        return base::fail(ErrorKind::invalid, "model must be written as provider/model.");
    }
    return ModelRef{.provider = model.substr(0, slash), .model = model.substr(slash + 1)};
}

/// The whole except Telegram and the model: nothing on that the bot does not need, the gateway on
/// loopback behind a token, no calls to anybody but the model and Telegram. Live reload is off:
/// start_bot.sh restarts OpenClaw after a change, and two that restart it would be one too many.
Json common_part() {
    return {
        {"gateway",
         {{"mode", "local"},
          {"port", gateway_port},
          {"bind", "loopback"},
          {"auth", {{"mode", "token"}, {"token", "${OPENCLAW_GATEWAY_TOKEN}"}}},
          {"controlUi", {{"enabled", false}}},
          {"terminal", {{"enabled", false}}},
          {"cliAgents", {{"enabled", false}}},
          {"http", {{"endpoints", {{"chatCompletions", {{"enabled", true}}}}}}},
          {"reload", {{"mode", "off"}}}}},
        {"update", {{"checkOnStart", false}}},
        {"telemetry", {{"enabled", false}}},
        {"discovery", {{"mdns", {{"mode", "off"}}}}},
        {"browser", {{"enabled", false}}},
        {"memory", {{"search", {{"enabled", false}}}}},
        {"logging",
         {{"file", "/var/lib/openclaw/state/logs/openclaw.log"}, {"maxFileBytes", 10'000'000}}},
        {"plugins", {{"allow", Json::array({"telegram", "memory-core"})}}},
        {"models", {{"catalogRefresh", {{"enabled", false}}}}},
        {"agents",
         {{"defaults",
           {{"workspace", "/var/lib/openclaw/workspace"}, {"heartbeat", {{"every", "0m"}}}}}}},
    };
}

Json custom_provider_entry(const OpenClawSettings& settings, std::string_view model) {
    return {
        {"baseUrl", settings.model_base_url},
        {"apiKey", fmt::format("${{{}}}", custom_key_variable)},
        {"api", "openai-completions"},
        {"models",
         Json::array({{{"id", model},
                       {"name", model},
                       {"reasoning", false},
                       {"input", Json::array({"text"})},
                       {"cost", {{"input", 0}, {"output", 0}, {"cacheRead", 0}, {"cacheWrite", 0}}},
                       {"contextWindow", 128'000},
                       {"maxTokens", 8'192}}})}};
}

/// Writes the model's part; the name of the variable that holds its key.
Result<std::string_view> add_model(Json& config, const OpenClawSettings& settings) {
    const auto ref = split_model(settings.model);
    if (!ref) return base::fail(ref.error());
    auto& primary = config["agents"]["defaults"]["model"]["primary"];
    if (!settings.model_base_url.empty()) {
        if (auto url = check_url("modelBaseUrl", settings.model_base_url); !url) {
            return base::fail(url.error());
        }
        primary = fmt::format("{}/{}", custom_provider, ref->model);
        config["models"]["mode"] = "replace";
        config["models"]["providers"][std::string(custom_provider)] =
            custom_provider_entry(settings, ref->model);
        return custom_key_variable;
    }
    const auto found = std::ranges::find(built_in_providers, ref->provider, &BuiltInProvider::name);
    if (found == built_in_providers.end()) {
        return base::fail(ErrorKind::invalid,
                          "model must be of anthropic, openai or google, or come with the base URL "
                          "of an OpenAI-compatible service.");
    }
    if (settings.model_api_key.empty()) {
        return base::fail(ErrorKind::invalid,
                          fmt::format("modelApiKey is missing for {}.", ref->provider));
    }
    primary = settings.model;
    config["plugins"]["allow"].push_back(ref->provider);
    return found->key_variable;
}

Result<void> add_webhook(Json& telegram, const OpenClawWebhook& webhook) {
    if (auto url = check_url("the webhook's URL", webhook.public_url); !url) return url;
    if (auto path = check_plain("the webhook's path", webhook.local_path); !path) return path;
    // Telegram takes 1 to 256 of these characters (Bot API, setWebhook).
    const auto& secret = webhook.secret.reveal();
    const bool fits =
        !secret.empty() && secret.size() <= 256 && std::ranges::all_of(secret, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '_' || c == '-';
        });
    if (!fits || !webhook.local_path.starts_with('/')) {
        return base::fail(ErrorKind::internal, "The webhook's secret or path is malformed.");
    }
    telegram["webhookUrl"] = webhook.public_url;
    telegram["webhookSecret"] = "${TELEGRAM_WEBHOOK_SECRET}";
    telegram["webhookPath"] = webhook.local_path;
    telegram["webhookHost"] = "127.0.0.1";
    telegram["webhookPort"] = webhook_port;
    return {};
}

Result<void> add_telegram(Json& config, const OpenClawSettings& settings) {
    Json telegram{{"enabled", true},
                  {"botToken", "${TELEGRAM_BOT_TOKEN}"},
                  {"groupPolicy", "disabled"},
                  {"configWrites", false}};
    if (settings.allowed_telegram_user_ids.empty()) {
        telegram["dmPolicy"] = "pairing";
    } else {
        telegram["dmPolicy"] = "allowlist";
        for (const auto id : settings.allowed_telegram_user_ids) {
            telegram["allowFrom"].push_back(std::to_string(id));
            config["commands"]["ownerAllowFrom"].push_back(fmt::format("telegram:{}", id));
        }
    }
    if (!settings.telegram_api_root.empty()) {
        if (auto url = check_url("the Telegram API's URL", settings.telegram_api_root); !url)
            return url;
        telegram["apiRoot"] = settings.telegram_api_root;
    }
    if (settings.webhook) {
        if (auto added = add_webhook(telegram, *settings.webhook); !added) return added;
    }
    config["channels"]["telegram"] = std::move(telegram);
    return {};
}

Result<base::Secret> render_environment(const OpenClawSettings& settings,
                                        std::string_view key_variable) {
    struct Variable {
        std::string_view name;
        const base::Secret* value;
    };
    // A service without a key still gets one, for OpenClaw refuses an empty variable.
    const base::Secret no_key{"none"};
    std::vector<Variable> variables{
        {"OPENCLAW_GATEWAY_TOKEN", &settings.gateway_token},
        {"TELEGRAM_BOT_TOKEN", &settings.telegram_token},
        {key_variable, settings.model_api_key.empty() ? &no_key : &settings.model_api_key}};
    if (settings.webhook)
        variables.push_back({"TELEGRAM_WEBHOOK_SECRET", &settings.webhook->secret});
    std::string text;
    for (const auto& variable : variables) {
        if (variable.value->empty()) {
            return base::fail(ErrorKind::invalid, fmt::format("{} is empty.", variable.name));
        }
        auto line = environment_line(variable.name, variable.value->reveal());
        if (!line) return base::fail(line.error());
        text += *line;
        std::ranges::fill(*line, '\0');
    }
    return base::Secret(std::move(text));
}

}  // namespace

Result<std::string> environment_line(std::string_view name, std::string_view value) {
    if (std::ranges::any_of(value, is_control) || !base::is_utf8(value)) {
        return base::fail(
            ErrorKind::invalid,
            fmt::format("{} holds control characters or text that is not UTF-8.", name));
    }
    std::string line = fmt::format("{}=\"", name);
    for (const char c : value) {
        if (c == '"' || c == '\\' || c == '$' || c == '`') line += '\\';
        line += c;
    }
    return line + "\"\n";
}

Result<OpenClawFiles> render_openclaw_config(const OpenClawSettings& settings) {
    Json config = common_part();
    const auto key_variable = add_model(config, settings);
    if (!key_variable) return base::fail(key_variable.error());
    if (auto added = add_telegram(config, settings); !added) return base::fail(added.error());
    auto environment = render_environment(settings, *key_variable);
    if (!environment) return base::fail(environment.error());
    return OpenClawFiles{.config = base::dump_json_pretty(config) + "\n",
                         .environment = std::move(*environment)};
}

}  // namespace hatchery::core
