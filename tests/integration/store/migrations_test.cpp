#include "store/migrations.hpp"

#include <mutex>
#include <thread>

#include "base/embedded_file.hpp"
#include "support/catch.hpp"
#include "support/pg_cluster.hpp"

namespace hatchery::store {

namespace {

using base::EmbeddedFile;

std::unique_ptr<support::TestDatabase> empty_database() {
    return support::PgCluster::shared().create_empty_database();
}

bool has_table(Database& database, const std::string& name) {
    return database
        .run([&](Sql& sql) -> base::Result<bool> {
            return sql.query("SELECT to_regclass($1) IS NOT NULL", {name})[0].boolean(0);
        })
        .value();
}

}  // namespace

TEST_CASE("an empty database is brought to the newest schema, once") {
    const auto database = empty_database();
    CHECK(!schema_current(database->pool()).value());
    const auto first = migrate(database->pool());
    REQUIRE(first);
    CHECK(first->applied.size() == embedded::migrations().size());
    CHECK(schema_current(database->pool()).value());
    const auto second = migrate(database->pool());
    REQUIRE(second);
    CHECK(second->applied.empty());
    CHECK(second->total == first->total);
}

TEST_CASE("of eight processes that migrate at once, one does and all see the schema") {
    const auto database = empty_database();
    std::mutex mutex;
    std::size_t applied = 0;
    int failed = 0;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) {
            threads.emplace_back([&] {
                Database own({.url = database->url(), .pool_size = 1});
                const auto report = migrate(own);
                const auto current = schema_current(own);
                const std::lock_guard lock(mutex);
                if (!report || !current.value_or(false)) ++failed;
                if (report) applied += report->applied.size();
            });
        }
    }
    CHECK(failed == 0);
    CHECK(applied == embedded::migrations().size());
}

TEST_CASE("a migration that was changed after it ran is refused") {
    const auto database = empty_database();
    const std::vector<EmbeddedFile> before = {{"0001_a.sql", "CREATE TABLE a (x int);"}};
    const std::vector<EmbeddedFile> after = {{"0001_a.sql", "CREATE TABLE a (x bigint);"}};
    REQUIRE(migrate(database->pool(), before));
    const auto refused = migrate(database->pool(), after);
    REQUIRE(!refused);
    CHECK(refused.error().kind == base::ErrorKind::conflict);
    CHECK(refused.error().message.find("0001_a.sql") != std::string::npos);
}

TEST_CASE("a database of a newer release is refused") {
    const auto database = empty_database();
    const std::vector<EmbeddedFile> newer = {{"0001_a.sql", "CREATE TABLE a (x int);"},
                                             {"0002_b.sql", "CREATE TABLE b (x int);"}};
    REQUIRE(migrate(database->pool(), newer));
    const auto refused = migrate(database->pool(), std::span(newer).first(1));
    REQUIRE(!refused);
    CHECK(refused.error().message.find("0002_b.sql") != std::string::npos);
}

TEST_CASE("a migration that fails leaves nothing of itself and is run again") {
    const auto database = empty_database();
    const std::vector<EmbeddedFile> broken = {
        {"0001_a.sql", "CREATE TABLE a (x int);"},
        {"0002_b.sql", "CREATE TABLE b (x int); SELECT nonsense;"}};
    const std::vector<EmbeddedFile> mended = {{"0001_a.sql", "CREATE TABLE a (x int);"},
                                              {"0002_b.sql", "CREATE TABLE b (x int);"}};
    CHECK(!migrate(database->pool(), broken));
    CHECK(has_table(database->pool(), "a"));
    CHECK(!has_table(database->pool(), "b"));
    const auto report = migrate(database->pool(), mended);
    REQUIRE(report);
    CHECK(report->applied == std::vector<std::string>{"0002_b.sql"});
}

}  // namespace hatchery::store
