#include "program.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using tests::count;
using tests::Program;

namespace {

const std::string old_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::string new_key = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

std::unique_ptr<support::ChildProcess> serve_with(Program& program, const std::string& keys) {
    program.environment["HATCHERY_MASTER_KEY"] = keys;
    auto child = program.start({"serve"});
    REQUIRE(child->read_line(20s).value_or("").find("is ready") != std::string::npos);
    return child;
}

/// Exit code and output of `keys rotate` with the new key in front.
std::pair<int, std::string> rotate(Program& program) {
    program.environment["HATCHERY_MASTER_KEY"] = new_key + "," + old_key;
    const auto child = program.start({"keys", "rotate"});
    std::string text;
    while (const auto line = child->read_line(20s)) text += *line + "\n";
    return {child->wait(20s).value_or(-1), text};
}

/// As if every process had said its last word so long ago.
void silence(Program& program, const std::string& since) {
    const auto silenced = program.database->pool().run([&](store::Sql& sql) -> base::Result<int> {
        const auto rows = sql.query("UPDATE workers SET heartbeat_at = now() - interval '" + since +
                                    "' RETURNING 1");
        return static_cast<int>(rows.size());
    });
    REQUIRE(silenced.value() == 1);
}

}  // namespace

TEST_CASE("no secret is sealed with a key that a running process lacks") {
    Program program;
    auto serve = serve_with(program, old_key);
    const auto refused = rotate(program);
    CHECK(refused.first == 5);
    CHECK(refused.second.empty());
    CHECK(count(program.log(), "could open nothing that it seals: serve on ") == 1);
    // With the key it is enough to begin, but the old one may seal again.
    CHECK(serve->terminate(10s) == 0);
    serve = serve_with(program, old_key + "," + new_key);
    const auto begun = rotate(program);
    CHECK(begun.first == 0);
    CHECK(count(begun.second, "No key can go yet: serve on ") == 1);
    CHECK(serve->terminate(10s) == 0);
    serve = serve_with(program, new_key + "," + old_key);
    const auto done = rotate(program);
    CHECK(done.first == 0);
    CHECK(count(done.second, "may be taken out now") == 1);
    CHECK(serve->terminate(10s) == 0);
    // Nobody runs: nobody is in the way.
    CHECK(rotate(program).first == 0);
    // One that was killed, or that hangs, is in the way until its row is forgotten.
    serve = serve_with(program, old_key);
    serve->kill();
    silence(program, "3 minutes");
    CHECK(rotate(program).first == 5);
    CHECK(count(program.log(), "(silent for 18") == 1);
    silence(program, "11 minutes");
    CHECK(rotate(program).first == 0);
}
