#include "integration/provisioning_scripts/bot.hpp"

#include <fmt/format.h>

#include "crypto/digest.hpp"
#include "support/catch.hpp"

namespace hatchery::test {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto version = "2026.9.6";
constexpr auto bundle_on_server = "/var/lib/hatchery/upload/bundle.tar.zst";
constexpr auto token = "7000000001:AAHd1mmyT0kenDummyT0kenDummyT0kenDu";
constexpr long long user = 4711;

}  // namespace

const std::vector<std::string> in_order{"install_dependencies.sh", "deploy_openclaw.sh",
                                        "configure_bot.sh", "start_bot.sh"};

Bot::Bot(SandboxServer& server) : server_(server) {
    support::ChildProcess build(
        {.command = {HATCHERY_SOURCE_DIR "/tests/support/stand_in_bundle/build.sh",
                     server.folder().string(), version},
         .environment = {},
         .working_directory = {},
         .log_path = (server.folder() / "build.log").string(),
         .capture_output = false});
    REQUIRE(build.wait(60s) == 0);
    bundle_ = server.folder() / fmt::format("openclaw-{}-linux-x64.tar.zst", version);
    sum_ = *crypto::sha256_file(bundle_.string());
    settings_ = {.model = "sandbox/sandbox-1",
                 .model_base_url = server.model_url(),
                 .model_api_key = base::Secret("model-key"),
                 .telegram_token = base::Secret(token),
                 .webhook = core::OpenClawWebhook{.public_url = "http://127.0.0.1:9/hooks/x",
                                                  .secret = base::Secret("hook-secret"),
                                                  .local_path = "/hooks/telegram/x"},
                 .allowed_telegram_user_ids = {user},
                 .telegram_api_root = server.telegram_url(),
                 .gateway_token = base::Secret("gateway-token")};
}

std::map<std::string, std::string> Bot::prepare(const std::string& script) {
    if (script == "deploy_openclaw.sh") {
        server_.exec("mkdir -p /var/lib/hatchery/upload");
        server_.upload(bundle_, bundle_on_server);
        return {
            {"OPENCLAW_VERSION", version}, {"BUNDLE_SHA256", sum_}, {"BUNDLE", bundle_on_server}};
    }
    if (script == "configure_bot.sh") {
        const auto files = core::render_openclaw_config(settings_);
        REQUIRE(files);
        const std::string stage = fmt::format("/var/lib/hatchery/stage/s{}", ++stages_);
        server_.exec("mkdir -p -m 0700 " + stage);
        server_.put(files->config, stage + "/openclaw.json");
        server_.put(files->environment.reveal(), stage + "/env");
        return {{"STAGE_DIR", stage}};
    }
    if (script == "start_bot.sh") {
        return {{"ACTION", "restart"},
                {"OPERATION_ID", fmt::format("op-{}", operation_)},
                {"WEBHOOK", settings_.webhook ? "yes" : "no"},
                {"START_LIMIT_S", "120"}};
    }
    return {};
}

EndedRun Bot::succeed(const std::string& script) {
    auto ended = run(script);
    INFO(script << " " << ended.text());
    REQUIRE(ended.exit_code == 0);
    CHECK(ended.text().find("the command failed") == std::string::npos);
    return ended;
}

void Bot::bring_up() {
    for (const auto& script : in_order) succeed(script);
}

std::string Bot::chat(const std::string& text) {
    const auto said = server_.telegram().post(
        "/sandbox/messages",
        {{"token", token}, {"chatId", user}, {"userId", user}, {"text", text}});
    REQUIRE(said.status == 201);
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    long long after = 0;
    for (;;) {
        const auto listed = server_.telegram().get(
            fmt::format("/sandbox/messages?token={}&after={}&wait=5", token, after));
        for (const auto& item : base::json_member(listed.body, "items")) {
            after = std::max(after, base::json_int(item, "seq"));
            const auto told = base::json_string(item, "text");
            if (base::json_string(item, "direction") == "bot" && told.ends_with(text)) return told;
        }
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
}

}  // namespace hatchery::test
