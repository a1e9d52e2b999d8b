#include <regex>
#include <set>

#include "../api/api_world.hpp"
#include "api/access.hpp"
#include "store/sql.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::Json;
using hatchery::store::UserRole;

namespace {

struct AuditWorld : ApiWorld {
    Browser admin = browser("ada@example.org", UserRole::admin);
    ApiResponse audit(const std::string& query = "") {
        return call("GET", "/api/admin/audit" + query, "", "", admin.reads());
    }
};

}  // namespace

TEST_CASE("every write of a known caller is in the audit log, refused ones too") {
    AuditWorld world;
    const auto bot = world.make_bot(100001);
    (void)world.get("/api/bots");
    (void)world.call("DELETE", "/api/bots/" + bot, world.bob);
    const auto reader = world.make_token("eve@example.org", {"bots:read"});
    (void)world.call("POST", "/api/deploy", reader, R"({"botId":")" + bot + R"("})");
    (void)world.call("POST", "/api/deploy", "nobody", "{}");
    const auto deployed = world.post("/api/deploy", {{"botId", bot}});
    REQUIRE(deployed.status == 202);
    auto forged = world.admin.writes();
    forged.pop_back();
    (void)world.call("POST", "/api/auth/logout", "", "", forged);

    const auto lines = world.audit().body["items"];
    struct Row {
        const char* who;
        const char* actor;
        const char* action;
        std::string target;
        int outcome;
    };
    const std::vector<Row> expected = {
        {"ada@example.org", "user", "POST /api/auth/logout", "", 403},
        {"alice@example.org", "token", "POST /api/deploy", bot, 202},
        {"eve@example.org", "token", "POST /api/deploy", "", 403},
        {"bob@example.org", "token", "DELETE /api/bots/:id", bot, 404},
        {"alice@example.org", "token", "POST /api/bots/create", bot, 201},
    };
    REQUIRE(lines.size() == expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
        INFO(lines[i].dump());
        CHECK(lines[i]["actorName"] == expected[i].who);
        CHECK(lines[i]["actor"] == expected[i].actor);
        CHECK(lines[i]["action"] == expected[i].action);
        CHECK(lines[i]["target"] == expected[i].target);
        CHECK(lines[i]["outcome"] == expected[i].outcome);
        CHECK(lines[i]["address"] == "127.0.0.1");
    }
    CHECK(lines[1]["requestId"] == deployed.header("X-Request-Id"));
    CHECK(lines[1]["tokenId"].is_string());
    CHECK(lines[0]["sessionId"].is_string());
    CHECK(world.audit().text.find(telegram_token(100001)) == std::string::npos);
}

TEST_CASE("every route that writes leaves its line, whatever comes of it") {
    AuditWorld world;
    const auto root = world.make_token("root@example.org",
                                       {"bots:read", "bots:write", "deploy", "account", "admin"},
                                       std::nullopt, UserRole::admin);
    const std::string nobodys = "01890000-0000-7000-8000-000000000001";
    std::set<std::string> open;
    for (const auto& rule : hatchery::api::access_rules()) {
        if (!changes(rule)) continue;
        const std::string action = std::string(rule.method) + " " + std::string(rule.pattern);
        CAPTURE(action);
        if (rule.door == hatchery::api::Door::open) {
            open.insert(action);
            continue;
        }
        const auto path =
            std::regex_replace(std::string(rule.pattern), std::regex(":[a-zA-Z]+"), nobodys);
        const auto answer = world.call(std::string(rule.method), path, root, "{}");
        const auto line = world.audit("?limit=1").body["items"][0];
        CHECK(line["action"] == action);
        CHECK(line["actorName"] == "root@example.org");
        CHECK(line["outcome"] == answer.status);
    }
    // What anybody may send: updates of Telegram are nobody's act, and the other two have tests of
    // their own, in billing_test.cpp and sign_in_test.cpp.
    CHECK(open == std::set<std::string>{"POST /hooks/telegram/:publicId", "POST /hooks/billing",
                                        "POST /api/auth/callback/google"});
}

TEST_CASE("a deletion that was only planned does not read like one") {
    AuditWorld world;
    const auto bot = world.make_bot(100001);
    REQUIRE(world.call("DELETE", "/api/bots/" + bot + "?plan=true", world.alice).status == 200);
    const auto line = world.audit("?limit=1").body["items"][0];
    CHECK(line["action"] == "DELETE /api/bots/:id");
    CHECK(line["target"] == bot + " plan only");
}

TEST_CASE("a service's act names the service too") {
    AuditWorld world;
    const auto bot = world.make_bot(100001);
    const auto alice = world.tokens->find_user_by_email("alice@example.org");
    const auto service = world.make_token("service@example.org", {"deploy", "act-as"}, std::nullopt,
                                          UserRole::admin);
    CHECK(world
              .call("POST", "/api/deploy", service, R"({"botId":")" + bot + R"("})",
                    {{"x-user-id", alice->id.text()}})
              .status == 202);
    const auto line = world.audit("?limit=1").body["items"][0];
    CHECK(line["userId"] == alice->id.text());
    CHECK(line["serviceUserId"] ==
          world.tokens->find_user_by_email("service@example.org")->id.text());
}

TEST_CASE("the audit log is read by page, by user, by action, since a time, and as a file") {
    AuditWorld world;
    world.make_bot(100001);
    for (int i = 0; i < 3; ++i) (void)world.call("POST", "/api/deploy", world.bob, "{}");
    const auto first = world.audit("?limit=3");
    REQUIRE(first.body["items"].size() == 3);
    const std::string next = first.body["next"];
    const auto second = world.audit("?limit=3&after=" + next);
    CHECK(second.body["items"].size() == 1);
    CHECK(second.body["next"].is_null());
    const auto bob = world.tokens->find_user_by_email("bob@example.org")->id.text();
    CHECK(world.audit("?user=" + bob).body["items"].size() == 3);
    CHECK(world.audit("?action=POST%20/api/bots/create").body["items"].size() == 1);
    CHECK(world.audit("?since=2199-01-01T00:00:00Z").body["items"].empty());
    const auto csv = world.audit("?format=csv");
    CHECK(csv.header("Content-Type").starts_with("text/csv"));
    CHECK(csv.text.starts_with("seq,at,actor,userId,actorName"));
    CHECK(std::count(csv.text.begin(), csv.text.end(), '\n') == 5);
    const auto lines = world.audit("?format=ndjson&limit=2");
    CHECK(std::count(lines.text.begin(), lines.text.end(), '\n') == 2);
    CHECK_FALSE(lines.header("X-Next").empty());
    const std::vector<std::pair<std::string, std::string>> wrong = {
        {"?limit=0", "limit"}, {"?limit=201", "limit"},  {"?after=x", "after"},
        {"?user=x", "user"},   {"?since=soon", "since"}, {"?format=xml", "format"},
    };
    for (const auto& [query, field] : wrong) {
        INFO(query);
        CHECK(world.audit(query).status == 400);
        CHECK(world.audit(query).wrong_fields() == field);
    }
}

TEST_CASE("the database refuses to change or empty the audit log") {
    AuditWorld world;
    world.make_bot(100001);
    for (const char* statement :
         {"UPDATE audit_log SET outcome = 0", "DELETE FROM audit_log", "TRUNCATE audit_log"}) {
        INFO(statement);
        const auto done = world.database->pool().run(
            [&](hatchery::store::Sql& sql) -> hatchery::base::Result<void> {
                sql.script(statement);
                return {};
            });
        REQUIRE_FALSE(done);
        CHECK(done.error().code == "42501");
    }
    CHECK(world.audit().body["items"].size() == 1);
}
