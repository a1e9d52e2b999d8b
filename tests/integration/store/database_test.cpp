#include "store/database.hpp"

#include <thread>

#include "world.hpp"

namespace hatchery::store {

namespace {

base::Result<void> execute(Database& database, const std::string& text) {
    return database.run([&](Sql& sql) -> base::Result<void> {
        sql.script(text);
        return {};
    });
}

}  // namespace

TEST_CASE("values come back as they were sent") {
    World world;
    const std::string text = "quotes ' \" \\ :name $1 and\nlines, \xF0\x9F\xA5\x9A";
    const auto time = at(1) + std::chrono::microseconds(7);
    const auto same = world.pool.run([&](Sql& sql) -> base::Result<bool> {
        const Rows rows = sql.query(
            "SELECT $1::text, $2::timestamptz, $3::bigint, $4::text, $5::boolean, $1::text",
            {text, time, std::int64_t{-9'000'000'000}, std::nullopt, true});
        return rows[0].text(0) == text && rows[0].time(1) == time &&
               rows[0].integer(2) == -9'000'000'000 && rows[0].null(3) && rows[0].boolean(4) &&
               rows[0].text(5) == text;
    });
    CHECK(same.value());
}

TEST_CASE("arrays keep every character of their elements") {
    World world;
    const std::vector<std::string> elements = {"",    "a,b",  "\"q\"",   "back\\slash",
                                               "{x}", "NULL", " spaced "};
    const auto back = world.pool.run([&](Sql& sql) -> base::Result<std::vector<std::string>> {
        return parse_array(sql.query("SELECT $1::text[]", {array_text(elements)})[0].text(0));
    });
    CHECK(back.value() == elements);
    CHECK(parse_array("{}").empty());
}

TEST_CASE("a text with a NUL is refused, never cut") {
    World world;
    const auto refused = world.pool.run([](Sql& sql) -> base::Result<void> {
        (void)sql.query("SELECT $1::text", {std::string("a\0b", 3)});
        return {};
    });
    REQUIRE(!refused);
    CHECK(refused.error().kind == base::ErrorKind::invalid);
}

TEST_CASE("a refused statement is told by kind and SQLSTATE, and the connection goes on") {
    World world;
    const auto run = [&](const std::string& statement) {
        return world.pool.run([&](Sql& sql) -> base::Result<void> {
            (void)sql.query(statement, {"1"});
            return {};
        });
    };
    CHECK(run("SELECT 1 / ($1::int - 1)").error().kind == base::ErrorKind::invalid);
    CHECK(run("SELECT 1 / ($1::int - 1)").error().code == "22012");
    CHECK(run("SELECT $1::uuid").error().code == "22P02");
    CHECK(run("SELECT $1 FROM nowhere").error().kind == base::ErrorKind::internal);
    CHECK(run("INSERT INTO users (id, email, role, created_at) VALUES "
              "(gen_random_uuid(), $1, 'king', now())")
              .error()
              .code == "23514");
    CHECK(world.pool.ping());
    CHECK(world.pool.open_connections() == 1);
}

TEST_CASE("a transaction whose work answers an error leaves nothing") {
    World world;
    REQUIRE(execute(world.pool, "CREATE TABLE t (x int)"));
    const auto failed = world.pool.transact([](Sql& sql) -> base::Result<void> {
        (void)sql.query("INSERT INTO t VALUES (1)");
        return base::fail(base::ErrorKind::conflict, "no");
    });
    CHECK(failed.error().message == "no");
    const auto refused = world.pool.transact([](Sql& sql) -> base::Result<void> {
        (void)sql.query("INSERT INTO t VALUES (1)");
        (void)sql.query("SELECT 1 / 0");
        return {};
    });
    CHECK(!refused);
    CHECK(world.texts("SELECT count(*)::text FROM t") == std::vector<std::string>{"0"});
    // The statement that failed can be run again on the same connection.
    CHECK(world.pool.transact([](Sql& sql) -> base::Result<void> {
        (void)sql.query("INSERT INTO t VALUES (1)");
        return {};
    }));
    CHECK(world.texts("SELECT count(*)::text FROM t") == std::vector<std::string>{"1"});
}

TEST_CASE("a deadlock is resolved by running the loser again") {
    World world;
    REQUIRE(execute(world.pool,
                    "CREATE TABLE t (id int PRIMARY KEY, x int NOT NULL);"
                    "INSERT INTO t VALUES (1, 0), (2, 0)"));
    std::atomic<int> arrived = 0;
    std::atomic<int> failed = 0;
    const auto both = [&](int first, int second) {
        const auto done = world.pool.transact([&](Sql& sql) -> base::Result<void> {
            (void)sql.query("UPDATE t SET x = x + 1 WHERE id = $1::int", {first});
            // Both hold their first row before either asks for its second.
            if (arrived < 2) ++arrived;
            while (arrived < 2) std::this_thread::yield();
            (void)sql.query("UPDATE t SET x = x + 1 WHERE id = $1::int", {second});
            return {};
        });
        if (!done) ++failed;
    };
    {
        const std::jthread one([&] { both(1, 2); });
        const std::jthread two([&] { both(2, 1); });
    }
    CHECK(failed == 0);
    CHECK(world.texts("SELECT x::text FROM t") == std::vector<std::string>{"2", "2"});
}

TEST_CASE("a statement beyond its time ends as a timeout") {
    World world;
    Database quick({.url = world.database->url(),
                    .pool_size = 1,
                    .statement_timeout = base::Milliseconds{50}});
    CHECK(execute(quick, "SELECT pg_sleep(20)").error().kind == base::ErrorKind::timeout);
    CHECK(quick.ping());
}

TEST_CASE("a caller that gets no connection in time is told so") {
    World world;
    Database small(
        {.url = world.database->url(), .pool_size = 1, .lease_timeout = base::Milliseconds{50}});
    const auto inner = small.run([&](Sql&) -> base::Result<void> { return small.ping(); });
    REQUIRE(!inner);
    CHECK(inner.error().kind == base::ErrorKind::unavailable);
    CHECK(small.ping());
}

TEST_CASE("connections are shared by more threads than there are, first come, first served") {
    World world;
    Database small({.url = world.database->url(), .pool_size = 2});
    std::atomic<int> done = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 12; ++i) {
            threads.emplace_back([&] {
                for (int n = 0; n < 20; ++n) done += small.ping().has_value() ? 1 : 0;
            });
        }
    }
    CHECK(done == 240);
    CHECK(small.open_connections() <= 2);
}

TEST_CASE("a URL that cannot be parsed is refused and not repeated") {
    const auto made = make_database(base::Secret("postgresql://u:hunter2@[broken"), 4);
    REQUIRE(!made);
    CHECK(made.error().kind == base::ErrorKind::invalid);
    CHECK(made.error().message.find("hunter2") == std::string::npos);
}

TEST_CASE("a database that is not there is unavailable, without its password in the error") {
    const auto made =
        make_database(base::Secret("postgresql://u:hunter2@/x?host=%2Fnowhere&port=1"), 4);
    REQUIRE(made);
    const auto answer = (*made)->ping();
    REQUIRE(!answer);
    CHECK(answer.error().kind == base::ErrorKind::unavailable);
    CHECK(answer.error().effect == base::Effect::none);
    for (const auto& [key, value] : answer.error().context) {
        CHECK(value.find("hunter2") == std::string::npos);
    }
}

}  // namespace hatchery::store
