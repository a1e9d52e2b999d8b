#include "api_world.hpp"
#include "core/release_text.hpp"
#include "store/pg_queue_monitor.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;
using namespace std::chrono_literals;

namespace {

struct AdminWorld : ApiWorld {
    std::string admin =
        make_token("admin@example.org", {"admin"}, std::nullopt, hatchery::store::UserRole::admin);

    ApiResponse ask(const std::string& path) { return call("GET", path, admin); }
    void add_worker(const std::string& host, base::Milliseconds silent_for, bool draining = false) {
        const auto now = clock.now();
        // Ids of one millisecond are in no order.
        const auto first_beat = now + std::chrono::milliseconds(++added_);
        core::Worker worker{.id = base::make_id<base::WorkerId>(first_beat, random),
                            .host = host,
                            .version = "1.2.3",
                            .role = core::WorkerRole::worker,
                            .capabilities = R"({"region": "fsn1"})",
                            .slots = 32,
                            .max_slots = 50,
                            .busy = 5,
                            .draining = draining,
                            .started_at = now - 1h,
                            .heartbeat_at = now - silent_for};
        if (!workers->beat(worker)) throw std::runtime_error("no beat");
    }

private:
    int added_ = 0;
};

}  // namespace

TEST_CASE("admin routes are for tokens with the scope admin") {
    AdminWorld world;
    for (const char* path : {"/api/admin/workers", "/api/admin/alarms", "/api/admin/operations"}) {
        CAPTURE(path);
        CHECK(world.get(path).status == 403);
        CHECK(world.ask(path).status == 200);
        CHECK(world.ask(path).body["items"].empty());
        CHECK(world.ask(path).body["next"].is_null());
    }
}

TEST_CASE("the fleet is shown with owners, servers and what their last deploy installed") {
    AdminWorld world;
    const auto first = world.make_bot(100001);
    const auto second = world.make_bot(100002);
    REQUIRE(world.post("/api/deploy", {{"botId", first}}).status == 202);
    const auto provision = world.claim();
    world.plan_server(provision);
    ports::Transition next{.now = world.clock.now()};
    next.next_step = core::StepKind::deploy_openclaw;
    REQUIRE(world.jobs->apply(provision, next)->accepted);
    const auto install = world.claim();
    ports::Transition last{.now = world.clock.now()};
    last.message = core::installed_text("2026.9.6");
    last.operation_end = core::OperationState::succeeded;
    REQUIRE(world.jobs->apply(install, last)->accepted);

    CHECK(world.get("/api/admin/fleet").status == 403);
    const auto page = world.ask("/api/admin/fleet?limit=1");
    REQUIRE(page.body["items"].size() == 1);
    CHECK(page.body["items"][0]["id"] == second);
    CHECK(page.body["items"][0]["openclawVersion"].is_null());
    CHECK(page.body["items"][0]["server"].is_null());
    const auto rest =
        world.ask("/api/admin/fleet?limit=1&after=" + page.body["next"].get<std::string>());
    REQUIRE(rest.body["items"].size() == 1);
    CHECK(rest.body["next"].is_null());
    const auto& bot = rest.body["items"][0];
    CHECK(bot["id"] == first);
    CHECK(bot["ownerEmail"] == "alice@example.org");
    CHECK(bot["openclawVersion"] == "2026.9.6");
    CHECK(bot["server"]["type"] == "cx23");
    CHECK(bot["server"]["cost"]["currency"] == "EUR");
}

TEST_CASE("a bot's messages are counted: those of a day, those that wait, those given up") {
    AdminWorld world;
    const auto bot = world.make_bot(100001);
    const auto counted = [&] { return world.get("/api/bots/" + bot + "/messages").body; };
    CHECK(counted()["received"] == 0);
    CHECK(counted()["lastAt"].is_null());
    const auto now = base::format_time(world.clock.now());
    const auto stored = world.database->pool().run([&](store::Sql& sql) -> base::Result<void> {
        (void)sql.query(
            "INSERT INTO webhook_inbox (bot_id, update_id, body, state, next_attempt_at, "
            "received_at,"
            " finished_at) SELECT $1, n, '{}', (ARRAY['delivered', 'pending', 'dead'])[n % 3 + 1], "
            "t, t,"
            " CASE WHEN n % 3 <> 1 THEN t END FROM (SELECT n, CAST($2 AS timestamptz) - "
            "make_interval("
            "hours => n * 10) AS t FROM generate_series(0, 5) AS n) AS updates",
            {base::BotId(bot), now});
        return {};
    });
    REQUIRE(stored);
    CHECK(counted()["received"] == 3);
    CHECK(counted()["waiting"] == 2);
    CHECK(counted()["failed"] == 2);
    CHECK(counted()["lastAt"] == now);
    CHECK(world.call("GET", "/api/bots/" + bot + "/messages", world.bob).status == 404);
}

TEST_CASE("who wrote to a bot is told, the latest first, and whether the bot talks to them") {
    AdminWorld world;
    const auto bot = world.make_bot(100001);
    int minute = 0;
    const auto write = [&](int number, std::int64_t chat, const std::string& body) {
        const auto at = base::format_time(world.clock.now() + std::chrono::minutes(++minute));
        REQUIRE(world.database->pool().run([&](store::Sql& sql) -> base::Result<void> {
            (void)sql.query(
                "INSERT INTO webhook_inbox (bot_id, update_id, chat_id, body, next_attempt_at, "
                "received_at) VALUES ($1, $2, $3, $4, $5, $5)",
                {base::BotId(bot), number, chat, body, at});
            return {};
        }));
    };
    const auto says = [](std::int64_t user, const std::string& name) {
        return base::Json{{"update_id", 1},
                          {"message",
                           {{"text", "hi"},
                            {"chat", {{"id", user}, {"type", "private"}}},
                            {"from", {{"id", user}, {"first_name", name}}}}}}
            .dump();
    };
    const auto senders = [&] {
        return world.get("/api/bots/" + bot + "/messages").body["senders"];
    };
    CHECK(senders() == base::Json::array());
    write(1, 4711, says(4711, "Ada"));
    write(2, 4712, says(4712, "Bob"));
    write(3, 4711, says(4711, "Ada L."));
    write(4, -100, says(-100, "a group"));
    write(5, 4713, "no update");
    const auto seen = senders();
    REQUIRE(seen.size() == 2);
    CHECK(seen[0]["userId"] == 4711);
    CHECK(seen[0]["name"] == "Ada L.");
    CHECK(seen[0]["username"].is_null());
    CHECK(seen[0]["allowed"] == false);
    CHECK(seen[1]["name"] == "Bob");
    // What is too long to be looked at, and what does not tell whom it is from, hides nobody.
    write(6, 4712, says(4712, std::string(70'000, 'b')));
    write(7, 4711, R"({"update_id":7,"message_reaction":{"chat":{"id":4711},"user":{"id":4711}}})");
    CHECK(senders()[0]["name"] == "Ada L.");
    CHECK(senders()[1]["name"] == "Bob");
    // Telegram begins anew with its numbers after a quiet week: the time says what is the latest.
    write(0, 4712, says(4712, "Bobby"));
    CHECK(senders()[0]["name"] == "Bobby");
    CHECK(senders()[1]["name"] == "Ada L.");
    REQUIRE(world.put("/api/bots/" + bot, {{"allowedTelegramUserIds", {4711}}}).status == 200);
    CHECK(senders()[0]["allowed"] == false);
    CHECK(senders()[1]["allowed"] == true);
}

TEST_CASE("workers are listed with what they offer, what they do and how they are") {
    AdminWorld world;
    world.add_worker("a", 1s);
    world.add_worker("b", 1s, true);
    world.add_worker("c", 60s);
    const auto items = world.ask("/api/admin/workers").body["items"];
    REQUIRE(items.size() == 3);
    CHECK(items[0]["host"] == "a");
    CHECK(items[0]["state"] == "alive");
    CHECK(items[0]["role"] == "worker");
    CHECK(items[0]["version"] == "1.2.3");
    CHECK(items[0]["capabilities"]["region"] == "fsn1");
    CHECK(items[0]["slots"] == 32);
    CHECK(items[0]["maxSlots"] == 50);
    CHECK(items[0]["busy"] == 5);
    CHECK(base::parse_time(items[0]["heartbeatAt"].get<std::string>()));
    CHECK(items[1]["state"] == "draining");
    CHECK(items[2]["state"] == "silent");
}

TEST_CASE("alarms are listed newest first and page by page") {
    AdminWorld world;
    const auto now = world.clock.now();
    REQUIRE(world.alarms->raise({core::AlarmKind::no_worker, "Why.", "Do."}, now - 10s));
    REQUIRE(world.alarms->clear(core::AlarmKind::no_worker, {}, now - 5s));
    REQUIRE(world.alarms->raise({core::AlarmKind::queue_deep, "Why.", "Do."}, now));
    const auto first = world.ask("/api/admin/alarms?limit=1").body;
    REQUIRE(first["items"].size() == 1);
    CHECK(first["items"][0]["kind"] == "queue_deep");
    CHECK(first["items"][0]["state"] == "raised");
    CHECK(first["items"][0]["clearedAt"].is_null());
    const auto second =
        world.ask("/api/admin/alarms?limit=1&after=" + first["next"].get<std::string>()).body;
    REQUIRE(second["items"].size() == 1);
    CHECK(second["items"][0]["state"] == "cleared");
    CHECK(second["items"][0]["nextAction"] == "Do.");
    CHECK(second["next"].is_null());
}

TEST_CASE("operations across bots are listed, and the stuck ones with reason and what to do") {
    AdminWorld world;
    const auto bot = world.make_bot(100001);
    REQUIRE(world.post("/api/deploy", {{"botId", bot}}).status == 202);
    const auto live = world.ask("/api/admin/operations").body["items"];
    REQUIRE(live.size() == 1);
    CHECK(live[0]["botId"] == bot);
    CHECK(live[0]["botName"] == "My bot");
    CHECK(live[0]["kind"] == "deploy");
    CHECK(live[0]["step"] == "provision_server");
    CHECK(live[0]["stuck"].is_null());
    CHECK(world.ask("/api/admin/operations?stuck=true").body["items"].empty());

    const auto monitor = store::make_pg_queue_monitor(world.database->pool(), *world.notifications);
    const std::vector<ports::BlockedDemand> everything{{"{}", "No worker is running."}};
    REQUIRE(monitor->mark_blocked(everything, world.clock.now()).value() == 1);
    const auto stuck = world.ask("/api/admin/operations?stuck=true").body["items"];
    REQUIRE(stuck.size() == 1);
    CHECK(stuck[0]["stuck"]["reason"] == "blocked");
    CHECK(stuck[0]["stuck"]["cause"] == "No worker is running.");
    CHECK_FALSE(stuck[0]["stuck"]["nextAction"].get<std::string>().empty());
    // Its user sees why as well, in the status and in the story.
    const auto status = world.get("/api/deploy/" + bot + "/status").body;
    CHECK(status["operation"]["steps"][0]["message"] == "No worker is running.");
    const auto logs = world.get("/api/deploy/" + bot + "/logs").body["items"];
    CHECK(logs.back()["message"] == "No worker is running.");
    CHECK(logs.back()["level"] == "warning");
}

TEST_CASE("wrong parameters of admin routes are named") {
    AdminWorld world;
    CHECK(world.ask("/api/admin/operations?stuck=maybe").wrong_fields() == "stuck");
    CHECK(world.ask("/api/admin/operations?after=x&limit=0").wrong_fields() == "limit after");
    CHECK(world.ask("/api/admin/alarms?after=x").wrong_fields() == "after");
}

TEST_CASE("metrics of the engine and the pool are served beside those of the API") {
    AdminWorld world;
    world.metrics.counter("hatchery_jobs_claimed_total", "Jobs.").add(3);
    const auto text = world.call("GET", "/metrics", "").text;
    CHECK(
        text.find("# TYPE hatchery_jobs_claimed_total counter\nhatchery_jobs_claimed_total 3\n") !=
        std::string::npos);
}
