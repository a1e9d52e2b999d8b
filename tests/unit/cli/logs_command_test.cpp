#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using nlohmann::json;
using namespace tests;

namespace {

json line(int seq, const std::string& message, const std::string& stream = "stdout") {
    return {{"seq", seq},
            {"at", "2026-11-21T06:00:00.000Z"},
            {"type", "log"},
            {"step", "install_dependencies"},
            {"stream", stream},
            {"message", message},
            {"operationId", operation_id}};
}

std::string logs_path(int after) {
    return "GET /api/deploy/" + bot_id + "/logs?limit=200&after=" + std::to_string(after);
}

json page(const std::vector<json>& items) { return {{"items", items}, {"next", nullptr}}; }

}  // namespace

TEST_CASE("logs prints every line once, from the number that is asked for") {
    CliWorld world;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer(logs_path(7), 200, page({line(8, "one"), line(9, "two", "stderr")}));
    world.answer(logs_path(9), 200, page({}));
    CHECK(world.run({"logs", bot_id, "--since", "7"}) == ExitCode::ok);
    CHECK(world.out.str() ==
          "2026-11-21T06:00:00.000Z  install_dependencies   one\n"
          "2026-11-21T06:00:00.000Z  install_dependencies ! two\n");
}

TEST_CASE("what a server prints does nothing to the terminal but show") {
    CliWorld world;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer(logs_path(0), 200,
                 page({line(1,
                            "red \x1b[31m, a title \x1b]0;x\x07, back\r, C1 \xc2\x9b"
                            "2J\x7f"),
                       line(2, "tab\tand \xc3\xa9 stay")}));
    world.answer(logs_path(2), 200, page({}));
    CHECK(world.run({"logs", bot_id}) == ExitCode::ok);
    CHECK(world.out.str() ==
          "2026-11-21T06:00:00.000Z  install_dependencies   "
          "red ?[31m, a title ?]0;x?, back , C1 ?2J?\n"
          "2026-11-21T06:00:00.000Z  install_dependencies   tab\tand \xc3\xa9 stay\n");
}

TEST_CASE("following goes on over an API that restarts, without losing or repeating a line") {
    CliWorld world;
    world.pauses_left = 4;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer(logs_path(0), 200, page({line(1, "one")}));
    world.answer(logs_path(1), 200, page({}));
    world.answer(logs_path(1), 0, {});
    world.answer(logs_path(1), 200, page({line(2, "two")}));
    world.answer(logs_path(2), 200, page({}));
    CHECK(world.run({"logs", bot_id, "-f", "--json"}) == ExitCode::ok);
    std::istringstream lines(world.out.str());
    std::string text;
    int seq = 0;
    while (std::getline(lines, text)) CHECK(json::parse(text)["seq"] == ++seq);
    CHECK(seq == 2);
}

TEST_CASE("a wrong filter is a usage error before anything is asked") {
    for (const auto& words :
         {std::vector<std::string>{"--since", "x"}, std::vector<std::string>{"--since", "-1"},
          std::vector<std::string>{"--since", "5y"}, std::vector<std::string>{"--grep", ""},
          std::vector<std::string>{"--since", "9999999999999d"},
          std::vector<std::string>{"--step", "a&b"}, std::vector<std::string>{"--level", "loud"}}) {
        CliWorld world;
        std::vector<std::string> all = {"logs", bot_id};
        all.insert(all.end(), words.begin(), words.end());
        CHECK(world.run(all) == ExitCode::usage);
        CHECK(world.calls().empty());
    }
}

TEST_CASE("waiting with --logs prints the lines of that operation only") {
    CliWorld world;
    json other = line(1, "older");
    other["operationId"] = bot_id;
    world.answer("GET /api/bots/" + bot_id, 200, some_bot());
    world.answer("POST /api/deploy/" + bot_id + "/start", 202, accepted("start"));
    world.answer("GET /api/operations/" + operation_id, 200, operation("start", "succeeded"));
    world.answer(logs_path(0), 200, page({other, line(2, "ours")}));
    world.answer(logs_path(2), 200, page({}));
    CHECK(world.run({"start", bot_id, "--logs"}) == ExitCode::ok);
    CHECK(world.out.str() == "2026-11-21T06:00:00.000Z  install_dependencies   ours\n");
}

TEST_CASE("logs finds text, and lines of the last while or since a time") {
    struct Row {
        std::vector<std::string> words;
        std::string query;
        std::string printed;
    };
    CliWorld clock_of;
    json old = line(1, "old");
    json fresh = line(2, "fresh");
    fresh["at"] = base::format_time(clock_of.clock.now() - std::chrono::minutes(5));
    const Row rows[] = {
        {{"--grep", "out of stock"}, "&q=out%20of%20stock", "old fresh "},
        {{"--since", "10m"}, "", "fresh "},
        {{"--since", "2026-11-21T07:00:00Z"}, "", "fresh "},
        {{"--since", "3660d"}, "", "old fresh "},
    };
    for (const Row& row : rows) {
        CAPTURE(row.words);
        CliWorld world;
        world.answer("GET /api/bots/" + bot_id, 200, some_bot());
        world.answer(logs_path(0) + row.query, 200, page({old, fresh}));
        world.answer(logs_path(2) + row.query, 200, page({}));
        std::vector<std::string> words{"logs", bot_id, "--json"};
        words.insert(words.end(), row.words.begin(), row.words.end());
        CHECK(world.run(words) == ExitCode::ok);
        std::istringstream lines(world.out.str());
        std::string text;
        std::string printed;
        while (std::getline(lines, text))
            printed += json::parse(text)["message"].get<std::string>() + " ";
        CHECK(printed == row.printed);
    }
}
