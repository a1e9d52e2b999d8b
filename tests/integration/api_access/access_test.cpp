#include "api/access.hpp"

#include <set>

#include "../../unit/api/raw_client.hpp"
#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;

namespace {

/// The rule's pattern with ids in the places of its names.
std::string path_of(const hatchery::api::AccessRule& rule, const std::string& id) {
    std::string path(rule.pattern);
    const auto begin = path.find(':');
    if (begin == std::string::npos) return path;
    return path.replace(begin, std::min(path.find('/', begin), path.size()) - begin, id);
}

}  // namespace

TEST_CASE("every rule of the access table has its route, and tells who comes without a token") {
    ApiWorld world;
    for (const auto& rule : hatchery::api::access_rules()) {
        INFO(rule.method << " " << rule.pattern);
        const auto path = path_of(rule, "019a0000-0000-7000-8000-000000000000");
        const auto answer = world.call(std::string(rule.method), path, "");
        using hatchery::api::Door;
        const bool open = rule.door == Door::open || rule.door == Door::operator_only;
        CHECK(answer.status != 404);
        CHECK((answer.status == 401) != open);
        CHECK_FALSE(answer.header("X-Request-Id").empty());
        if (open) continue;
        CHECK(answer.code() == "unauthorized");
        CHECK(answer.header("WWW-Authenticate") == "Bearer");
        if (rule.door == Door::signed_in) continue;
        const auto empty_handed = world.make_token("eve@example.org", {});
        const auto forbidden = world.call(std::string(rule.method), path, empty_handed);
        CHECK(forbidden.status == 403);
        CHECK(forbidden.code() == "forbidden");
    }
}

TEST_CASE("the OpenAPI document has exactly the routes of the access table") {
    ApiWorld world;
    const auto document = world.call("GET", "/openapi.json", "").body;
    REQUIRE(document["openapi"] == "3.1.0");
    std::set<std::string> described;
    for (const auto& [path, item] : document["paths"].items()) {
        for (const char* method : {"get", "post", "put", "delete"}) {
            if (item.contains(method)) described.insert(std::string(method) + " " + path);
        }
    }
    std::set<std::string> ruled;
    for (const auto& rule : hatchery::api::access_rules()) {
        std::string method(rule.method);
        for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
        const auto name = rule.pattern.find(':');
        std::string path(rule.pattern);
        if (name != std::string::npos) {
            const auto end = std::min(path.find('/', name), path.size());
            path = path.substr(0, name) + "{" + path.substr(name + 1, end - name - 1) + "}" +
                   path.substr(end);
        }
        ruled.insert(method + " " + path);
    }
    CHECK(described == ruled);
}

TEST_CASE("wrong, malformed and revoked tokens are 401") {
    ApiWorld world;
    CHECK(world.call("GET", "/api/bots", "nonsense").status == 401);
    CHECK(world.call("GET", "/api/bots", std::string(1000, 'a')).status == 401);
    for (const char* header : {"Basic YTpi", "Bearer", "Bearer ", "nonsense"}) {
        INFO(header);
        CHECK(world.call("GET", "/api/bots", "", "", {{"Authorization", header}}).status == 401);
    }
    CHECK(world.call("GET", "/api/bots", "", "", {{"Authorization", "bearer " + world.alice}})
              .status == 200);
    const auto user =
        world.tokens->get_or_create_user("alice@example.org", hatchery::store::UserRole::user);
    const auto listed = world.tokens->list(user->id);
    REQUIRE(listed);
    for (const auto& token : *listed) {
        REQUIRE(world.tokens->revoke(token.id, user->id));
    }
    CHECK(world.get("/api/bots").status == 401);
}

TEST_CASE("x-user-id acts for a user with the scope act-as, and only then") {
    ApiWorld world;
    world.make_bot(100001);
    const auto alice =
        world.tokens->get_or_create_user("alice@example.org", hatchery::store::UserRole::user);
    const auto service = world.make_token("service@example.org", {"bots:read", "act-as"},
                                          std::nullopt, hatchery::store::UserRole::admin);
    const auto as = [&](const std::string& token, const std::string& id) {
        return world.call("GET", "/api/bots", token, "", {{"x-user-id", id}});
    };
    CHECK(as(service, alice->id.text()).body["items"].size() == 1);
    CHECK(world.call("GET", "/api/bots", service).body["items"].empty());
    CHECK(as(world.bob, alice->id.text()).status == 403);
    CHECK(as(service, "").status == 403);
    CHECK(as(service, "nobody").status == 403);
    CHECK(as(service, "019a0000-0000-7000-8000-000000000000").status == 403);
}

TEST_CASE("a service makes no tokens for whom it acts for, which would outlive its own") {
    ApiWorld world;
    const auto alice = world.tokens->find_user_by_email("alice@example.org")->id.text();
    const auto service = world.make_token("service@example.org", {"account", "act-as"},
                                          std::nullopt, hatchery::store::UserRole::admin);
    const auto make = [&](const ApiWorld::Headers& headers) {
        return world.call("POST", "/api/auth/tokens", service,
                          R"({"name":"mine","scopes":["account"]})", headers);
    };
    CHECK(make({{"x-user-id", alice}}).status == 403);
    CHECK(make({}).status == 201);
}

TEST_CASE("readiness is asked of the database once a second, however many ask") {
    ApiWorld world;
    REQUIRE(world.call("GET", "/readyz", "").status == 200);
    auto holder = world.database->pool().open_dedicated().value();
    holder->script("BEGIN; LOCK TABLE hatchery_migrations IN ACCESS EXCLUSIVE MODE");
    const auto began = std::chrono::steady_clock::now();
    int answers = 0;
    while (std::chrono::steady_clock::now() - began < std::chrono::milliseconds(300)) {
        REQUIRE(world.call("GET", "/readyz", "").status == 200);
        ++answers;
    }
    CHECK(answers > 1);
    holder->script("ROLLBACK");
}

TEST_CASE("unknown paths are 404 and other methods 405 with Allow, as problem+json") {
    ApiWorld world;
    for (const char* path :
         {"/nowhere", "/api", "/api/nothing", "/api/bots/", "/hooks/telegram/"}) {
        INFO(path);
        const auto answer = world.get(path);
        CHECK(answer.status == 404);
        CHECK(answer.code() == "not_found");
        CHECK(answer.header("Content-Type") == "application/problem+json");
    }
    const auto wrong_method =
        world.call("POST", "/api/bots/019a0000-0000-7000-8000-000000000000", world.alice, "{}");
    CHECK(wrong_method.status == 405);
    CHECK(wrong_method.header("Allow") == "GET, PUT, DELETE");
    CHECK(world.call("DELETE", "/healthz", "").status == 405);
    CHECK(world.call("HEAD", "/healthz", "").status == 200);
}

TEST_CASE("health, readiness and metrics tell how it is") {
    ApiWorld world;
    CHECK(world.call("GET", "/healthz", "").body["status"] == "ok");
    CHECK(world.call("GET", "/readyz", "").body["migrations"] == "ok");
    world.get("/api/bots");
    const auto metrics = world.call("GET", "/metrics", "");
    CHECK(metrics.header("Content-Type").starts_with("text/plain; version=0.0.4"));
    CHECK(metrics.text.find(
              R"(hatchery_http_requests_total{method="GET",route="/api/bots",status="200"} 1)") !=
          std::string::npos);
    const auto proxied = world.call("GET", "/metrics", "", "", {{"X-Forwarded-For", "192.0.2.1"}});
    CHECK(proxied.status == 404);
}

TEST_CASE("the front's own refusals look like the API's") {
    ApiWorld world;
    RawClient client(world.port());
    client.send("GET /api/bots/..%2fusers HTTP/1.1\r\nHost: x\r\n\r\n");
    const auto answer = client.read_all();
    CHECK(status_of(answer) == 400);
    CHECK(answer.find("application/problem+json") != std::string::npos);
    const auto large =
        world.call("POST", "/api/bots/create", world.alice, std::string((1U << 20U) + 1, ' '));
    CHECK(large.status == 413);
    CHECK(large.code() == "invalid_input");
}
