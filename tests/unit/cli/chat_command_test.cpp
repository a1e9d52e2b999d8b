#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using nlohmann::json;
using namespace tests;

namespace {

const std::string job_path = "GET /api/jobs/" + operation_id + "?wait=25";

json job(const std::string& status) {
    return {{"jobId", operation_id}, {"type", "CHAT"}, {"status", status}};
}

void accept_chat(CliWorld& world) {
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer("POST /api/jobs", 202, job("PENDING"));
}

json completed(const std::string& reply) {
    json ended = job("COMPLETED");
    ended["result"] = {{"reply", reply}};
    return ended;
}

}  // namespace

TEST_CASE("chat says the message and prints nothing but the reply") {
    CliWorld world;
    accept_chat(world);
    world.answer(job_path, 200, job("RUNNING"));
    world.answer(job_path, 200, completed("Hello yourself"));
    CHECK(world.run({"chat", bot_id, "hello"}) == ExitCode::ok);
    CHECK(world.out.str() == "Hello yourself\n");
    CHECK(world.err.str().empty());
    const json expected = {{"type", "CHAT"},
                           {"payload", {{"botId", bot_id}, {"message", "hello"}}}};
    CHECK(world.body_of("POST /api/jobs") == expected);
}

TEST_CASE("chat takes its message from standard input, an interrupt and a session") {
    CliWorld world;
    accept_chat(world);
    world.answer(job_path, 200, completed("ok"));
    world.in.str("two\nlines\n");
    CHECK(world.run({"chat", bot_id, "-", "--interrupt", "--session", "mine"}) == ExitCode::ok);
    const json payload = world.body_of("POST /api/jobs")["payload"];
    CHECK(payload["message"] == "two\nlines\n");
    CHECK(payload["interrupt"] == true);
    CHECK(payload["sessionKey"] == "mine");
}

TEST_CASE("chat prints the whole job as JSON when asked to") {
    CliWorld world;
    accept_chat(world);
    world.answer(job_path, 200, completed("ok"));
    CHECK(world.run({"chat", bot_id, "hello", "--json"}) == ExitCode::ok);
    CHECK(json::parse(world.out.str()) == completed("ok"));
}

TEST_CASE(
    "a chat that fails says its cause and what to do, and an API that restarts is waited for") {
    CliWorld world;
    accept_chat(world);
    json failed = job("FAILED");
    failed["error"] = {{"message", "The bot is stopped."}, {"nextAction", "Start the bot."}};
    world.answer(job_path, 503, problem(503, "not_ready", "The server is stopping."));
    world.answer(job_path, 200, failed);
    CHECK(world.run({"chat", bot_id, "hello"}) == ExitCode::failed);
    CHECK(world.out.str().empty());
    CHECK(world.err.str().find("The bot is stopped.") != std::string::npos);
    CHECK(world.err.str().find("Start the bot.") != std::string::npos);
}
