#include <latch>
#include <set>
#include <thread>

#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

using Headers = ApiWorld::Headers;

ApiResponse post(ApiWorld& world, const std::string& path, const base::Json& body,
                 const std::string& key, const std::string& token = {}) {
    return world.call("POST", path, token.empty() ? world.alice : token, body.dump(),
                      {{"Idempotency-Key", key}});
}

std::int64_t count(ApiWorld& world, const std::string& table) {
    const auto rows =
        world.database->pool().run([&](store::Sql& sql) -> base::Result<std::int64_t> {
            return sql.query("SELECT count(*) FROM " + table)[0].integer(0);
        });
    return rows.value();
}

void run(ApiWorld& world, const std::string& statement) {
    const auto done = world.database->pool().run([&](store::Sql& sql) -> base::Result<void> {
        (void)sql.query(statement);
        return {};
    });
    REQUIRE(done);
}

/// As after a crash between the effect and the answer: the answer is not there, and its holder's
/// lease has run out.
void lose_answers(ApiWorld& world) {
    run(world,
        "UPDATE idempotent_requests SET status = NULL, lease_until = now() - interval '1 second', "
        "lease_token = gen_random_uuid()");
    run(world, "DELETE FROM sealed_secrets WHERE owner = 'answer'");
}

}  // namespace

TEST_CASE("the same key and body gives the first answer again, byte by byte") {
    ApiWorld world;
    const auto body = world.bot_body(700100);
    const auto first = post(world, "/api/bots/create", body, "k1");
    REQUIRE(first.status == 201);
    CHECK(first.header("Idempotent-Replayed").empty());
    const auto again = post(world, "/api/bots/create", body, "k1");
    CHECK(again.status == 201);
    CHECK(again.text == first.text);
    CHECK(again.header("Location") == first.header("Location"));
    CHECK(again.header("ETag") == first.header("ETag"));
    CHECK(again.header("Content-Type") == first.header("Content-Type"));
    CHECK(again.header("Idempotent-Replayed") == "true");
    CHECK(again.header("X-Request-Id") != first.header("X-Request-Id"));
    CHECK(count(world, "bots") == 1);
    // Also a refusal is the first answer.
    const base::Json nothing = {{"botId", "none"}};
    const auto refused = post(world, "/api/deploy", nothing, "k2");
    CHECK(refused.status == 422);
    const auto refused_again = post(world, "/api/deploy", nothing, "k2");
    CHECK(refused_again.status == 422);
    CHECK(refused_again.text == refused.text);
    CHECK(refused_again.header("Content-Type") == "application/problem+json");
}

TEST_CASE("a key is of one request, one user and one day") {
    ApiWorld world;
    const auto body = world.bot_body(700100);
    REQUIRE(post(world, "/api/bots/create", body, "k1").status == 201);
    const auto other = post(world, "/api/bots/create", world.bot_body(700200), "k1");
    CHECK(other.status == 409);
    CHECK(other.code() == "conflict");
    CHECK(post(world, "/api/deploy", body, "k1").status == 409);
    CHECK(count(world, "bots") == 1);
    // Bob's k1 is another key.
    CHECK(post(world, "/api/bots/create", world.bot_body(700300), "k1", world.bob).status == 201);
    run(world, "UPDATE idempotent_requests SET expires_at = now()");
    CHECK(post(world, "/api/bots/create", world.bot_body(700400), "k1").status == 201);
    CHECK(count(world, "idempotent_requests") == 1);
    CHECK(count(world, "sealed_secrets WHERE owner = 'answer'") == 1);
}

TEST_CASE("keys that are none are refused and named") {
    ApiWorld world;
    for (const auto& key : {std::string(" "), std::string(256, 'k')}) {
        const auto refused = post(world, "/api/bots/create", world.bot_body(700100), key);
        CHECK(refused.status == 400);
        CHECK(refused.wrong_fields() == "Idempotency-Key");
    }
    const auto twice =
        world.call("POST", "/api/bots/create", world.alice, world.bot_body(700100).dump(),
                   {{"Idempotency-Key", "a"}, {"Idempotency-Key", "b"}});
    CHECK(twice.status == 400);
    CHECK(count(world, "bots") == 0);
}

TEST_CASE("of the same key at the same moment one runs, and the others are told to come back") {
    ApiWorld world;
    std::latch arrived(1);
    std::latch release(1);
    world.slow_telegram.before_each_call = [&] {
        arrived.count_down();
        release.wait();
    };
    const auto body = world.bot_body(700100);
    ApiResponse first;
    std::thread one([&] { first = post(world, "/api/bots/create", body, "k1"); });
    arrived.wait();
    const auto second = post(world, "/api/bots/create", body, "k1");
    CHECK(second.status == 409);
    CHECK(second.header("Retry-After") == "1");
    release.count_down();
    one.join();
    CHECK(first.status == 201);
    world.slow_telegram.before_each_call = [] {};
    CHECK(post(world, "/api/bots/create", body, "k1").text == first.text);
}

TEST_CASE("what has had no effect may be tried again with its key") {
    ApiWorld world;
    const auto body = world.bot_body(700100);
    world.telegram.fail_next(1, {.kind = base::ErrorKind::unavailable, .message = "down"});
    CHECK(post(world, "/api/bots/create", body, "k1").status == 503);
    CHECK(count(world, "idempotent_requests") == 0);
    CHECK(post(world, "/api/bots/create", body, "k1").status == 201);
}

TEST_CASE("a bot whose answer was lost in a crash is found again and not made twice") {
    ApiWorld world;
    const auto body = world.bot_body(700100);
    const auto first = post(world, "/api/bots/create", body, "k1");
    REQUIRE(first.status == 201);
    lose_answers(world);
    const auto again = post(world, "/api/bots/create", body, "k1");
    CHECK(again.status == 201);
    CHECK(base::json_string(again.body, "id") == base::json_string(first.body, "id"));
    CHECK(count(world, "bots") == 1);
    // And had it broken off before the effect, it is made now.
    run(world, "DELETE FROM bots");
    lose_answers(world);
    CHECK(post(world, "/api/bots/create", body, "k1").status == 201);
    CHECK(count(world, "bots") == 1);
}

TEST_CASE("a request whose holder may still live is not taken over") {
    ApiWorld world;
    const auto body = world.bot_body(700100);
    REQUIRE(post(world, "/api/bots/create", body, "k1").status == 201);
    lose_answers(world);
    run(world, "UPDATE idempotent_requests SET lease_until = now() + interval '1 minute'");
    const auto held = post(world, "/api/bots/create", body, "k1");
    CHECK(held.status == 409);
    CHECK(held.header("Retry-After") == "1");
}

TEST_CASE("an API token whose answer was lost is there once, and works") {
    ApiWorld world;
    const auto owner = world.make_token("alice@example.org", {"account", "bots:read"});
    const base::Json body = {{"name", "ci"}, {"scopes", {"bots:read"}}};
    const auto first = post(world, "/api/auth/tokens", body, "k1", owner);
    REQUIRE(first.status == 201);
    const auto replayed = post(world, "/api/auth/tokens", body, "k1", owner);
    CHECK(replayed.text == first.text);
    const auto secret = base::json_string(first.body, "token");
    CHECK(world.call("GET", "/api/bots", secret).status == 200);
    // The kept answer is sealed: the token is nowhere in the clear.
    CHECK(count(world, "sealed_secrets WHERE sealed LIKE '%" + secret + "%'") == 0);
    const auto before = count(world, "api_tokens");
    lose_answers(world);
    const auto again = post(world, "/api/auth/tokens", body, "k1", owner);
    CHECK(again.status == 201);
    CHECK(base::json_string(again.body, "id") == base::json_string(first.body, "id"));
    CHECK(count(world, "api_tokens") == before);
    CHECK(world.call("GET", "/api/bots", base::json_string(again.body, "token")).status == 200);
    CHECK(world.call("GET", "/api/bots", secret).status == 401);
}

TEST_CASE("a replay is no act: the audit log has the first only") {
    ApiWorld world;
    const auto body = world.bot_body(700100);
    REQUIRE(post(world, "/api/bots/create", body, "k1").status == 201);
    const auto lines = count(world, "audit_log");
    REQUIRE(post(world, "/api/bots/create", body, "k1").status == 201);
    CHECK(count(world, "audit_log") == lines);
}

TEST_CASE("an operation whose answer was lost is adopted and not begun twice") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const base::Json body = {{"botId", bot}};
    const auto first = post(world, "/api/deploy", body, "k1");
    REQUIRE(first.status == 202);
    const auto id = base::json_string(first.body, "operationId");
    lose_answers(world);
    const auto live = post(world, "/api/deploy", body, "k1");
    CHECK(live.status == 202);
    CHECK(base::json_string(live.body, "operationId") == id);
    // Also when it has ended by now, where nothing else would stand in the way of a second one.
    world.end(world.claim(), core::OperationState::failed);
    lose_answers(world);
    const auto ended = post(world, "/api/deploy", body, "k1");
    CHECK(ended.status == 202);
    CHECK(base::json_string(ended.body, "operationId") == id);
    CHECK(count(world, "operations") == 1);
}

TEST_CASE("a chat that is sent twice under one key is said once") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const base::Json chat = {{"type", "CHAT"}, {"payload", {{"botId", bot}, {"message", "hello"}}}};
    const auto first = post(world, "/api/jobs", chat, "k1");
    REQUIRE(first.status == 202);
    lose_answers(world);
    const auto again = post(world, "/api/jobs", chat, "k1");
    CHECK(again.status == 202);
    CHECK(base::json_string(again.body, "jobId") == base::json_string(first.body, "jobId"));
    CHECK(count(world, "operations") == 1);
}

TEST_CASE("an operation knows the request that asked for it") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto accepted =
        world.call("POST", "/api/deploy", world.alice, base::Json{{"botId", bot}}.dump(),
                   {{"X-Request-Id", "my-request.1"}});
    REQUIRE(accepted.status == 202);
    CHECK(accepted.header("X-Request-Id") == "my-request.1");
    const auto id = base::json_string(accepted.body, "operationId");
    CHECK(base::json_string(world.get("/api/operations/" + id).body, "requestId") ==
          "my-request.1");
    CHECK(world.claim().operation.request_id == "my-request.1");
    // One that is none is replaced.
    const auto odd = world.call("GET", "/api/bots", world.alice, "", {{"X-Request-Id", "a b\"c"}});
    CHECK(odd.header("X-Request-Id").find(' ') == std::string::npos);
}
