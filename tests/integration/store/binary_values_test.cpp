// Values in PostgreSQL's binary form: arrays on the way there, rows on the way back.
#include "store/binary_array.hpp"
#include "store/database.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

using namespace std::chrono_literals;

/// The rows of the statement, each value as text with `|` between, NULL as `-`; read in the one
/// form and in the other.
std::pair<std::string, std::string> both_forms(Database& database, const std::string& statement,
                                               const std::vector<Param>& params) {
    const auto joined = [](const Rows& rows) {
        std::string text;
        for (std::size_t i = 0; i < rows.size(); ++i) {
            const auto row = rows[i];
            text += row.null(0) ? "-" : std::to_string(row.integer(0));
            text += "|" + row.id<base::OperationId>(1).text() + "|";
            text += row.null(2) ? "-" : row.text(2);
            text += row.null(3) ? "|-|" : (row.boolean(3) ? "|yes|" : "|no|");
            const auto time = row.optional_time(4);
            text += time ? std::to_string(time->time_since_epoch() / 1us) : "-";
            text += "\n";
        }
        return text;
    };
    return database
        .run([&](Sql& sql) -> base::Result<std::pair<std::string, std::string>> {
            return std::pair(joined(sql.query(statement, params)),
                             joined(sql.query_binary(statement, params)));
        })
        .value();
}

}  // namespace

TEST_CASE(
    "arrays in binary form arrive element by element, and rows come back alike in both forms") {
    World world;
    const base::OperationId id("019a0b1c-2d3e-7f40-8a5b-6c7d8e9fabcd");
    BinaryArray numbers(ElementType::integer), ids(ElementType::uuid), texts(ElementType::text),
        flags(ElementType::boolean), times(ElementType::timestamptz);
    numbers.add(-2'147'483'647);
    numbers.add(std::nullopt);
    numbers.add(7);
    ids.add(id);
    ids.add(base::OperationId());
    ids.add(base::OperationId("FFFFFFFF-0000-7000-8000-00000000000A"));
    texts.add("quotes ' \" \\ {NULL}, \xF0\x9F\xA5\x9A");
    texts.add("");
    texts.add(std::optional<std::string>());
    flags.add(true);
    flags.add(false);
    flags.add(std::nullopt);
    times.add(at(1) + 7us);
    times.add(base::TimePoint(-1us));
    times.add(std::nullopt);
    const auto [text, binary] = both_forms(
        world.pool,
        "SELECT a, b, c, d, e FROM unnest($1::integer[], $2::uuid[], $3::text[], $4::boolean[], "
        "$5::timestamptz[]) AS t (a, b, c, d, e)",
        {numbers.param(), ids.param(), texts.param(), flags.param(), times.param()});
    CHECK(text == "-2147483647|" + id.text() + "|quotes ' \" \\ {NULL}, \xF0\x9F\xA5\x9A|yes|" +
                      std::to_string((at(1) + 7us).time_since_epoch() / 1us) +
                      "\n-|||no|-1\n7|ffffffff-0000-7000-8000-00000000000a|-|-|-\n");
    CHECK(binary == text);
}

TEST_CASE("whole numbers of every size are read in binary form") {
    World world;
    const auto [text, binary] = both_forms(
        world.pool,
        "SELECT n, NULL::uuid, NULL, NULL, NULL FROM (VALUES (CAST(-3 AS smallint)), (40000), "
        "(-9000000000), ($1::bigint)) AS t (n)",
        {std::int64_t{9'223'372'036'854'775'807}});
    CHECK(text == "-3||-|-|-\n40000||-|-|-\n-9000000000||-|-|-\n9223372036854775807||-|-|-\n");
    CHECK(binary == text);
}

TEST_CASE("an array without elements is an empty one") {
    World world;
    const auto count = world.pool.run([](Sql& sql) -> base::Result<std::int64_t> {
        return sql
            .query("SELECT count(*) FROM unnest($1::uuid[])",
                   {BinaryArray(ElementType::uuid).param()})[0]
            .integer(0);
    });
    CHECK(count.value() == 0);
}

TEST_CASE("an element of another type, or an id that is none, is refused before it is sent") {
    BinaryArray ids(ElementType::uuid);
    CHECK_THROWS_AS(ids.add("text"), SqlFailure);
    CHECK_THROWS_AS(ids.add(base::OperationId("not-an-id")), SqlFailure);
    BinaryArray numbers(ElementType::integer);
    CHECK_THROWS_AS(numbers.add(true), SqlFailure);
}

TEST_CASE("a text with a NUL is refused in an array, too, and the connection goes on") {
    World world;
    const auto run = [&](std::string_view element) {
        return world.pool.run([&](Sql& sql) -> base::Result<std::string> {
            BinaryArray texts(ElementType::text);
            texts.add(element);
            return sql.query("SELECT x FROM unnest($1::text[]) AS x", {texts.param()})[0].text(0);
        });
    };
    const auto refused = run(std::string_view("a\0b", 3));
    REQUIRE(!refused);
    CHECK(refused.error().kind == base::ErrorKind::invalid);
    CHECK(run("ab").value() == "ab");
}

}  // namespace hatchery::store
