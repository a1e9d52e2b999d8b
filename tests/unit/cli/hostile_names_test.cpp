#include <algorithm>

#include "cli/printable.hpp"
#include "cli/terminal_guard.hpp"
#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using nlohmann::json;
using namespace tests;

namespace {

/// Sets the window's title, clears the screen, ends the line, begins a sequence by C1 alone,
/// deletes, and turns the direction of what follows.
const std::string hostile =
    "\x1b]0;owned\x07\x1b[2Jrow\r\nforged\xc2\x9b"
    "31m\x7f\xe2\x80\xaemirrored";

bool harmless(const std::string& printed) {
    const bool control = std::any_of(printed.begin(), printed.end(), [](char c) {
        return (static_cast<unsigned char>(c) < 0x20 && c != '\n') || c == 0x7f;
    });
    return !control && printed.find("\xc2\x9b") == std::string::npos &&
           printed.find("\xe2\x80\xae") == std::string::npos;
}

json page(const json& item) { return {{"items", json::array({item})}, {"next", nullptr}}; }

/// A command that lists or shows something, and what it is answered when somebody is called `name`.
struct Row {
    std::vector<std::string> words;
    std::vector<std::pair<std::string, json>> answers;
};

json hostile_bot(const std::string& name) {
    json bot = some_bot(name);
    bot["model"] = name;
    return bot;
}

json alarm(const std::string& name) {
    return {{"state", "raised"}, {"kind", "no_worker"}, {"cause", name}, {"nextAction", name}};
}

json live(const std::string& name) {
    json one = operation("deploy", "waiting");
    one["botName"] = one["message"] = name;
    one["stuck"] = {{"reason", "blocked"}, {"cause", name}, {"nextAction", name}};
    return one;
}

std::vector<Row> rows(const std::string& name) {
    const json sweeps = {{"items",
                          {{{"provider", name},
                            {"sweptAt", "2026-11-21T06:00:01.000Z"},
                            {"findings", {{{"kind", "server"}, {"id", name}, {"name", name}}}}}}}};
    const json costs = {{"month", "2026-11"},
                        {"bots", {{{"botId", bot_id}, {"name", name}}}},
                        {"totals", json::array()}};
    const std::string bot = "/api/bots/" + bot_id;
    const std::string logs = "GET /api/deploy/" + bot_id + "/logs?limit=200&after=";
    const json line = {{"seq", 1}, {"type", "log"}, {"step", "start_bot"}, {"message", name}};
    json shown = {{"status", "failed"}, {"statusReason", name}, {"server", {{"region", name}}}};
    shown["operation"] = operation("deploy", "failed", {step("start_bot", "failed", name)});
    return {
        {{"bots"}, {{"GET /api/bots?limit=200", page(hostile_bot(name))}}},
        {{"status", bot_id},
         {{"GET " + bot, hostile_bot(name)}, {"GET /api/deploy/" + bot_id + "/status", shown}}},
        {{"logs", bot_id},
         {{"GET " + bot, hostile_bot(name)},
          {logs + "0", {{"items", {line}}}},
          {logs + "1", {{"items", json::array()}}}}},
        {{"users", "list"},
         {{"GET /api/admin/users?limit=200", page({{"id", bot_id}, {"email", name}})}}},
        {{"users", "show", bot_id}, {{"GET /api/admin/users/" + bot_id, {{"email", name}}}}},
        {{"alarms"}, {{"GET /api/admin/alarms?limit=50", page(alarm(name))}}},
        {{"operations"}, {{"GET /api/admin/operations?limit=200", page(live(name))}}},
        {{"operations", "--stuck"},
         {{"GET /api/admin/operations?stuck=true&limit=200", page(live(name))}}},
        {{"workers"}, {{"GET /api/admin/workers?limit=200", page({{"host", name}})}}},
        {{"cloud", "servers"},
         {{"GET /api/cloud/servers?limit=200", page({{"provider", name}, {"type", name}})}}},
        {{"cloud", "regions"},
         {{"GET /api/cloud/available-regions?limit=200",
           page({{"provider", name}, {"serverTypes", {{{"type", name}}}}})}}},
        {{"cloud", "sweep"},
         {{"POST /api/cloud/sweep", {{"askedAt", "2026-11-21T06:00:00.000Z"}}},
          {"GET /api/cloud/sweep", sweeps}}},
        {{"costs"}, {{"GET /api/costs", costs}}},
        {{"costs", "--by", "user"},
         {{"GET /api/admin/costs?by=user&limit=200", page({{"id", bot_id}, {"name", name}})}}},
    };
}

struct Printed {
    ExitCode code{};
    std::string out;
    std::string err;
};

Printed printed(const Row& row, const std::vector<std::string>& more) {
    CliWorld world;
    world.out_is_terminal = true;
    for (const auto& [call, body] : row.answers) world.answer(call, 200, body);
    std::vector<std::string> words = row.words;
    words.insert(words.end(), more.begin(), more.end());
    const ExitCode code = world.run(words);
    return {code, world.out.str(), world.err.str()};
}

std::ptrdiff_t lines_of(const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
}

}  // namespace

TEST_CASE("no list, log or status lets a name reach the terminal as more than text on its line") {
    const auto with_hostile = rows(hostile);
    const auto with_plain = rows("plain");
    for (std::size_t i = 0; i < with_hostile.size(); ++i) {
        CAPTURE(with_hostile[i].words);
        const auto seen = printed(with_hostile[i], {});
        const auto usual = printed(with_plain[i], {});
        CHECK(seen.code == usual.code);
        CHECK(seen.out.find("forged") != std::string::npos);
        CHECK(harmless(seen.out));
        CHECK(harmless(seen.err));
        CHECK(lines_of(seen.out) == lines_of(usual.out));
    }
}

TEST_CASE("JSON has the same texts, in which every control character is an escape") {
    for (const Row& row : rows(hostile)) {
        CAPTURE(row.words);
        const auto seen = printed(row, {"--json"});
        CHECK(harmless(seen.out));
        const auto meant = json::parse(seen.out);
        CHECK(meant.dump().find(json(hostile).dump()) != std::string::npos);
    }
}

TEST_CASE("a refusal that quotes a name is harmless, too") {
    CliWorld world;
    world.answer("GET /api/bots?limit=200", 409, problem(409, "conflict", hostile));
    CHECK(world.run({"bots"}) == ExitCode::conflict);
    CHECK(harmless(world.err.str()));
}

TEST_CASE("a flush between the bytes of a character lets nothing through") {
    std::ostringstream sink;
    {
        cli::TerminalGuard guard(sink, cli::Replaced::by_mark);
        std::ostream out(&guard);
        out << "\xc2" << std::flush << "\x9b|\xc3" << std::flush << "\x9f|\xe2\x80" << std::flush
            << "\xae|\xf0\x9f\x90" << std::flush << "\xa3";
    }
    CHECK(sink.str() == "?|\xc3\x9f|?|\xf0\x9f\x90\xa3");
}

TEST_CASE("a control character of one byte, or in too many, is replaced") {
    using cli::printable;
    CHECK(printable("\x9b|31m \xc0\x9b|\xe0\x80\x9b|\xe3\x9b|") == "?|31m \xc0?|\xe0??|\xe3?|");
    CHECK(printable("\x80\x9f", cli::Lines::joined, cli::Replaced::by_escape) == "\\u0080\\u009f");
    CHECK(printable("\xc3\x9f \xe4\xb8\x80 \xf0\x9f\x90\xa3 \xff") ==
          "\xc3\x9f \xe4\xb8\x80 \xf0\x9f\x90\xa3 \xff");
}

TEST_CASE("a character that comes in pieces is judged as a whole") {
    std::ostringstream sink;
    {
        cli::TerminalGuard guard(sink, cli::Replaced::by_mark);
        std::ostream out(&guard);
        for (const char c :
             std::string("\xc2\x9b|\xe2\x80\xae|\xc3\xa9|\xe2\x82\xac|\xe2\x80\x93")) {
            out << c;
        }
        out << "\xe2";
        guard.control("\r\033[K");
    }
    CHECK(sink.str() == "?|?|\xc3\xa9|\xe2\x82\xac|\xe2\x80\x93\xe2\r\033[K");
}
