#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using nlohmann::json;
using namespace tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

json page(std::vector<json> items) { return {{"items", items}, {"next", nullptr}}; }

const std::string workers_page = "GET /api/admin/workers?limit=200";
const std::string stuck_page = "GET /api/admin/operations?stuck=true&limit=200";

json some_worker() {
    return {{"id", bot_id},
            {"host", "machine-a"},
            {"role", "serve"},
            {"state", "alive"},
            {"capabilities", {{"region", "fsn1"}}},
            {"slots", 32},
            {"busy", 7},
            {"startedAt", "2026-11-21T06:00:00.000Z"},
            {"heartbeatAt", "2026-11-21T06:00:00.000Z"}};
}

}  // namespace

TEST_CASE("workers prints one line a process") {
    CliWorld world;
    world.answer(workers_page, 200, page({some_worker()}));
    CHECK(world.run({"workers"}) == ExitCode::ok);
    for (const char* part : {"machine-a", "serve", "alive", "7/32", R"({"region":"fsn1"})"}) {
        CHECK(contains(world.out.str(), part));
    }
    CliWorld as_json;
    as_json.answer(workers_page, 200, page({some_worker()}));
    CHECK(as_json.run({"workers", "--json"}) == ExitCode::ok);
    CHECK(json::parse(as_json.out.str())[0]["slots"] == 32);
    CliWorld none;
    none.answer(workers_page, 200, page({}));
    CHECK(none.run({"workers"}) == ExitCode::ok);
    CHECK(contains(none.err.str(), "hatchery worker"));
}

TEST_CASE("operations --stuck says that there are none, or each with what to do") {
    CliWorld none;
    none.answer(stuck_page, 200, page({}));
    CHECK(none.run({"operations", "--stuck"}) == ExitCode::ok);
    CHECK(none.out.str() == "no operation is stuck\n");

    json stuck = operation("deploy", "pending");
    stuck["botName"] = "mine";
    stuck["stuck"] = {
        {"reason", "blocked"}, {"cause", "No worker is running."}, {"nextAction", "Start one."}};
    CliWorld some;
    some.answer(stuck_page, 200, page({stuck}));
    CHECK(some.run({"operations", "--stuck"}) == ExitCode::failed);
    CHECK(some.out.str() ==
          "deploy " + operation_id + " of mine (blocked): No worker is running.\n  Start one.\n");
    CliWorld as_json;
    as_json.answer(stuck_page, 200, page({stuck}));
    CHECK(as_json.run({"operations", "--stuck", "--json"}) == ExitCode::failed);
    CHECK(json::parse(as_json.out.str())[0]["stuck"]["reason"] == "blocked");
}

TEST_CASE("operations lists what is under way") {
    CliWorld world;
    json live = operation("deploy", "waiting");
    live["botName"] = "mine";
    live["step"] = "start_bot";
    live["message"] = "OpenClaw starts";
    world.answer("GET /api/admin/operations?limit=200", 200, page({live}));
    CHECK(world.run({"operations"}) == ExitCode::ok);
    for (const char* part : {"deploy", "waiting", "mine", "start_bot", "OpenClaw starts"}) {
        CHECK(contains(world.out.str(), part));
    }
}

TEST_CASE("alarms prints cause, and what to do about those that are raised") {
    CliWorld world;
    const json raised = {{"state", "raised"},
                         {"kind", "no_worker"},
                         {"cause", "None."},
                         {"nextAction", "Start one."},
                         {"raisedAt", "2026-11-21T06:00:00.000Z"}};
    json cleared = raised;
    cleared["state"] = "cleared";
    cleared["kind"] = "queue_deep";
    world.answer("GET /api/admin/alarms?limit=50", 200, page({raised, cleared}));
    CHECK(world.run({"alarms"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "no_worker"));
    CHECK(contains(world.out.str(), "queue_deep"));
    CHECK(world.out.str().find("Start one.") == world.out.str().rfind("Start one."));
}

namespace {

json some_user() {
    return {{"id", bot_id},
            {"email", "alice@example.org"},
            {"role", "user"},
            {"plan", {{"name", "pro"}, {"bots", 5}}},
            {"usage", {{"bots", 2}, {"servers", 1}}},
            {"subscription",
             {{"plan", "pro"},
              {"standing", "grace"},
              {"status", "active"},
              {"periodEnd", "2026-11-21T06:00:00.000Z"},
              {"stopsAt", "2026-11-24T06:00:00.000Z"},
              {"destroysAt", nullptr}}}};
}

const std::string by_email = "GET /api/admin/users?email=alice%40example.org";

}  // namespace

TEST_CASE("users list prints one line a user, and filters") {
    CliWorld world;
    world.answer("GET /api/admin/users?plan=pro&standing=grace&limit=200", 200,
                 page({some_user()}));
    CHECK(world.run({"users", "list", "--plan", "pro", "--standing", "grace"}) == ExitCode::ok);
    for (const char* part : {"alice@example.org", "pro", "grace", "2/5", "2026-11-21T06:00"}) {
        CHECK(contains(world.out.str(), part));
    }
    CliWorld as_json;
    as_json.answer("GET /api/admin/users?limit=200", 200, page({some_user()}));
    CHECK(as_json.run({"users", "list", "--json"}) == ExitCode::ok);
    CHECK(json::parse(as_json.out.str())[0]["usage"]["bots"] == 2);
}

TEST_CASE("users show finds a user by the e-mail address or the id") {
    CliWorld world;
    world.answer(by_email, 200, page({some_user()}));
    CHECK(world.run({"users", "show", "alice@example.org"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "2026-11-24T06:00:00.000Z"));
    CliWorld by_id;
    by_id.answer("GET /api/admin/users/" + bot_id, 200, some_user());
    CHECK(by_id.run({"users", "show", bot_id, "--json"}) == ExitCode::ok);
    CHECK(json::parse(by_id.out.str())["role"] == "user");
    CliWorld nobody;
    nobody.answer(by_email, 200, page({}));
    CHECK(nobody.run({"users", "show", "alice@example.org"}) != ExitCode::ok);
    CHECK(contains(nobody.err.str(), "hatchery users list"));
}

TEST_CASE("users plan sets plan and end, and wants to be told the end") {
    const std::string write = "PUT /api/admin/users/" + bot_id + "/subscription";
    CliWorld world;
    world.answer(by_email, 200, page({some_user()}));
    world.answer(write, 200, some_user()["subscription"]);
    CHECK(world.run({"users", "plan", "alice@example.org", "enterprise", "--until",
                     "2027-01-31T12:00:00Z"}) == ExitCode::ok);
    CHECK(world.body_of(write) == json{{"plan", "enterprise"},
                                       {"status", "active"},
                                       {"periodEnd", "2027-01-31T12:00:00Z"}});
    CliWorld endless;
    endless.answer(by_email, 200, page({some_user()}));
    endless.answer(write, 200, some_user()["subscription"]);
    CHECK(endless.run({"users", "plan", "alice@example.org", "pro", "--until", "never",
                       "--cancelled", "--json"}) == ExitCode::ok);
    CHECK(endless.body_of(write) ==
          json{{"plan", "pro"}, {"status", "cancelled"}, {"periodEnd", nullptr}});
    CliWorld forgotten;
    CHECK(forgotten.run({"users", "plan", "alice@example.org", "pro"}) != ExitCode::ok);
    CHECK(forgotten.calls().empty());
    CHECK(contains(forgotten.err.str(), "--until"));
}
