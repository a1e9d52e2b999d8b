// Writes whose first run took effect and lost its answer.
#include <atomic>
#include <thread>

#include "../api/api_world.hpp"
#include "crypto/digest.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

using Headers = ApiWorld::Headers;

const Headers keyed = {{"Idempotency-Key", "k1"}};

ApiResponse write(ApiWorld& world, const std::string& method, const std::string& path,
                  const base::Json& body = base::Json::object(), const Headers& more = {}) {
    Headers headers = keyed;
    headers.insert(headers.end(), more.begin(), more.end());
    return world.call(method, path, world.alice, body.dump(), headers);
}

void run(ApiWorld& world, const std::string& statement) {
    const auto done = world.database->pool().run([&](store::Sql& sql) -> base::Result<void> {
        (void)sql.query(statement);
        return {};
    });
    INFO(statement);
    REQUIRE(done);
}

std::int64_t count(ApiWorld& world, const std::string& what) {
    const auto rows =
        world.database->pool().run([&](store::Sql& sql) -> base::Result<std::int64_t> {
            return sql.query("SELECT count(*) FROM " + what)[0].integer(0);
        });
    return rows.value();
}

/// As after a crash between the effect and the answer.
void lose_answers(ApiWorld& world) {
    run(world,
        "UPDATE idempotent_requests SET status = NULL, lease_until = now() - interval '1 second', "
        "lease_token = gen_random_uuid()");
    run(world, "DELETE FROM sealed_secrets WHERE owner = 'answer'");
}

/// Alice's bot with a server that runs.
std::string running_bot(ApiWorld& world) {
    const auto bot = world.make_bot(700100);
    REQUIRE(world.post("/api/deploy", {{"botId", bot}}).status == 202);
    const auto job = world.claim();
    world.plan_server(job);
    world.end(job, core::OperationState::succeeded);
    return bot;
}

}  // namespace

TEST_CASE("a change of settings that broke off before its operation goes on to it") {
    ApiWorld world;
    const auto bot = running_bot(world);
    const auto path = "/api/bots/" + bot;
    const Headers tag = {{"If-Match", world.get(path).header("ETag")}};
    const base::Json body = {
        {"name", "new"}, {"model", "claude-opus"}, {"modelApiKey", "sk-12345678"}};
    const auto first = write(world, "PUT", path, body, tag);
    INFO(first.text);
    REQUIRE(first.status == 200);
    REQUIRE(base::json_member(first.body, "operationId").is_string());
    // The settings are stored, and nothing else has happened.
    const std::string reconfigures = "operations WHERE kind = 'reconfigure'";
    run(world, "DELETE FROM jobs");
    run(world, "DELETE FROM events WHERE operation_id IN (SELECT id FROM " + reconfigures + ")");
    run(world, "DELETE FROM " + reconfigures);
    lose_answers(world);
    const auto again = write(world, "PUT", path, body, tag);
    INFO(again.text);
    CHECK(again.status == 200);
    CHECK(base::json_member(again.body, "operationId").is_string());
    CHECK(again.header("ETag") == world.get(path).header("ETag"));
    CHECK(count(world, reconfigures) == 1);
    // And once more, with the operation there.
    lose_answers(world);
    const auto third = write(world, "PUT", path, body, tag);
    CHECK(third.status == 200);
    CHECK(third.body["operationId"] == again.body["operationId"]);
    CHECK(count(world, reconfigures) == 1);
}

TEST_CASE("a change of settings that was never stored is refused under an old tag when resumed") {
    ApiWorld world;
    const auto path = "/api/bots/" + running_bot(world);
    const Headers tag = {{"If-Match", world.get(path).header("ETag")}};
    REQUIRE(write(world, "PUT", path, {{"name", "mine"}}, tag).status == 200);
    REQUIRE(world.put(path, {{"name", "another"}}).status == 200);
    lose_answers(world);
    CHECK(write(world, "PUT", path, {{"name", "mine"}}, tag).status == 412);
    CHECK(world.get(path).body["name"] == "another");
}

TEST_CASE("a deletion whose answer was lost is told as one when the bot is gone") {
    ApiWorld world;
    const auto path = "/api/bots/" + running_bot(world);
    const auto first = write(world, "DELETE", path);
    REQUIRE(first.status == 202);
    world.end(world.claim(), core::OperationState::succeeded);
    run(world, "UPDATE bots SET deleted_at = now()");
    REQUIRE(world.get(path).status == 404);
    lose_answers(world);
    const auto again = write(world, "DELETE", path);
    CHECK(again.status == 202);
    CHECK(again.body["operationId"] == first.body["operationId"]);
    CHECK(world.call("DELETE", path, world.alice).status == 404);
}

TEST_CASE("a deletion by a job whose answer was lost is told as one when the bot is gone") {
    ApiWorld world;
    const auto bot = running_bot(world);
    const base::Json job = {{"type", "DESTROY"}, {"payload", {{"botId", bot}}}};
    const auto first = write(world, "POST", "/api/jobs", job);
    INFO(first.text);
    REQUIRE(first.status == 202);
    world.end(world.claim(), core::OperationState::succeeded);
    run(world, "UPDATE bots SET deleted_at = now()");
    lose_answers(world);
    const auto again = write(world, "POST", "/api/jobs", job);
    CHECK(again.status == 202);
    CHECK(again.body["jobId"] == first.body["jobId"]);
}

TEST_CASE("a cancel whose answer was lost is told as one, and cancels nothing that came later") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto deploy = [&] { return world.post("/api/deploy", {{"botId", bot}}); };
    const auto begun = deploy();
    REQUIRE(begun.status == 202);
    const auto path = "/api/deploy/" + bot + "/cancel";
    REQUIRE(write(world, "POST", path).status == 202);
    world.end(world.claim(), core::OperationState::cancelled);
    lose_answers(world);
    const auto again = write(world, "POST", path);
    CHECK(again.status == 202);
    CHECK(again.body["operationId"] == begun.body["operationId"]);
    const auto later = deploy();
    REQUIRE(later.status == 202);
    lose_answers(world);
    CHECK(write(world, "POST", path).body["operationId"] == begun.body["operationId"]);
    // Nor does one that never took effect.
    run(world, "UPDATE operations SET cancel_requested = false");
    lose_answers(world);
    CHECK(write(world, "POST", path).status == 409);
    CHECK(count(world, "operations WHERE cancel_requested") == 0);
}

TEST_CASE("a job's cancel whose answer was lost is told as one when the job has ended") {
    ApiWorld world;
    const auto bot = world.make_bot(700100);
    const auto job =
        base::json_string(world.post("/api/deploy", {{"botId", bot}}).body, "operationId");
    const auto path = "/api/jobs/" + job + "/cancel";
    REQUIRE(write(world, "POST", path).status == 202);
    world.end(world.claim(), core::OperationState::cancelled);
    lose_answers(world);
    CHECK(write(world, "POST", path).status == 202);
    CHECK(world.call("POST", path, world.alice).status == 409);
}

TEST_CASE("a session's end whose answer was lost is told as one") {
    ApiWorld world;
    const auto here = world.browser("ada@example.org");
    const auto there = world.browser("ada@example.org");
    const auto listed = world.call("GET", "/api/auth/sessions", "", "", here.reads());
    std::string other;
    for (const auto& session : listed.body["items"]) {
        if (!session["current"].get<bool>()) other = session["id"];
    }
    auto headers = here.writes();
    headers.insert(headers.end(), keyed.begin(), keyed.end());
    const auto path = "/api/auth/sessions/" + other;
    const auto end = [&] { return world.call("DELETE", path, "", "", headers).status; };
    REQUIRE(end() == 204);
    lose_answers(world);
    CHECK(end() == 204);
    CHECK(world.call("DELETE", path, "", "", here.writes()).status == 404);
    CHECK(world.call("GET", "/api/auth/session", "", "", there.reads()).status == 401);
}

TEST_CASE("the same words under another If-Match are another request") {
    ApiWorld world;
    const auto path = "/api/bots/" + world.make_bot(700100);
    const auto tag = world.get(path).header("ETag");
    const base::Json body = {{"name", "new"}};
    REQUIRE(write(world, "PUT", path, body, {{"If-Match", "\"0\""}}).status == 412);
    const auto other = write(world, "PUT", path, body, {{"If-Match", tag}});
    CHECK(other.status == 409);
    CHECK(other.body["detail"] == "This Idempotency-Key belongs to another request of yours.");
    CHECK(world.get(path).body["name"] == "My bot");
}

TEST_CASE("a new API token is shown again to the credential that made it only, and that is noted") {
    ApiWorld world;
    const auto greater = world.make_token("ada@example.org", {"account", "bots:read", "deploy"});
    const auto lesser = world.make_token("ada@example.org", {"account"});
    const auto equal = world.make_token("ada@example.org", {"account", "bots:read", "deploy"},
                                        world.clock.now() + std::chrono::hours(1));
    const base::Json body = {{"name", "ci"}, {"scopes", {"deploy"}}};
    const auto make = [&](const std::string& token) {
        return world.call("POST", "/api/auth/tokens", token, body.dump(), keyed);
    };
    const auto first = make(greater);
    REQUIRE(first.status == 201);
    CHECK(make(lesser).status == 409);
    CHECK(make(equal).status == 409);
    const auto lines = [&] {
        return world.audit->find({.action = "POST /api/auth/tokens"}).value().items;
    };
    const auto before = lines().size();
    const auto again = make(greater);
    CHECK(again.text == first.text);
    REQUIRE(lines().size() == before + 1);
    CHECK(lines().front().entry.target == first.body["id"]);
}

TEST_CASE("a log-out under a key that another session used ends its own session") {
    ApiWorld world;
    const auto first = world.browser("ada@example.org");
    const auto second = world.browser("ada@example.org");
    const auto log_out = [&](const Browser& browser, const std::string& key) {
        auto headers = browser.writes();
        headers.emplace_back("Idempotency-Key", key);
        return world.call("POST", "/api/auth/logout", "", "", headers).status;
    };
    REQUIRE(log_out(first, "k1") == 204);
    // It is told, and has not been done.
    CHECK(log_out(second, "k1") == 409);
    CHECK(log_out(second, "k2") == 204);
    CHECK(world.call("GET", "/api/auth/session", "", "", second.reads()).status == 401);
}

TEST_CASE("a slow holder does not overwrite the secret that was shown") {
    ApiWorld world;
    const auto user = world.tokens->get_or_create_user("ada@example.org", store::UserRole::user);
    const store::IdempotentRequest request{.user = user->id,
                                           .key_hash = std::string(64, 'a'),
                                           .request_hash = std::string(64, 'b'),
                                           .request_id = "r"};
    const auto slow = world.idempotent_requests->begin(request).value();
    REQUIRE(slow.how == store::Begun::fresh);
    run(world, "UPDATE idempotent_requests SET lease_until = now() - interval '1 second'");
    const auto quick = world.idempotent_requests->begin(request).value();
    REQUIRE(quick.how == store::Begun::resumed);
    const auto make = [&](const store::BegunRequest& begun, const std::string& secret) {
        return world.tokens->create({.id = base::ApiTokenId(begun.id),
                                     .lease = begun.lease,
                                     .user_id = user->id,
                                     .name = "ci",
                                     .hash_hex = crypto::sha256_hex(secret),
                                     .scopes = {"bots:read"},
                                     .expires_at = {}});
    };
    REQUIRE(make(quick, "shown"));
    const auto late = make(slow, "late");
    REQUIRE_FALSE(late);
    CHECK(late.error().kind == base::ErrorKind::conflict);
    CHECK(world.tokens->find_principal(crypto::sha256_hex("shown")));
    CHECK_FALSE(world.tokens->find_principal(crypto::sha256_hex("late")));
    REQUIRE(world.idempotent_requests->release(quick));
    CHECK_FALSE(make(quick, "later"));
}

TEST_CASE("a user has no more live API tokens than one may, however many ask at once") {
    ApiWorld world;
    const auto user = world.tokens->get_or_create_user("ada@example.org", store::UserRole::user);
    std::atomic<int> made{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&, i] {
                const auto token = world.tokens->create(
                    {.user_id = user->id,
                     .name = "ci",
                     .hash_hex = crypto::sha256_hex("secret" + std::to_string(i)),
                     .scopes = {"bots:read"},
                     .expires_at = {},
                     .most_others = 2});
                if (token) ++made;
            });
        }
    }
    CHECK(made == 3);
}
