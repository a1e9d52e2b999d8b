#include <thread>

#include "../api/api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

WorldSetup limited(int read, int write, int failure) {
    WorldSetup setup;
    setup.rates.read = read;
    setup.rates.write = write;
    setup.rates.verify = 2;
    setup.rates.failure = failure;
    setup.rates.token_percent = 100;
    return setup;
}

}  // namespace

TEST_CASE("every answer says what is left, and too many are 429 with Retry-After") {
    ApiWorld world(limited(5, 0, 0));
    const auto first = world.get("/api/bots");
    CHECK(first.status == 200);
    CHECK(first.header("RateLimit-Policy") ==
          R"("read-user";q=5;w=60, "read-token";q=5;w=60, "read-address";q=20;w=60)");
    CHECK(first.header("RateLimit") ==
          R"("read-user";r=4;t=12, "read-token";r=4;t=12, "read-address";r=19;t=3)");
    CHECK(first.header("RateLimit-Limit") == "5");
    CHECK(first.header("RateLimit-Remaining") == "4");
    CHECK(first.header("RateLimit-Reset") == "12");
    // The connection is the front's, and how long it lives too.
    CHECK(first.header("Keep-Alive").empty());
    for (int i = 0; i < 4; ++i) CHECK(world.get("/api/bots").status == 200);
    const auto refused = world.get("/api/bots");
    CHECK(refused.status == 429);
    CHECK(refused.code() == "rate_limited");
    CHECK(refused.header("RateLimit").find(R"("read-user";r=0)") != std::string::npos);
    const int wait = std::stoi(refused.header("Retry-After"));
    CHECK(wait >= 1);
    CHECK(wait <= 12);
    CHECK(refused.header("RateLimit-Remaining") == "0");
    CHECK(refused.header("RateLimit-Reset") == refused.header("Retry-After"));
    // Others, and what is never limited, go on.
    CHECK(world.call("GET", "/api/bots", world.bob).status == 200);
    CHECK(world.call("GET", "/healthz", "").status == 200);
    CHECK(world.post("/api/deploy").status == 422);
}

TEST_CASE("checks of Telegram tokens have a smaller budget of their own") {
    ApiWorld world(limited(100, 100, 0));
    const base::Json body = {{"token", world.bot_body(700100)["telegramBotToken"]}};
    for (int i = 0; i < 2; ++i) {
        CHECK(world.post("/api/telegram/verify-token", body).status == 200);
    }
    CHECK(world.post("/api/telegram/verify-token", body).status == 429);
    CHECK(world.get("/api/bots").status == 200);
}

TEST_CASE("guesses of tokens and sessions close the door for their address") {
    ApiWorld world(limited(0, 0, 3));
    CHECK(world.get("/api/bots").status == 200);
    for (int i = 0; i < 2; ++i) CHECK(world.call("GET", "/api/bots", "no-token").status == 401);
    const std::string no_session = "__Host-hatchery_session=" + std::string(43, 'A');
    CHECK(world.call("GET", "/api/bots", "", "", {{"Cookie", no_session}}).status == 401);
    const auto refused = world.call("GET", "/api/bots", "another");
    CHECK(refused.status == 429);
    CHECK(refused.code() == "rate_limited");
    CHECK_FALSE(refused.header("Retry-After").empty());
    // A stranger is refused unseen; whoever was let in before goes on behind the same address.
    CHECK(world.call("GET", "/api/bots", world.bob).status == 429);
    CHECK(world.get("/api/bots").status == 200);
}

TEST_CASE("paths that are none, and methods that they do not take, cost what reading costs") {
    ApiWorld world(limited(1, 0, 0));  // four a minute for an address
    for (const char* path : {"/api/nothing", "/api/bots/x/y/z", "/api/nothing"}) {
        const auto stray = world.call("GET", path, "");
        CHECK(stray.status == 404);
        CHECK(stray.header("RateLimit").find("read-address") != std::string::npos);
    }
    CHECK(world.call("DELETE", "/api/bots", "").status == 405);
    const auto refused = world.call("GET", "/api/nothing", "");
    CHECK(refused.status == 429);
    CHECK_FALSE(refused.header("Retry-After").empty());
    CHECK(world.call("GET", "/healthz", "").status == 200);
}

TEST_CASE("wrong secrets of webhooks are guesses, and right ones pass whatever was guessed") {
    const bool telegram = GENERATE(true, false);
    CAPTURE(telegram);
    WorldSetup setup = limited(0, 0, 3);
    setup.billing_secrets.emplace_back("a-secret-of-the-billing");
    ApiWorld world(std::move(setup));
    world.receiver.answer = {.status = 401, .retry_after = std::nullopt};
    const auto knock = [&] {
        return world.call("POST", telegram ? "/hooks/telegram/abc" : "/hooks/billing", "",
                          R"({"update_id":1})");
    };
    for (int i = 0; i < 3; ++i) CHECK(knock().status == 401);
    CHECK(knock().status == 429);
    CHECK(world.call("GET", "/api/bots", "no-token").status == 429);
    world.receiver.answer = {.status = 200, .retry_after = std::nullopt};
    world.receiver.remembered = {"abc"};
    CHECK(knock().status == (telegram ? 200 : 429));
}

TEST_CASE("ids of webhooks that nobody has are guesses, and cost no look-up in the end") {
    ApiWorld world(limited(0, 0, 30));
    const auto knock = [&](const std::string& id) {
        return world.call("POST", "/hooks/telegram/" + id, "", R"({"update_id":1})").status;
    };
    world.receiver.answer = {.status = 404, .retry_after = std::nullopt};
    int refused = 0;
    for (int i = 0; i < 45; ++i) refused += knock("nobody" + std::to_string(i)) == 429;
    // The budget grows while they come.
    CHECK(refused >= 5);
    CHECK(refused <= 15);
    CHECK(world.receiver.received == 45 - refused);
    // A living bot whose updates come from the same address is not kept waiting.
    world.receiver.answer = {.status = 200, .retry_after = std::nullopt};
    world.receiver.remembered = {"living"};
    CHECK(knock("living") == 200);
}

TEST_CASE("what was good once is no guess") {
    ApiWorld world(limited(0, 0, 2));
    const auto expired = world.make_token("alice@example.org", {"bots:read"},
                                          world.clock.now() - std::chrono::hours(1));
    const auto ada = world.browser("ada@example.org");
    const auto read = [&] {
        return world.call("GET", "/api/auth/session", "", "", ada.reads()).status;
    };
    REQUIRE(read() == 200);
    REQUIRE(world.call("POST", "/api/auth/logout", "", "", ada.writes()).status == 204);
    for (int i = 0; i < 5; ++i) {
        CHECK(world.call("GET", "/api/bots", expired).status == 401);
        CHECK(read() == 401);
    }
    CHECK(world.call("GET", "/api/bots", world.bob).status == 200);
}

TEST_CASE("a flood of writes beyond the budget costs no statement and no line of the audit log") {
    ApiWorld world(limited(0, 2, 0));
    const auto lines = [&] { return world.audit->find({.limit = 50}).value().items.size(); };
    for (int i = 0; i < 2; ++i) REQUIRE(world.post("/api/deploy").status == 422);
    const auto before = lines();
    REQUIRE(world.post("/api/deploy").status == 429);
    {
        // Whoever asks these tables from now on waits for a lock that nobody gives up.
        auto holder = world.database->pool().open_dedicated().value();
        holder->script("BEGIN");
        holder->script(
            "LOCK TABLE api_tokens, users, sessions, rate_budgets, audit_log, idempotent_requests "
            "IN ACCESS EXCLUSIVE MODE");
        for (int i = 0; i < 1000; ++i) {
            // Naming somebody to act for, without the right to, makes nobody else of it.
            const ApiWorld::Headers named = {{"x-user-id", std::to_string(i)}};
            const auto refused = world.call("POST", "/api/deploy", world.alice, "{}",
                                            i % 2 == 0 ? named : ApiWorld::Headers{});
            REQUIRE(refused.status == 429);
            REQUIRE(std::stoi(refused.header("Retry-After")) <= 30);
        }
        holder->script("ROLLBACK");
    }
    CHECK(lines() == before);
    CHECK(world.call("POST", "/api/deploy", world.bob, "{}").status == 422);
}

TEST_CASE("a service is not held up by others at its address") {
    auto setup = limited(0, 0, 0);
    setup.rates.read = 4;
    setup.rates.address_percent = 100;
    setup.rates.service = 1000;
    ApiWorld world(setup);
    const auto service = world.make_token("root@example.org", {"bots:read", "act-as"}, std::nullopt,
                                          store::UserRole::admin);
    const auto for_customer = [&](const std::string& email) {
        const auto user = world.tokens->get_or_create_user(email, store::UserRole::user).value();
        return world.call("GET", "/api/bots", service, "", {{"x-user-id", user.id.text()}}).status;
    };
    REQUIRE(for_customer("carol@example.org") == 200);
    for (int i = 0; i < 4; ++i) REQUIRE(world.get("/api/bots").status == 200);
    REQUIRE(world.get("/api/bots").status == 429);
    REQUIRE(world.call("GET", "/api/bots", world.bob).status == 429);
    CHECK(for_customer("carol@example.org") == 200);
}

TEST_CASE("coming without any credential is no guess") {
    ApiWorld world(limited(0, 0, 2));
    for (int i = 0; i < 10; ++i) CHECK(world.call("GET", "/api/bots", "").status == 401);
    CHECK(world.get("/api/bots").status == 200);
}

TEST_CASE("a request that waits pays once") {
    ApiWorld world(limited(4, 0, 0));
    const auto bot = world.make_bot(700100);
    const auto accepted = world.post("/api/deploy", {{"botId", bot}});
    REQUIRE(accepted.status == 202);
    const auto id = base::json_string(accepted.body, "operationId");
    const auto job = world.claim();
    std::jthread teller([&] {
        // Not before somebody waits to be told.
        const auto waiting = [&] {
            const auto text = world.call("GET", "/metrics", "").text;
            return text.find("hatchery_waiting_requests 1") != std::string::npos;
        };
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!waiting() && std::chrono::steady_clock::now() < deadline) {
        }
        for (int i = 0; i < 20; ++i) world.log(job, {"line"});
        world.end(job, core::OperationState::failed);
    });
    CHECK(world.get("/api/operations/" + id + "?wait=20").status == 200);
    teller.join();
    for (int i = 0; i < 3; ++i) CHECK(world.get("/api/bots").status == 200);
    CHECK(world.get("/api/bots").status == 429);
}
