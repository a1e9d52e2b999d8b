#include <algorithm>

#include "../api/api_world.hpp"
#include "api/access.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::Json;
using hatchery::store::UserRole;

namespace {

ApiResponse write(ApiWorld& world, const ApiWorld::Headers& headers) {
    return world.call("POST", "/api/auth/tokens", "", R"({"name":"x","scopes":["bots:read"]})",
                      headers);
}

ApiWorld::Headers with(ApiWorld::Headers headers, const std::string& name,
                       const std::optional<std::string>& value) {
    std::erase_if(headers, [&](const auto& header) { return header.first == name; });
    if (value) headers.emplace_back(name, *value);
    return headers;
}

}  // namespace

TEST_CASE("a session says who is signed in and ends at log-out on the server side") {
    ApiWorld world;
    const auto carol = world.browser("carol@example.org");
    const auto me = world.call("GET", "/api/auth/session", "", "", carol.reads());
    REQUIRE(me.status == 200);
    CHECK(me.body["user"]["email"] == "carol@example.org");
    CHECK(me.body["user"]["role"] == "user");
    CHECK(me.body["csrfToken"] == carol.csrf);
    CHECK(me.body["expiresAt"].is_string());
    const auto out = world.call("POST", "/api/auth/logout", "", "", carol.writes());
    CHECK(out.status == 204);
    CHECK(out.header("Set-Cookie").starts_with("__Host-hatchery_session=; Path=/; Max-Age=0"));
    CHECK(world.call("GET", "/api/auth/session", "", "", carol.reads()).status == 401);
    CHECK(world.call("GET", "/api/auth/session", "").status == 401);
    const auto program = world.call("GET", "/api/auth/session", world.alice);
    CHECK(program.body["user"]["email"] == "alice@example.org");
    CHECK(program.body["csrfToken"].is_null());
    CHECK(world.post("/api/auth/logout").status == 409);
}

TEST_CASE("a write by cookie needs the CSRF token of its session and our own page") {
    ApiWorld world;
    const auto carol = world.browser("carol@example.org");
    const auto dave = world.browser("dave@example.org");
    const auto good = carol.writes();
    struct Row {
        const char* name;
        std::optional<std::string> value;
        int status;
    };
    const std::vector<Row> rows = {
        {"X-CSRF-Token", carol.csrf, 201},
        {"X-CSRF-Token", std::nullopt, 403},
        {"X-CSRF-Token", "", 403},
        {"X-CSRF-Token", dave.csrf, 403},
        {"X-CSRF-Token", carol.csrf + "A", 403},
        {"Origin", std::nullopt, 201},
        {"Origin", "https://HATCHERY.example:443", 201},
        {"Origin", "https://evil.example", 403},
        {"Origin", "https://hatchery.example.evil.example", 403},
        {"Origin", "http://hatchery.example", 403},
        {"Origin", "https://hatchery.example:8443", 403},
        {"Origin", "https://hatchery.example/x", 403},
        {"Origin", "null", 403},
        {"Origin", "", 403},
        {"Sec-Fetch-Site", std::nullopt, 201},
        {"Sec-Fetch-Site", "same-site", 403},
        {"Sec-Fetch-Site", "cross-site", 403},
        {"Sec-Fetch-Site", "none", 403},
        {"x-user-id", carol.user_id.text(), 403},
        {"Cookie", carol.cookie + "; other=1", 201},
        {"Cookie", "other=1;" + carol.cookie, 201},
        {"Cookie", carol.cookie + "; " + dave.cookie, 401},
        {"Cookie", "hatchery_session=" + std::string(43, 'a'), 401},
        {"Cookie", std::nullopt, 401},
    };
    for (const auto& row : rows) {
        INFO(row.name << ": " << row.value.value_or("(none)"));
        const auto answer = write(world, with(good, row.name, row.value));
        CHECK(answer.status == row.status);
        if (row.status == 403) CHECK(answer.code() == "forbidden");
    }
    // A program's token is no cookie: no page can make a browser send it.
    CHECK(write(world, {{"Authorization", "Bearer " + world.make_token("carol@example.org",
                                                                       {"account", "bots:read"})},
                        {"Origin", "https://evil.example"}})
              .status == 201);
}

TEST_CASE("an API token is shown once, shows its last use and ends when it is revoked") {
    ApiWorld world;
    const auto carol = world.browser("carol@example.org");
    const auto made = write(world, carol.writes());
    REQUIRE(made.status == 201);
    const std::string token = made.body["token"];
    CHECK(token.starts_with("hat_"));
    CHECK(made.body["lastUsedAt"].is_null());
    CHECK(world.call("GET", "/api/bots", token).status == 200);
    const auto listed = world.call("GET", "/api/auth/tokens", "", "", carol.reads());
    REQUIRE(listed.body["items"].size() == 1);
    CHECK(listed.text.find(token) == std::string::npos);
    CHECK(listed.body["items"][0]["lastUsedAt"].is_string());
    const std::string path = "/api/auth/tokens/" + std::string(made.body["id"]);
    const auto dave = world.browser("dave@example.org");
    CHECK(world.call("DELETE", path, "", "", dave.writes()).status == 404);
    CHECK(world.call("GET", "/api/bots", token).status == 200);
    CHECK(world.call("DELETE", path, "", "", carol.writes()).status == 204);
    CHECK(world.call("GET", "/api/bots", token).status == 401);
    CHECK(world.call("DELETE", "/api/auth/tokens/nonsense", "", "", carol.writes()).status == 404);
}

TEST_CASE("a token gives away what it has itself and no longer than it lives") {
    ApiWorld world;
    const auto soon = world.clock.now() + std::chrono::hours(1);
    const auto parent = world.make_token("carol@example.org", {"account", "bots:read"}, soon);
    const auto make = [&](const Json& body) {
        return world.call("POST", "/api/auth/tokens", parent, body.dump());
    };
    const auto child = make({{"name", "child"}, {"scopes", {"bots:read"}}});
    REQUIRE(child.status == 201);
    CHECK(child.body["expiresAt"] == hatchery::base::format_time(soon));
    const std::vector<std::pair<Json, std::string>> wrong = {
        {{{"name", "x"}, {"scopes", {"deploy"}}}, "scopes"},
        {{{"name", "x"}, {"scopes", {"admin"}}}, "scopes"},
        {{{"name", "x"}, {"scopes", {"everything"}}}, "scopes"},
        {{{"name", "x"}, {"scopes", Json::array()}}, "scopes"},
        {{{"name", "x"}, {"scopes", "bots:read"}}, "scopes"},
        {{{"name", "x"}, {"scopes", {1}}}, "scopes"},
        {{{"name", ""}, {"scopes", {"bots:read"}}}, "name"},
        {{{"scopes", {"bots:read"}}}, "name"},
        {{{"name", "x"}, {"scopes", {"bots:read"}}, {"expiresAt", "soon"}}, "expiresAt"},
        {{{"name", "x"}, {"scopes", {"bots:read"}}, {"expiresAt", "2020-01-01T00:00:00Z"}},
         "expiresAt"},
        {{{"name", "x"}, {"scopes", {"bots:read"}}, {"expiresAt", "2199-01-01T00:00:00Z"}},
         "expiresAt"},
        {{{"name", "x"}, {"scopes", {"bots:read"}}, {"more", 1}}, "more"},
    };
    for (const auto& [body, field] : wrong) {
        INFO(body.dump());
        const auto answer = make(body);
        CHECK(answer.status == 422);
        CHECK(answer.wrong_fields() == field);
    }
}

TEST_CASE("support reads everything and changes nothing") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const auto support = world.browser("sue@example.org", UserRole::support);
    const auto admin = world.browser("ada@example.org", UserRole::admin);
    const auto customer = world.browser("carol@example.org");
    const auto read = [&](const Browser& who, const std::string& path) {
        return world.call("GET", path, "", "", who.reads()).status;
    };
    for (const std::string& path :
         {"/api/bots/" + bot, "/api/deploy/" + bot + "/status", "/api/deploy/" + bot + "/logs"}) {
        INFO(path);
        CHECK(read(support, path) == 200);
        CHECK(read(admin, path) == 200);
        CHECK(read(customer, path) == 404);
    }
    CHECK(read(support, "/api/admin/audit") == 200);
    CHECK(read(customer, "/api/admin/audit") == 403);
    const auto all = world.call("GET", "/api/bots?all=true", "", "", support.reads());
    CHECK(all.body["items"].size() == 1);
    CHECK(world.call("GET", "/api/bots?all=true", "", "", customer.reads()).body["items"].empty());
    for (const auto& rule : hatchery::api::access_rules()) {
        using hatchery::api::Door;
        const bool own = rule.scope == hatchery::api::Scope::account;
        if (rule.door != Door::token || !hatchery::api::changes(rule) || own) continue;
        INFO(rule.method << " " << rule.pattern);
        std::string path(rule.pattern);
        if (const auto name = path.find(':'); name != std::string::npos) {
            path.replace(name, std::min(path.find('/', name), path.size()) - name, bot);
        }
        const auto answer = world.call(std::string(rule.method), path, "", "{}", support.writes());
        CHECK(answer.status == 403);
        CHECK(world.call(std::string(rule.method), path, "", "{}", customer.writes()).status !=
              204);
    }
    CHECK(world.call("DELETE", "/api/bots/" + bot, "", "", admin.writes()).status == 202);
}

TEST_CASE("a role that is taken away takes the scopes of its tokens along") {
    ApiWorld world;
    const auto token =
        world.make_token("ada@example.org", {"bots:read", "admin"}, std::nullopt, UserRole::admin);
    CHECK(world.call("GET", "/api/admin/audit", token).status == 200);
    const auto user = world.tokens->find_user_by_email("ADA@example.org");
    REQUIRE(user);
    REQUIRE(world.tokens->set_role(user->id, UserRole::user));
    CHECK(world.call("GET", "/api/admin/audit", token).status == 403);
    CHECK(world.call("GET", "/api/bots", token).status == 200);
    // Without the scope admin an admin's token sees the admin's own things only.
    const auto bot = world.make_bot(100001);
    const auto narrow =
        world.make_token("ada@example.org", {"bots:read"}, std::nullopt, UserRole::admin);
    CHECK(world.call("GET", "/api/bots/" + bot, narrow).status == 404);
    CHECK(world.call("GET", "/api/bots/" + bot, token).status == 200);
}

TEST_CASE("a service acts as a customer, whoever it acts for") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const auto service = world.make_token("service@example.org", {"bots:read", "act-as", "admin"},
                                          std::nullopt, UserRole::admin);
    const auto admin = world.browser("ada@example.org", UserRole::admin);
    const auto as_admin = [&](const std::string& path) {
        return world.call("GET", path, service, "", {{"x-user-id", admin.user_id.text()}}).status;
    };
    CHECK(world.call("GET", "/api/bots/" + bot, service).status == 200);
    CHECK(as_admin("/api/bots") == 200);
    CHECK(as_admin("/api/bots/" + bot) == 404);
    CHECK(as_admin("/api/admin/audit") == 403);
    const auto twice =
        world.call("GET", "/api/bots", service, "",
                   {{"x-user-id", admin.user_id.text()}, {"X-User-Id", admin.user_id.text()}});
    CHECK((twice.status == 400 || twice.status == 403));
}
