#include "core/openclaw_config.hpp"

#include <string>

#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using core::OpenClawSettings;

namespace {

OpenClawSettings webhook_settings() {
    return {.model = "anthropic/claude-opus-5",
            .model_base_url = {},
            .model_api_key = base::Secret("model-key-value"),
            .telegram_token = base::Secret("123456:telegram-token-value"),
            .webhook = core::OpenClawWebhook{.public_url = "https://bots.example/hooks/telegram/x1",
                                             .secret = base::Secret("webhook-secret-value"),
                                             .local_path = "/hooks/telegram/x1"},
            .allowed_telegram_user_ids = {111, 222},
            .telegram_api_root = {},
            .gateway_token = base::Secret("gateway-token-value")};
}

base::Json config_of(const OpenClawSettings& settings) {
    const auto files = core::render_openclaw_config(settings);
    REQUIRE(files);
    return base::Json::parse(files->config);
}

std::string environment_of(const OpenClawSettings& settings) {
    const auto files = core::render_openclaw_config(settings);
    REQUIRE(files);
    return files->environment.reveal();
}

}  // namespace

TEST_CASE("no secret stands in the configuration, every one in the environment") {
    const auto files = core::render_openclaw_config(webhook_settings());
    REQUIRE(files);
    for (const std::string secret : {"model-key-value", "123456:telegram-token-value",
                                     "webhook-secret-value", "gateway-token-value"}) {
        CHECK(files->config.find(secret) == std::string::npos);
        CHECK(files->environment.reveal().find("=\"" + secret + "\"\n") != std::string::npos);
    }
}

TEST_CASE("every variable that the configuration names is in the environment") {
    for (const std::string base_url : {"", "https://models.example/v1"}) {
        auto settings = webhook_settings();
        settings.model_base_url = base_url;
        const auto files = core::render_openclaw_config(settings);
        REQUIRE(files);
        for (auto at = files->config.find("${"); at != std::string::npos;
             at = files->config.find("${", at + 1)) {
            const auto name = files->config.substr(at + 2, files->config.find('}', at) - at - 2);
            CHECK(files->environment.reveal().find(name + "=\"") != std::string::npos);
        }
    }
}

TEST_CASE("a built-in provider gets its plugin, its key's variable and no entry of its own") {
    struct Row {
        std::string model;
        std::string plugin;
        std::string variable;
    };
    for (const Row& row : {Row{"anthropic/claude-opus-5", "anthropic", "ANTHROPIC_API_KEY"},
                           Row{"openai/gpt-5.6", "openai", "OPENAI_API_KEY"},
                           Row{"google/gemini-3.1-pro-preview", "google", "GEMINI_API_KEY"}}) {
        auto settings = webhook_settings();
        settings.model = row.model;
        const auto config = config_of(settings);
        CHECK(config["agents"]["defaults"]["model"]["primary"] == row.model);
        CHECK(config["plugins"]["allow"] ==
              base::Json::array({"telegram", "memory-core", row.plugin}));
        CHECK_FALSE(config["models"].contains("providers"));
        CHECK_FALSE(config["models"].contains("mode"));
        CHECK(environment_of(settings).find(row.variable + "=\"model-key-value\"\n") !=
              std::string::npos);
    }
}

TEST_CASE(
    "a base URL becomes an OpenAI-compatible provider of its own, with the model's full name") {
    auto settings = webhook_settings();
    settings.model = "openrouter/vendor/model-1:free";
    settings.model_base_url = "http://10.0.0.1:8080/v1";
    const auto config = config_of(settings);
    CHECK(config["agents"]["defaults"]["model"]["primary"] == "hatchery/vendor/model-1:free");
    const auto& entry = config["models"]["providers"]["hatchery"];
    CHECK(entry["baseUrl"] == "http://10.0.0.1:8080/v1");
    CHECK(entry["api"] == "openai-completions");
    CHECK(entry["models"][0]["id"] == "vendor/model-1:free");
    CHECK(entry["models"][0]["input"] == base::Json::array({"text"}));
    CHECK(config["models"]["mode"] == "replace");
}

TEST_CASE("a service of one's own needs no key") {
    auto settings = webhook_settings();
    settings.model = "local/llama";
    settings.model_base_url = "http://10.0.0.1:8080/v1";
    settings.model_api_key = {};
    CHECK(environment_of(settings).find("HATCHERY_MODEL_API_KEY=\"none\"\n") != std::string::npos);
}

TEST_CASE("webhook mode names URL, path and listener, polling mode none of them") {
    auto settings = webhook_settings();
    const auto config = config_of(settings);
    const auto& webhook = config["channels"]["telegram"];
    CHECK(webhook["webhookUrl"] == "https://bots.example/hooks/telegram/x1");
    CHECK(webhook["webhookPath"] == "/hooks/telegram/x1");
    CHECK(webhook["webhookHost"] == "127.0.0.1");
    CHECK(webhook["webhookPort"] == 8787);

    settings.webhook = std::nullopt;
    const auto polling = config_of(settings);
    for (const auto& [key, value] : polling["channels"]["telegram"].items()) {
        CHECK(key.find("webhook") == std::string::npos);
    }
    CHECK(environment_of(settings).find("WEBHOOK") == std::string::npos);
}

TEST_CASE("allowed users become an allowlist and the owners, nobody allowed means pairing") {
    auto settings = webhook_settings();
    auto config = config_of(settings);
    CHECK(config["channels"]["telegram"]["dmPolicy"] == "allowlist");
    CHECK(config["channels"]["telegram"]["allowFrom"] == base::Json::array({"111", "222"}));
    CHECK(config["commands"]["ownerAllowFrom"] ==
          base::Json::array({"telegram:111", "telegram:222"}));

    settings.allowed_telegram_user_ids = {};
    config = config_of(settings);
    CHECK(config["channels"]["telegram"]["dmPolicy"] == "pairing");
    CHECK_FALSE(config["channels"]["telegram"].contains("allowFrom"));
    CHECK_FALSE(config.contains("commands"));
}

TEST_CASE("the gateway listens on loopback behind its token") {
    const auto gateway = config_of(webhook_settings())["gateway"];
    CHECK(gateway["bind"] == "loopback");
    CHECK(gateway["port"] == 18789);
    CHECK(gateway["auth"]["mode"] == "token");
    CHECK(gateway["auth"]["token"] == "${OPENCLAW_GATEWAY_TOKEN}");
}

TEST_CASE("the same settings give the same bytes") {
    CHECK(core::render_openclaw_config(webhook_settings())->config ==
          core::render_openclaw_config(webhook_settings())->config);
}

TEST_CASE("text that OpenClaw would read as something else is refused") {
    const auto refused = [](const auto& change) {
        auto settings = webhook_settings();
        change(settings);
        const auto files = core::render_openclaw_config(settings);
        return !files && files.error().kind == base::ErrorKind::invalid;
    };
    CHECK(refused([](auto& s) { s.model = "no-provider"; }));
    CHECK(refused([](auto& s) { s.model = "/model"; }));
    CHECK(refused([](auto& s) { s.model = "anthropic/"; }));
    CHECK(refused([](auto& s) { s.model = "unknown/model"; }));
    CHECK(refused([](auto& s) { s.model = "anthropic/${TELEGRAM_BOT_TOKEN}"; }));
    CHECK(refused([](auto& s) { s.model = "anthropic/a\nb"; }));
    CHECK(refused([](auto& s) { s.model_base_url = "ftp://models.example"; }));
    CHECK(refused([](auto& s) { s.model_base_url = "https://x.example/${ANTHROPIC_API_KEY}"; }));
    CHECK(refused([](auto& s) { s.telegram_api_root = "file:///etc"; }));
    CHECK(refused([](auto& s) { s.model_api_key = {}; }));
    CHECK(refused([](auto& s) { s.telegram_token = {}; }));
    CHECK(refused([](auto& s) { s.gateway_token = {}; }));
    CHECK(refused([](auto& s) { s.model_api_key = base::Secret("two\nlines"); }));
}

TEST_CASE("an environment value is quoted for every printable character") {
    CHECK(core::environment_line("A", "plain-1") == "A=\"plain-1\"\n");
    CHECK(core::environment_line("A", "") == "A=\"\"\n");
    CHECK(core::environment_line("A", R"(a"b\c$d`e)") == "A=\"a\\\"b\\\\c\\$d\\`e\"\n");
    CHECK(core::environment_line("A", " ' # ; ") == "A=\" ' # ; \"\n");
    CHECK(core::environment_line("A", "\xC3\xBC") == "A=\"\xC3\xBC\"\n");
}

TEST_CASE("an environment value with a control character or malformed UTF-8 is refused") {
    for (int byte = 0; byte < 256; ++byte) {
        const std::string value = std::string("a") + static_cast<char>(byte) + "b";
        const bool printable = byte >= 0x20 && byte < 0x7f;
        CHECK(core::environment_line("A", value).has_value() == printable);
    }
}
