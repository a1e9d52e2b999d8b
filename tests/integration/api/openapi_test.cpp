#include "api/openapi.hpp"

#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "api/access.hpp"
#include "api_world.hpp"
#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "kind_issuer.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using base::Json;
using core::OperationState;

namespace {

const std::string billing_secret = "0123456789abcdef0123456789abcdef";

struct DescribedWorld {
    KindIssuer issuer;
    ApiWorld api{WorldSetup{.open_id = &issuer, .billing_secrets = {base::Secret(billing_secret)}}};
    std::string admin = api.make_token("admin@example.org",
                                       {"bots:read", "bots:write", "deploy", "account", "admin"},
                                       std::nullopt, store::UserRole::admin);

    ApiResponse as_admin(const std::string& method, const std::string& path,
                         const Json& body = nullptr) {
        return api.call(method, path, admin, body.is_null() ? "" : body.dump());
    }
};

void call_open_routes(ApiWorld& api) {
    for (const char* path :
         {"/healthz", "/readyz", "/metrics", "/openapi.json", "/docs", "/api/auth/options"}) {
        CHECK(api.call("GET", path, "").status == 200);
    }
    api.receiver.answer = {.status = 200};
    CHECK(api.call("POST", "/hooks/telegram/abc", "", R"({"update_id":1})").status == 200);
    api.receiver.answer = {.status = 401};
    CHECK(api.call("POST", "/hooks/telegram/abc", "", R"({"update_id":1})").status == 401);
}

void call_bot_routes(ApiWorld& api) {
    Json body = api.bot_body(100001);
    body["allowedTelegramUserIds"] = {4711};
    body["modelApiKey"] = "key";
    body["modelBaseUrl"] = "https://models.example/v1";
    const auto made = api.post("/api/bots/create", body);
    REQUIRE(made.status == 201);
    const std::string bot = made.body["id"];
    CHECK(api.post("/api/bots/create", body).status == 409);
    CHECK(api.post("/api/bots/create", {{"name", 5}}).status == 422);
    CHECK(api.call("POST", "/api/bots/create", api.alice, "nonsense").status == 400);
    CHECK(api.get("/api/bots?limit=1").status == 200);
    CHECK(api.get("/api/bots?limit=0").status == 400);
    CHECK(api.get("/api/bots/" + bot).status == 200);
    CHECK(api.get("/api/bots/" + bot + "/messages").status == 200);
    CHECK(api.get("/api/bots/" + bot + "/costs").status == 200);
    CHECK(api.get("/api/bots/019a0000-0000-7000-8000-000000000000").status == 404);
    CHECK(api.put("/api/bots/" + bot, {{"name", "Other"}, {"modelApiKey", nullptr}}).status == 200);
    CHECK(api.call("DELETE", "/api/bots/" + bot + "?plan=true", api.alice).status == 200);

    api.telegram.add_bot(telegram_token(100002), "two", "Two");
    CHECK(api.post("/api/telegram/verify-token", {{"token", telegram_token(100002)}}).status ==
          200);
    CHECK(api.post("/api/telegram/verify-token", {{"token", telegram_token(100009)}}).status ==
          200);
    CHECK(api.get("/api/telegram/bot-info?botId=" + bot).status == 200);
}

void call_deploy_routes(ApiWorld& api) {
    const auto bot = api.make_bot(100003);
    const auto of_bot = [&](const std::string& rest) { return "/api/deploy/" + bot + rest; };
    CHECK(api.get(of_bot("/status")).status == 200);
    CHECK(api.get("/api/deploy/options").status == 200);
    const auto deploy = api.post("/api/deploy", {{"botId", bot}});
    REQUIRE(deploy.status == 202);
    CHECK(api.post("/api/deploy", {{"botId", bot}}).status == 409);
    auto job = api.claim();
    api.plan_server(job);
    api.log(job, {"one line", "another"});
    CHECK(api.get(of_bot("/status")).status == 200);
    CHECK(api.get("/api/bots/" + bot + "/costs").body["months"].size() == 1);
    CHECK(api.get("/api/costs").body["bots"].size() == 1);
    CHECK(api.get("/api/costs?month=2026-13").status == 400);
    api.end(job, OperationState::succeeded);
    CHECK(api.get(of_bot("/logs?limit=1&level=debug&q=line")).status == 200);
    CHECK(api.get(of_bot("/logs?after=0&type=status")).status == 200);
    CHECK(api.call("HEAD", of_bot("/events?tail=5"), api.alice).status == 200);
    CHECK(api.get("/api/operations/" + deploy.body["operationId"].get<std::string>() + "?wait=1")
              .status == 200);
    CHECK(api.post("/api/telegram/set-webhook", {{"botId", bot}}).status == 200);
    CHECK(api.put("/api/bots/" + bot, {{"allowedTelegramUserIds", {4711}}}).status == 200);
    api.end(api.claim(), OperationState::succeeded);
    for (const char* word : {"/restart", "/stop", "/start"}) {
        CHECK(api.post(of_bot(word)).status == 202);
        api.end(api.claim(), OperationState::succeeded);
    }
    CHECK(api.post(of_bot("/restart")).status == 202);
    CHECK(api.post(of_bot("/cancel")).status == 202);
    api.end(api.claim(), OperationState::failed);
    CHECK(api.get(of_bot("/status")).status == 200);
    CHECK(api.call("DELETE", "/api/bots/" + bot, api.alice).status == 202);
}

void call_job_routes(ApiWorld& api) {
    const auto bot = api.make_bot(100004);
    const Json chat = {{"type", "CHAT"},
                       {"payload", {{"botId", bot}, {"message", "hello"}, {"interrupt", true}}},
                       {"priority", -2},
                       {"requirements", {{"region", {"fsn1", "nbg1"}}, {"cpus", {{"min", 2}}}}}};
    const auto accepted = api.post("/api/jobs", chat);
    REQUIRE(accepted.status == 202);
    const std::string id = accepted.body["jobId"];
    CHECK(api.post("/api/jobs", {{"type", "CHAT"}}).status == 422);
    CHECK(api.get("/api/jobs/" + id).status == 200);
    CHECK(api.get("/api/jobs?limit=10&type=CHAT&status=PENDING&botId=" + bot).status == 200);
    CHECK(api.post("/api/jobs/" + id + "/cancel").status == 202);
    CHECK(api.get("/api/jobs/" + id).status == 200);
}

void call_admin_routes(DescribedWorld& world) {
    CHECK(world.as_admin("GET", "/api/admin/logs?q=the&level=debug&limit=1").status == 200);
    CHECK(world.as_admin("GET", "/api/admin/queue").status == 200);
    auto& api = world.api;
    const auto now = api.clock.now();
    REQUIRE(api.workers->beat({.id = base::make_id<base::WorkerId>(now, api.random),
                               .host = "a",
                               .version = "1.2.3",
                               .role = core::WorkerRole::worker,
                               .capabilities = R"({"region": "fsn1"})",
                               .slots = 32,
                               .max_slots = 50,
                               .busy = 5,
                               .draining = false,
                               .started_at = now,
                               .heartbeat_at = now}));
    api.post("/api/deploy", {{"botId", api.make_bot(100005)}});
    for (const char* path :
         {"/api/cloud/available-regions?provider=hetzner", "/api/cloud/servers", "/api/admin/fleet",
          "/api/cloud/sweep", "/api/cloud/projects", "/api/admin/costs?by=provider",
          "/api/admin/costs?month=2026-11", "/api/admin/workers", "/api/admin/plans",
          "/api/admin/alarms?limit=5", "/api/admin/operations?stuck=false",
          "/api/admin/audit?limit=5", "/api/admin/users?limit=5", "/api/me"}) {
        const auto answer = world.as_admin("GET", path);
        INFO(path << " " << answer.text);
        CHECK(answer.status == 200);
        CHECK(api.call("GET", path, "").status == 401);
    }
    CHECK(api.get("/api/admin/workers").status == 403);
    CHECK(world.as_admin("POST", "/api/cloud/sweep").status == 202);
    const auto made =
        world.as_admin("POST", "/api/cloud/provision",
                       {{"provider", "hetzner"}, {"region", "fsn1"}, {"serverType", "cx23"}});
    INFO(made.text);
    CHECK(made.status == 201);
    const std::string server = "/api/cloud/servers/" + made.body["id"].get<std::string>();
    CHECK(world.as_admin("DELETE", server).status == 202);
    CHECK(world.as_admin("DELETE", server + "0").status == 404);
}

void call_plan_routes(DescribedWorld& world) {
    auto& api = world.api;
    const std::string user = api.get("/api/me").body["id"];
    const std::string path = "/api/admin/users/" + user;
    CHECK(world.as_admin("GET", path).status == 200);
    CHECK(world.as_admin("GET", path + "/subscription").status == 200);
    const Json ended = {{"plan", "pro"}, {"periodEnd", "2020-01-31T12:00:00Z"}};
    CHECK(world.as_admin("PUT", path + "/subscription", ended).status == 200);
    CHECK(world.as_admin("PUT", path + "/subscription", {{"plan", "gold"}}).status == 422);
    CHECK(
        world.as_admin("GET", "/api/admin/users?standing=none&plan=pro&email=a@b.example").status ==
        200);
    CHECK(api.post("/api/bots/create", api.bot_body(100006)).status == 402);
    CHECK(world.as_admin("GET", "/api/admin/users/019a0000-0000-7000-8000-000000000000").status ==
          404);

    const std::string event = Json{
        {"id", "evt_1"},
        {"createdAt", base::format_time(api.clock.now())},
        {"email", "alice@example.org"},
        {"plan", "pro"},
        {"status", "cancelled"},
        {"periodEnd", nullptr}}.dump();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(api.clock.now());
    const std::string time = std::to_string(seconds.time_since_epoch().count());
    const std::string hex =
        base::hex_encode(crypto::hmac_sha256(billing_secret, time + "." + event));
    const auto send = [&](const std::string& signature) {
        return api.call("POST", "/hooks/billing", "", event,
                        {{"X-Billing-Signature", "t=" + time + ",v1=" + signature}});
    };
    CHECK(send(hex).status == 200);
    CHECK(send(std::string(64, '0')).status == 401);
    CHECK(api.get("/api/me").status == 200);
}

void call_auth_routes(DescribedWorld& world) {
    auto& api = world.api;
    const auto made =
        world.as_admin("POST", "/api/auth/tokens", {{"name", "ci"}, {"scopes", {"bots:read"}}});
    INFO(made.text);
    REQUIRE(made.status == 201);
    CHECK(world.as_admin("GET", "/api/auth/tokens").status == 200);
    CHECK(
        world.as_admin("DELETE", "/api/auth/tokens/" + made.body["id"].get<std::string>()).status <
        300);
    CHECK(api.get("/api/auth/session").status == 200);
    const auto ada = api.browser("somebody@example.org");
    const auto sessions = api.call("GET", "/api/auth/sessions?limit=1", "", "", ada.reads());
    REQUIRE(sessions.status == 200);
    const auto session_id = sessions.body["items"][0]["id"].get<std::string>();
    CHECK(api.call("DELETE", "/api/auth/sessions?others=true", "", "", ada.writes()).status == 200);
    CHECK(api.call("DELETE", "/api/auth/sessions/" + session_id, "", "", ada.writes()).status ==
          204);

    const auto begun = api.call("GET", "/api/auth/google?returnTo=/bots", "");
    REQUIRE(begun.status == 302);
    const auto location = begun.header("Location");
    const auto cookie = begun.header("Set-Cookie");
    const std::string back =
        "/api/auth/callback/google?code=c&state=" + location.substr(location.find("state=") + 6);
    CHECK(api.call("GET", back, "").status == 400);
    const auto signed_in =
        api.call("GET", back, "", "", {{"Cookie", cookie.substr(0, cookie.find(';'))}});
    INFO(signed_in.text);
    CHECK(signed_in.status == 303);
    CHECK(api.call("POST", "/api/auth/callback/google", "", "code=c&state=s",
                   {{"Content-Type", "application/x-www-form-urlencoded"}})
              .status == 303);
    const auto browser = api.browser("carla@example.org");
    CHECK(api.call("GET", "/api/auth/session", "", "", browser.reads()).status == 200);
    CHECK(api.call("POST", "/api/auth/logout", "", "", browser.writes()).status < 300);
}

/// What the checker says; empty when all is as described.
std::string contradictions(const std::string& exchanges) {
    const std::filesystem::path folder =
        std::filesystem::temp_directory_path() / ("hatchery-openapi-" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder);
    std::ofstream(folder / "document.json") << api::openapi_document();
    std::ofstream(folder / "exchanges") << exchanges;
    std::ofstream routes(folder / "routes");
    for (const auto& rule : api::access_rules())
        routes << rule.method << ' ' << rule.pattern << '\n';
    routes.close();
    const std::string command =
        std::string(HATCHERY_SOURCE_DIR) + "/tests/support/openapi/check.py " + folder.string() +
        "/document.json " + folder.string() + "/exchanges " + folder.string() + "/routes 2>&1";
    std::string said;
    std::FILE* checker = ::popen(command.c_str(), "r");
    REQUIRE(checker != nullptr);
    char buffer[4096];
    while (std::fgets(buffer, sizeof buffer, checker) != nullptr) said += buffer;
    const int status = ::pclose(checker);
    std::filesystem::remove_all(folder);
    if (status == 0) return "";
    return said + "the checker ended with status " + std::to_string(status);
}

}  // namespace

TEST_CASE("every route takes and answers what the OpenAPI document says") {
    DescribedWorld world;
    call_open_routes(world.api);
    call_bot_routes(world.api);
    call_deploy_routes(world.api);
    call_job_routes(world.api);
    call_admin_routes(world);
    call_plan_routes(world);
    call_auth_routes(world);
    CHECK(contradictions(world.api.exchanges()) == "");
}

TEST_CASE("the page at /docs shows the document and loads nothing from elsewhere") {
    ApiWorld world;
    const auto page = world.call("GET", "/docs", "");
    REQUIRE(page.status == 200);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    const auto policy = page.header("Content-Security-Policy");
    CHECK(policy.find("default-src 'none'") != std::string::npos);
    CHECK(policy.find("unsafe") == std::string::npos);
    CHECK(page.text.find("://") == std::string::npos);
    for (const auto& rule : api::access_rules()) {
        INFO(rule.method << " " << rule.pattern);
        std::string shown(rule.pattern);
        for (std::size_t at = 0; (at = shown.find(':', at)) != std::string::npos;) {
            const auto end = std::min(shown.find('/', at), shown.size());
            shown = shown.substr(0, at) + "{" + shown.substr(at + 1, end - at - 1) + "}" +
                    shown.substr(end);
        }
        CHECK(page.text.find("<code>" + shown + "</code>") != std::string::npos);
    }
}
