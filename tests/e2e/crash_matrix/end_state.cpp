#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <sstream>

#include "core/ownership.hpp"
#include "core/script_fact.hpp"
#include "e2e/crash_matrix/crash_matrix.hpp"
#include "store/sql.hpp"
#include "support/catch.hpp"

// What must hold at the end, whatever died on the way.
namespace hatchery::e2e {

namespace {

using namespace std::chrono_literals;

/// Rows of a query as lines of text, columns parted by blanks.
std::vector<std::string> lines_of(World& world, const std::string& query) {
    auto answer =
        world.database().run([&](store::Sql& sql) -> base::Result<std::vector<std::string>> {
            const auto rows = sql.query(query);
            std::vector<std::string> lines;
            for (std::size_t i = 0; i < rows.size(); ++i) lines.push_back(rows[i].text_or_empty(0));
            return lines;
        });
    if (!answer) FAIL(query << ": " << answer.error().message);
    return *answer;
}

std::string first_difference(const std::vector<std::string>& a, const std::vector<std::string>& b) {
    const auto [at_a, at_b] = std::mismatch(a.begin(), a.end(), b.begin(), b.end());
    const std::string none = "nothing";
    return fmt::format("\"{}\" and \"{}\"", at_a == a.end() ? none : *at_a,
                       at_b == b.end() ? none : *at_b);
}

/// Whether a record of a run's log, `O 1763716800.123 TEXT`, is told to us and not to people.
bool is_fact(const std::string& record) {
    const auto text = record.find(' ', 2);
    return record.starts_with("O ") && text != std::string::npos &&
           core::is_script_fact(std::string_view(record).substr(text + 1));
}

/// `O 1763716800.123 TEXT` of every run's log below a server's root but for facts, sorted.
std::vector<std::string> lines_on_host(const std::filesystem::path& root) {
    std::vector<std::string> lines;
    const auto runs = root / "var/lib/hatchery/runs";
    if (!std::filesystem::exists(runs)) return lines;
    for (const auto& entry : std::filesystem::directory_iterator(runs)) {
        // What a turn prints is not told: its reply is the chat's result.
        if (entry.path().filename().string().starts_with("chat-")) continue;
        std::ifstream log(entry.path() / "log");
        for (std::string line; std::getline(log, line);) {
            if (!is_fact(line)) lines.push_back(line);
        }
    }
    std::ranges::sort(lines);
    return lines;
}

}  // namespace

void CrashMatrix::check(const Bot& bot) {
    check_servers();
    check_story(bot);
    check_lines(bot);
    check_secrets();
}

void CrashMatrix::check_servers() {
    const auto installation = text("SELECT id FROM installation");
    std::set<long long> foreign;
    for (const auto& server : world_->servers()) {
        const auto id = base::json_int(server, "id");
        const auto owner =
            base::json_string(base::json_member(server, "labels"), core::label_installation);
        if (owner != installation) {
            foreign.insert(id);
            REQUIRE(base::json_string(server, "status") == "running");
            continue;
        }
        INFO("server " << base::dump_json(server));
        REQUIRE(number(fmt::format("SELECT count(*) FROM servers WHERE state <> 'deleted' AND "
                                   "provider_server_id = '{}'",
                                   id)) == 1);
    }
    REQUIRE(foreign == foreign_);
}

void CrashMatrix::check_story(const Bot& bot) {
    const auto of_bot = " WHERE bot_id = '" + bot.id + "'";
    REQUIRE(number("SELECT count(*) FROM events" + of_bot) ==
            number("SELECT coalesce(max(seq), 0) FROM events" + of_bot));
    REQUIRE(number("SELECT count(*) FROM operations" + of_bot +
                   " AND state NOT IN ('succeeded', 'failed', 'cancelled')") == 0);
    REQUIRE(number("SELECT count(*) FROM jobs" + of_bot) == 0);
    // One accepted result per step: an operation has each step once, and its end is told once.
    const auto twice =
        lines_of(*world_, "SELECT operation_id || ' ' || step FROM all_jobs" + of_bot +
                              " GROUP BY operation_id, step HAVING count(*) > 1");
    REQUIRE(twice == std::vector<std::string>{});
    const auto told_twice = lines_of(
        *world_, "SELECT operation_id || ' ' || step || ' ' || (data->>'state') FROM events" +
                     of_bot +
                     " AND type = 'step' AND data->>'state' IN ('succeeded', 'failed', 'cancelled')"
                     " GROUP BY operation_id, step, data->>'state' HAVING count(*) > 1");
    REQUIRE(told_twice == std::vector<std::string>{});
    // A chat has its result; the story does not tell of it.
    const auto untold =
        lines_of(*world_, "SELECT id FROM operations o" + of_bot +
                              " AND kind <> 'chat' AND 1 <> (SELECT count(*) FROM events e WHERE "
                              "e.operation_id = o.id AND "
                              "e.type = 'status' AND e.data->'operation'->>'state' = o.state)");
    REQUIRE(untold == std::vector<std::string>{});
    // What is billed is told, its making once at most: a teardown may be the first to see it.
    const std::string told =
        "(SELECT count(*) FROM events e WHERE e.bot_id = s.bot_id AND "
        "e.stream = 'engine' AND e.message LIKE '%server ' || "
        "s.provider_server_id || ";
    const auto servers_not_told_once =
        lines_of(*world_, "SELECT provider_server_id FROM servers s" + of_bot +
                              " AND provider_server_id <> '' AND (" + told + "' (%') > 1 OR " +
                              told + "' %') < 1)");
    REQUIRE(servers_not_told_once == std::vector<std::string>{});
}

void CrashMatrix::check_lines(const Bot& bot) {
    // In the order of the story each script's lines are in the order in which it printed them.
    const auto backwards = lines_of(
        *world_,
        "SELECT seq || ' ' || message FROM (SELECT seq, message, at, lag(at) OVER (PARTITION BY "
        "operation_id, step ORDER BY seq) AS before FROM events WHERE bot_id = '" +
            bot.id + "' AND stream IN ('stdout', 'stderr')) l WHERE at < before");
    REQUIRE(backwards == std::vector<std::string>{});

    const auto server =
        text("SELECT name FROM servers WHERE state <> 'deleted' AND bot_id = '" + bot.id + "'");
    if (server.empty()) return;
    auto told = lines_of(
        *world_,
        "SELECT upper(substr(CASE stream WHEN 'stdout' THEN 'o' ELSE 'e' END, 1, 1)) || ' ' || "
        "to_char(extract(epoch FROM at), 'FM9999999999.000') || ' ' || message FROM events e "
        "WHERE bot_id = '" +
            bot.id +
            "' AND stream IN ('stdout', 'stderr') AND at >= (SELECT created_at FROM servers "
            "WHERE name = '" +
            server + "')");
    std::ranges::sort(told);
    const auto hosts = world_->cloud().get("/sandbox/hosts").body;
    for (const auto& host : base::json_member(hosts, "hosts")) {
        if (base::json_string(host, "name") != server) continue;
        const auto printed = lines_on_host(base::json_string(host, "upperDir"));
        INFO("on the server and in the story: " << first_difference(printed, told));
        REQUIRE(printed.size() > 5);
        REQUIRE(printed == told);
        return;
    }
    FAIL("the sandbox has no host " << server);
}

void CrashMatrix::check_secrets() {
    std::string said;
    for (const auto& entry : std::filesystem::directory_iterator(world_->folder())) {
        const auto name = entry.path().filename().string();
        if (!name.ends_with(".log") || name == "sandbox.log") continue;
        std::stringstream text_of_file;
        text_of_file << std::ifstream(entry.path()).rdbuf();
        said += text_of_file.str();
    }
    for (const auto& line : lines_of(
             *world_,
             "SELECT message || coalesce(data::text, '') FROM events UNION ALL "
             "SELECT coalesce(error::text, '') FROM operations UNION ALL "
             "SELECT message || progress::text FROM all_jobs UNION ALL SELECT status_reason FROM "
             "bots")) {
        said += line + '\n';
    }
    REQUIRE(secrets_.size() >= 5);
    for (const auto& secret : secrets_) {
        const auto at = said.find(secret);
        INFO("a secret in: " << (at == std::string::npos
                                     ? ""
                                     : said.substr(at < 200 ? 0 : at - 200, at < 200 ? at : 200)));
        REQUIRE(at == std::string::npos);
    }
}

void CrashMatrix::check_active(const Bot& bot) {
    check(bot);
    REQUIRE(text("SELECT status FROM bots WHERE id = '" + bot.id + "'") == "active");
    REQUIRE(world_->servers().size() == foreign_.size() + 1);
    world_->start_hatchery();
    REQUIRE_THAT(world_->chat(bot.telegram_token, "Are you well?", 60s),
                 Catch::Contains("Are you well?"));
    // Not killed: an update that is being handed over then waits for its lease of a minute.
    world_->stop_hatchery();
}

void CrashMatrix::check_no_server() {
    check_servers();
    REQUIRE(strays() == 0);
}

void CrashMatrix::wait_stray() {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (strays() == 0) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        const timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
        nanosleep(&pause, nullptr);
    }
}

std::size_t CrashMatrix::strays() { return world_->servers().size() - foreign_.size(); }

}  // namespace hatchery::e2e
