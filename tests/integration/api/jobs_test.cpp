#include <algorithm>
#include <future>
#include <limits>
#include <set>

#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::Json;
using hatchery::core::OperationKind;
using hatchery::core::OperationState;

namespace {

const std::string nobody = "019a0000-0000-7000-8000-000000000000";

Json chat_body(const std::string& bot, const std::string& message = "hello") {
    return {{"type", "CHAT"}, {"payload", {{"botId", bot}, {"message", message}}}};
}

std::string make_chat(ApiWorld& world, const Json& body) {
    const auto accepted = world.post("/api/jobs", body);
    INFO(accepted.text);
    REQUIRE(accepted.status == 202);
    return accepted.body["jobId"];
}

/// Plays the engine: the bot has answered.
void answer(ApiWorld& world, const hatchery::ports::ClaimedJob& job, const std::string& reply) {
    const auto applied =
        world.jobs->apply(job, {.now = world.clock.now(),
                                .message = "the bot has answered",
                                .operation_end = OperationState::succeeded,
                                .operation_result = Json({{"reply", reply}}).dump()});
    REQUIRE(applied);
    REQUIRE(applied->accepted);
}

struct BadJob {
    const char* field;
    std::vector<Json> values;
};

}  // namespace

TEST_CASE("a chat is accepted, shown, and ends with the bot's reply") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    Json body = chat_body(bot, "How are you?");
    body["payload"]["sessionKey"] = "mine";
    body["priority"] = -3;
    body["requirements"] = {{"region", "fsn1"}};
    const auto accepted = world.post("/api/jobs", body);
    INFO(accepted.text);
    REQUIRE(accepted.status == 202);
    CHECK(accepted.body["status"] == "PENDING");
    CHECK_FALSE(accepted.body["message"].get<std::string>().empty());
    const std::string id = accepted.body["jobId"];
    CHECK(accepted.header("Location") == "/api/jobs/" + id);

    const auto before = world.get("/api/jobs/" + id).body;
    CHECK(before["jobId"] == id);
    CHECK(before["type"] == "CHAT");
    CHECK(before["status"] == "PENDING");
    CHECK(before["payload"] ==
          Json({{"botId", bot}, {"message", "How are you?"}, {"sessionKey", "mine"}}));
    CHECK(before["result"].is_null());
    CHECK(before["error"].is_null());
    CHECK(before["priority"] == -3);
    CHECK(before["requirements"] == Json({{"region", "fsn1"}}));
    CHECK(before["blockedReason"].is_null());
    CHECK(before["startedAt"].is_null());

    const auto job = world.claim(R"({"region":"fsn1"})");
    CHECK(job.operation.kind == OperationKind::chat);
    CHECK(world.get("/api/jobs/" + id).body["status"] == "RUNNING");
    answer(world, job, "Fine, \"thanks\" 🐣");
    const auto after = world.get("/api/jobs/" + id).body;
    CHECK(after["status"] == "COMPLETED");
    CHECK(after["result"] == Json({{"reply", "Fine, \"thanks\" 🐣"}}));
    CHECK_FALSE(after["finishedAt"].is_null());
    // It is an operation too, and none that the bot's deployment shows.
    CHECK(world.get("/api/operations/" + id).body["kind"] == "chat");
    CHECK(world.get("/api/deploy/" + bot + "/status").body["operation"].is_null());
    CHECK(world.get("/api/deploy/" + bot + "/logs").body["items"].empty());
    CHECK(world.get("/api/bots/" + bot).body["status"] == "pending");
}

TEST_CASE("a chat that waits for the turn of another is pending until its own begins") {
    ApiWorld world;
    const auto id = make_chat(world, chat_body(world.make_bot(100001)));
    const auto shown = [&] { return world.get("/api/jobs/" + id).body; };
    const auto found = [&](const std::string& status) {
        return world.get("/api/jobs?status=" + status).body["items"].size();
    };
    const auto waits = [&](const hatchery::ports::ClaimedJob& job, const std::string& message,
                           const std::string& progress) {
        REQUIRE(world.jobs
                    ->apply(job, {.now = world.clock.now(),
                                  .job_state = hatchery::core::JobState::waiting,
                                  .run_at = world.clock.now(),
                                  .message = message,
                                  .progress = progress})
                    .value()
                    .accepted);
    };
    waits(world.claim(), "Another message is answered first.", "{}");
    for (int round = 0; round < 2; ++round) {
        CHECK(shown()["status"] == "PENDING");
        CHECK(shown()["message"] == "Another message is answered first.");
        CHECK(shown()["startedAt"].is_null());
        CHECK(found("PENDING") == 1);
        CHECK(found("RUNNING") == 0);
        // A look whose turn it is begins nothing.
        const auto job = world.claim();
        CHECK(shown()["status"] == "PENDING");
        waits(job, "Another message is answered first.", "{}");
    }
    waits(world.claim(), "waiting for the bot's answer", R"({"begun": true})");
    CHECK(shown()["status"] == "RUNNING");
    CHECK_FALSE(shown()["startedAt"].is_null());
    CHECK(found("PENDING") == 0);
    CHECK(found("RUNNING") == 1);
    answer(world, world.claim(), "done");
    CHECK(shown()["status"] == "COMPLETED");
    CHECK_FALSE(shown()["startedAt"].is_null());
}

TEST_CASE("waiting for a chat ends with it") {
    ApiWorld world;
    const auto id = make_chat(world, chat_body(world.make_bot(100001)));
    auto waiting =
        std::async(std::launch::async, [&] { return world.get("/api/jobs/" + id + "?wait=30"); });
    answer(world, world.claim(), "done");
    CHECK(waiting.get().body["result"]["reply"] == "done");
}

TEST_CASE("chats stand beside other operations, which stand for themselves") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    make_chat(world, chat_body(bot));
    make_chat(world, chat_body(bot));
    const auto deploy =
        world.post("/api/jobs", {{"type", "DEPLOY"}, {"payload", {{"botId", bot}}}});
    INFO(deploy.text);
    REQUIRE(deploy.status == 202);
    const std::string id = deploy.body["jobId"];
    const auto again = world.post("/api/jobs", {{"type", "DEPLOY"}, {"payload", {{"botId", bot}}}});
    CHECK(again.status == 409);
    CHECK(again.body["operationId"] == id);
    make_chat(world, chat_body(bot));
    CHECK(world.get("/api/deploy/" + bot + "/status").body["operation"]["id"] == id);
    CHECK(world.get("/api/jobs/" + id).body["type"] == "DEPLOY");
    CHECK(world.post("/api/jobs", {{"type", "STOP"}, {"payload", {{"botId", bot}}}}).status == 409);
}

TEST_CASE("an interrupt asks the earlier chats of the bot to end") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const auto first = make_chat(world, chat_body(bot));
    Json body = chat_body(bot, "stop that");
    body["payload"]["interrupt"] = true;
    const auto second = make_chat(world, body);
    CHECK(world.get("/api/jobs/" + first).body["cancelRequested"] == true);
    const auto shown = world.get("/api/jobs/" + second).body;
    CHECK(shown["cancelRequested"] == false);
    CHECK(shown["payload"]["interrupt"] == true);
}

TEST_CASE("a job is cancelled once, and not after its end") {
    ApiWorld world;
    const auto id = make_chat(world, chat_body(world.make_bot(100001)));
    const auto cancelled = world.post("/api/jobs/" + id + "/cancel");
    CHECK(cancelled.status == 202);
    CHECK(cancelled.body["jobId"] == id);
    CHECK(world.post("/api/jobs/" + id + "/cancel").status == 202);
    const auto job = world.claim();
    CHECK(job.operation.cancel_requested);
    world.end(job, OperationState::cancelled);
    CHECK(world.get("/api/jobs/" + id).body["status"] == "CANCELLED");
    CHECK(world.post("/api/jobs/" + id + "/cancel").status == 409);
}

TEST_CASE("the list has the caller's jobs, newest first, by page and by filter") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const auto other_bot = world.make_bot(100002);
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i) ids.push_back(make_chat(world, chat_body(bot)));
    const auto deploy =
        world.post("/api/jobs", {{"type", "DEPLOY"}, {"payload", {{"botId", other_bot}}}});
    REQUIRE(deploy.status == 202);
    answer(world, world.claim(), "done");

    std::vector<std::string> listed;
    std::string after;
    for (;;) {
        const auto page = world.get("/api/jobs?limit=2" + after).body;
        for (const auto& item : page["items"]) listed.push_back(item["jobId"]);
        if (page["next"].is_null()) break;
        after = "&after=" + page["next"].get<std::string>();
    }
    CHECK(std::set(listed.begin(), listed.end()).size() == 6);
    CHECK(std::is_sorted(listed.rbegin(), listed.rend()));
    const auto count = [&](const std::string& filter) {
        return world.get("/api/jobs?" + filter).body["items"].size();
    };
    CHECK(count("type=CHAT") == 5);
    CHECK(count("type=DEPLOY") == 1);
    CHECK(count("botId=" + bot) == 5);
    CHECK(count("status=COMPLETED") == 1);
    CHECK(count("status=PENDING") == 5);
    CHECK(count("status=RUNNING") == 0);
    world.claim();
    CHECK(count("status=RUNNING") == 1);
    CHECK(count("status=PENDING&type=CHAT") <= 4);
    CHECK(count("status=FAILED") == 0);
    CHECK(world.call("GET", "/api/jobs", world.bob).body["items"].empty());
}

TEST_CASE("another user's job or bot is 404, and so is none") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const auto id = make_chat(world, chat_body(bot));
    CHECK(world.call("GET", "/api/jobs/" + id, world.bob).status == 404);
    CHECK(world.call("POST", "/api/jobs/" + id + "/cancel", world.bob).status == 404);
    CHECK(world.call("POST", "/api/jobs", world.bob, chat_body(bot).dump()).status == 404);
    for (const std::string& none : {nobody, std::string("x"), std::string("%27")}) {
        CHECK(world.get("/api/jobs/" + none).status == 404);
        CHECK(world.post("/api/jobs/" + none + "/cancel").status == 404);
    }
    CHECK(world.post("/api/jobs", chat_body(nobody)).status == 404);
}

TEST_CASE(
    "deleting by a job needs the scope of deleting, and high priorities are not for customers") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const auto deployer = world.make_token("alice@example.org", {"deploy"});
    const auto admin = world.make_token("alice@example.org", {"deploy", "admin"}, std::nullopt,
                                        hatchery::store::UserRole::admin);
    const Json destroy = {{"type", "DESTROY"}, {"payload", {{"botId", bot}}}};
    CHECK(world.call("POST", "/api/jobs", deployer, destroy.dump()).status == 403);
    Json urgent = chat_body(bot);
    urgent["priority"] = 1;
    CHECK(world.call("POST", "/api/jobs", deployer, urgent.dump()).wrong_fields() == "priority");
    CHECK(world.call("POST", "/api/jobs", admin, urgent.dump()).status == 202);
    // A service knows all of its customers; it may weigh them, and does not run the fleet.
    const auto service = world.make_token("shop@example.org", {"deploy", "act-as"}, std::nullopt,
                                          hatchery::store::UserRole::admin);
    const auto alice = world.tokens->find_user_by_email("alice@example.org").value().id.text();
    const ApiWorld::Headers for_alice = {{"x-user-id", alice}};
    urgent["priority"] = 10;
    CHECK(world.call("POST", "/api/jobs", service, urgent.dump(), for_alice).status == 202);
    urgent["priority"] = 11;
    CHECK(world.call("POST", "/api/jobs", service, urgent.dump(), for_alice).wrong_fields() ==
          "priority");
    CHECK(world.post("/api/jobs", destroy).status == 202);
}

TEST_CASE("a page of large answers ends early, and the pages join without a gap") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    constexpr std::size_t megabyte = 1'000'000;
    std::vector<std::string> made;
    for (int i = 0; i < 20; ++i) {
        made.push_back(make_chat(world, chat_body(bot)));
        answer(world, world.claim(), std::string(i == 9 ? 5 * megabyte : megabyte, 'a'));
    }
    std::ranges::reverse(made);
    std::vector<std::string> read;
    std::string next;
    int pages = 0;
    do {
        const auto page = world.get("/api/jobs?limit=200" + (next.empty() ? "" : "&after=" + next));
        REQUIRE(page.status == 200);
        const Json body = Json::parse(page.text);
        REQUIRE_FALSE(body["items"].empty());
        // One answer alone may be larger than a page.
        CHECK((page.text.size() < 5 * megabyte || body["items"].size() == 1));
        for (const auto& job : body["items"]) read.push_back(job["jobId"]);
        next = body["next"].is_null() ? "" : body["next"].get<std::string>();
        ++pages;
    } while (!next.empty() && pages < 30);
    CHECK(read == made);
    CHECK(pages == 7);
}

TEST_CASE("no customer's priority brings his jobs before another's") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    for (int i = 0; i < 20; ++i) {
        Json greedy = chat_body(bot);
        greedy["priority"] = 10;
        if (world.post("/api/jobs", greedy).status == 202) continue;
        greedy["priority"] = 0;
        REQUIRE(world.post("/api/jobs", greedy).status == 202);
    }
    const auto other =
        world.call("POST", "/api/bots/create", world.bob, world.bot_body(100002).dump());
    const Json deploy = {{"botId", other.body["id"]}};
    REQUIRE(world.call("POST", "/api/deploy", world.bob, deploy.dump()).status == 202);
    (void)world.claim();
    CHECK(world.claim().operation.bot_id.text() == other.body["id"]);
}

TEST_CASE("every wrong field of a job is 422 and named, and nothing is made") {
    ApiWorld world;
    const auto bot = world.make_bot(100001);
    const std::vector<BadJob> rows = {
        {"type", {"", "chat", "NONSENSE", "CHAT ", 5, nullptr, true, Json::array()}},
        {"payload", {"", 5, nullptr, true, Json::array()}},
        {"payload.botId", {"", "x", bot + "0", 5, nullptr, Json::object()}},
        {"payload.message",
         {"", "  \n", std::string(32'769, 'a'), std::string("a\0b", 3), 5, nullptr, Json::array()}},
        {"payload.interrupt", {"true", 1, nullptr}},
        {"payload.sessionKey", {"", "a b", "a:b", std::string(65, 'a'), "ü", 5, nullptr}},
        {"payload.surprise", {1, "x", nullptr}},
        {"priority",
         {"1", 1, 11, -11, 1.5, nullptr, true, 18446744073709551615ULL,
          std::numeric_limits<std::int64_t>::min()}},
        {"requirements", {"", 5, nullptr, true, Json::array()}},
        {"surprise", {1, "x", nullptr}},
    };
    for (const auto& row : rows) {
        for (const auto& value : row.values) {
            Json body = chat_body(bot);
            const std::string field = row.field;
            if (field.starts_with("payload.")) {
                body["payload"][field.substr(8)] = value;
            } else {
                body[field] = value;
            }
            INFO(field << " = " << value.dump().substr(0, 80));
            const auto answer = world.post("/api/jobs", body);
            CHECK(answer.status == 422);
            CHECK(answer.code() == "invalid_input");
            CHECK(answer.wrong_fields() == field);
        }
    }
    for (const Json& wrong :
         {Json({{"cpus", {{"min", "x"}}}}), Json({{"cpus", nullptr}}),
          Json({{"cpus", {{"max", 1}}}}), Json({{"cpus", Json::array({Json::array()})}}),
          Json({{"cpus", std::vector<int>(33, 1)}}), Json({{"cpus", std::string("4\0", 2)}})}) {
        Json body = chat_body(bot);
        body["requirements"] = wrong;
        INFO(wrong.dump());
        const auto answer = world.post("/api/jobs", body);
        CHECK(answer.status == 422);
        CHECK(answer.wrong_fields() == "requirements.cpus");
    }
    CHECK(world.post("/api/jobs", Json::object()).wrong_fields() == "type payload");
    CHECK(world.post("/api/jobs", {{"type", "CHAT"}, {"payload", Json::object()}}).wrong_fields() ==
          "payload.botId payload.message");
    // A message belongs to a chat.
    CHECK(
        world.post("/api/jobs", {{"type", "STOP"}, {"payload", {{"botId", bot}, {"message", "x"}}}})
            .wrong_fields() == "payload.message");
    CHECK(world.get("/api/jobs").body["items"].empty());
}
