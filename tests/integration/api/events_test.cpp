#include <charconv>
#include <thread>

#include "../../unit/api/raw_client.hpp"
#include "api_world.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;
using hatchery::base::Json;

namespace {

/// One reader of a bot's events.
struct EventReader {
    RawClient client;
    std::string text;

    EventReader(ApiWorld& world, const std::string& bot, const std::string& last_id = "")
        : EventReader(world, bot, last_id, world.alice) {}
    EventReader(ApiWorld& world, const std::string& bot, const std::string& last_id,
                const std::string& token)
        : client(world.port()) {
        client.send("GET /api/deploy/" + bot +
                    "/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + token + "\r\n" +
                    (last_id.empty() ? "" : "Last-Event-ID: " + last_id + "\r\n") + "\r\n");
    }
    /// Whether a line with this text comes in time.
    bool sees(const std::string& line) {
        const auto deadline = std::chrono::steady_clock::now() + 10s;
        while (text.find(line) == std::string::npos) {
            if (client.closed() || std::chrono::steady_clock::now() > deadline) return false;
            text += client.read_until("\n\n", 100ms);
        }
        return true;
    }
    [[nodiscard]] std::vector<std::int64_t> ids() const {
        std::vector<std::int64_t> ids;
        for (auto at = text.find("\nid: "); at != std::string::npos;
             at = text.find("\nid: ", at + 1)) {
            ids.push_back(std::stoll(text.substr(at + 5)));
        }
        return ids;
    }
};

std::vector<std::int64_t> numbers(std::int64_t first, std::int64_t last) {
    std::vector<std::int64_t> all;
    for (auto n = first; n <= last; ++n) all.push_back(n);
    return all;
}

}  // namespace

TEST_CASE("events come as they happen, each with its number, type and data") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    EventReader reader(world, id);
    const auto job = world.claim();
    world.log(job, {"first line", "with \"quotes\" and ünïcode"});
    REQUIRE(reader.sees("quotes"));
    world.end(job, hatchery::core::OperationState::succeeded);
    REQUIRE(reader.sees("the operation ended"));
    CHECK(reader.text.find("Content-Type: text/event-stream\r\n") != std::string::npos);
    CHECK(reader.text.find("event: log\n") != std::string::npos);
    CHECK(reader.text.find("event: status\n") != std::string::npos);
    CHECK(reader.text.find("\"data\":{\"state\":\"ended\"}") != std::string::npos);
    CHECK(reader.ids() == numbers(1, *world.events->last_seq(hatchery::base::BotId(id))));
}

TEST_CASE("readers that come while lines are written miss none and see none twice") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    const auto job = world.claim();
    constexpr int rounds = 100;
    std::jthread writer([&] {
        for (int i = 0; i < rounds; ++i) {
            world.log(job, {"a " + std::to_string(i), "b " + std::to_string(i)});
        }
        world.log(job, {"the very last"});
    });
    std::vector<EventReader> readers;
    for (int i = 0; i < 10; ++i) readers.emplace_back(world, id);
    for (auto& reader : readers) REQUIRE(reader.sees("the very last"));
    writer.join();
    const auto last = *world.events->last_seq(hatchery::base::BotId(id));
    for (const auto& reader : readers) CHECK(reader.ids() == numbers(1, last));
}

TEST_CASE("a stream may begin with the latest events, and goes on from there") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    const auto job = world.claim();
    world.log(job, {"one", "two", "three", "four"});
    const auto last = *world.events->last_seq(hatchery::base::BotId(id));
    RawClient client(world.port());
    client.send("GET /api/deploy/" + id +
                "/events?tail=2 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + world.alice +
                "\r\n\r\n");
    const auto begun = client.read_until("id: " + std::to_string(last) + "\n");
    CHECK(begun.find("three") != std::string::npos);
    CHECK(begun.find("two") == std::string::npos);
    world.log(job, {"five"});
    CHECK(client.read_until("five").find("five") != std::string::npos);
    CHECK(world.get("/api/deploy/" + id + "/events?tail=x").status == 400);
}

TEST_CASE("a reader goes on after Last-Event-ID, a strange one begins anew") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    const auto job = world.claim();
    for (int i = 0; i < 1000; i += 100) {
        world.log(job, std::vector<std::string>(100, "line"));
    }
    world.log(job, {"the very last"});
    const auto last = *world.events->last_seq(hatchery::base::BotId(id));
    for (const auto& [said, first] : std::vector<std::pair<std::string, std::int64_t>>{
             {"500", 501}, {std::to_string(last - 1), last}, {"nonsense", 1}, {"-5", 1}}) {
        EventReader reader(world, id, said);
        REQUIRE(reader.sees("the very last"));
        CHECK(reader.ids() == numbers(first, last));
    }
    EventReader ahead(world, id, std::to_string(last));
    world.log(job, {"news"});
    REQUIRE(ahead.sees("news"));
    CHECK(ahead.ids() == numbers(last + 1, last + 1));
}

TEST_CASE("the server's stop ends streams") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    EventReader reader(world, id);
    REQUIRE(reader.sees("retry: "));
    world.server->stop();
    reader.client.read_all();
    CHECK(reader.client.closed());
}

TEST_CASE("a stream ends with the token that opened it") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    const auto token = world.make_token("alice@example.org", {"bots:read"}, world.clock.now() + 2s);
    EventReader reader(world, id, "", token);
    REQUIRE(reader.sees("retry: "));
    reader.client.read_all(20s);
    CHECK(reader.client.closed());
}

TEST_CASE("a stream ends when its token is revoked, its session ended or its user's role changed") {
    WorldSetup setup;
    setup.listens = true;
    ApiWorld world(setup);
    while (!world.notifications->listening()) std::this_thread::yield();
    const auto id = world.make_bot(100001);
    const auto root = world.make_token("root@example.org", {"bots:read", "admin"}, std::nullopt,
                                       hatchery::store::UserRole::admin);
    REQUIRE(world.post("/api/deploy", {{"botId", id}}).status == 202);
    const auto job = world.claim();
    const auto alice = world.browser("alice@example.org");
    const auto run = [&](const std::string& statement) {
        const auto done = world.database->pool().run(
            [&](hatchery::store::Sql& sql) -> hatchery::base::Result<void> {
                (void)sql.query(statement);
                return {};
            });
        REQUIRE(done);
    };
    EventReader staff(world, id, "", root);
    REQUIRE(staff.sees("retry: "));
    const std::string head = "GET /api/deploy/" + id + "/events HTTP/1.1\r\nHost: x\r\nCookie: ";
    const auto ends_by = [&](const std::string& statement) {
        RawClient client(world.port());
        client.send(head + alice.cookie + "\r\n\r\n");
        REQUIRE(status_of(client.read_until("retry: ")) == 200);
        run(statement);
        (void)client.read_all(10s);
        return client.closed();
    };
    const std::string of_alice = "(SELECT id FROM users WHERE email = 'alice@example.org')";
    CHECK(ends_by("UPDATE api_tokens SET revoked_at = now() WHERE user_id = " + of_alice));
    CHECK(ends_by("UPDATE users SET role = 'support' WHERE id = " + of_alice));
    // What changes nothing tells nobody, nor does the sweep of what has expired.
    run("UPDATE users SET name = name");
    run("INSERT INTO sessions (id, user_id, token_hash, created_at, last_used_at, expires_at) "
        "SELECT gen_random_uuid(), id, repeat('a', 64), now(), now(), now() - interval '1 hour' "
        "FROM users WHERE email = 'root@example.org'");
    run("DELETE FROM sessions WHERE expires_at < now()");
    CHECK(ends_by("DELETE FROM sessions WHERE user_id = " + of_alice));
    // Others read on, whatever alice lost.
    CHECK_FALSE(staff.client.closed());
    world.log(job, {"for the staff"});
    CHECK(staff.sees("for the staff"));
}
