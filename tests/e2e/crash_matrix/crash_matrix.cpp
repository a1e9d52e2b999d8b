#include "e2e/crash_matrix/crash_matrix.hpp"

#include <fmt/format.h>
#include <signal.h>

#include <array>
#include <cstdlib>
#include <fstream>

#include "core/chat.hpp"
#include "crypto/key_ring.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"
#include "store/sql.hpp"
#include "support/catch.hpp"

namespace hatchery::e2e {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr int killed = 128 + SIGKILL;
/// How often the database is asked whether the operation has ended while its process lives.
constexpr auto look_every = 50ms;
constexpr auto operation_deadline = 30min;

std::set<std::string> lines_of(const std::filesystem::path& path) {
    std::set<std::string> lines;
    std::ifstream file(path);
    for (std::string line; std::getline(file, line);) lines.insert(line);
    return lines;
}

bool of_engine(const std::string& point) { return point.starts_with("engine/"); }

/// How long a test waits while nothing happens. Every line that is told lets it begin anew: on a
/// machine with much else to do a deploy takes minutes, and only one that stands still has failed.
class Patience {
public:
    Patience(CrashMatrix& matrix, std::chrono::milliseconds limit)
        : matrix_(matrix), limit_(limit), deadline_(steady_clock::now() + limit) {}

    [[nodiscard]] bool over() {
        const auto told = matrix_.number("SELECT count(*) FROM events");
        if (told != told_) deadline_ = steady_clock::now() + limit_;
        told_ = told;
        return steady_clock::now() >= deadline_;
    }

private:
    CrashMatrix& matrix_;
    std::chrono::milliseconds limit_;
    steady_clock::time_point deadline_;
    long long told_ = 0;
};

}  // namespace

bool take_all() { return std::getenv("HATCHERY_CRASH_MATRIX_ALL") != nullptr; }

CrashMatrix::CrashMatrix(const std::string& name,
                         const std::map<std::string, std::string>& settings,
                         support::PgCluster* cluster)
    : world_(std::make_unique<World>(WorldOptions{
          .bundle = Bundle::stand_in, .name = name, .settings = settings, .cluster = cluster})) {
    const std::array keys{base::Secret(world_->master_key())};
    auto box = crypto::make_secret_box(keys);
    REQUIRE(box);
    box_ = *std::move(box);
    jobs_ = store::make_pg_job_store(world_->database(), random_, hints_);
    fleet_ = store::make_pg_fleet_store(world_->database(), *box_, clock_, random_);
    secrets_ = {world_->master_key(), world_->api_token()};
    add_foreign_servers();
    world_->kill_hatchery();
}

CrashMatrix::Bot CrashMatrix::make_bot(const std::string& name) {
    world_->start_hatchery();
    const auto token = world_->new_telegram_token();
    const auto created = world_->create_bot(name, token);
    INFO(base::dump_json(created.body));
    REQUIRE(created.status == 201);
    world_->kill_hatchery();
    Bot bot{.id = base::json_string(created.body, "id"), .telegram_token = token};
    note_secrets(bot);
    return bot;
}

std::string CrashMatrix::begin(const Bot& bot, core::OperationKind kind) {
    return begin(bot, kind, "{}");
}

std::string CrashMatrix::begin_chat(const Bot& bot, const std::string& message) {
    return begin(
        bot, core::OperationKind::chat,
        core::chat_payload_text({.message = message, .session_key = {}, .interrupt = false}));
}

std::string CrashMatrix::begin(const Bot& bot, core::OperationKind kind,
                               const std::string& payload) {
    const auto user = text("SELECT user_id FROM bots WHERE id = '" + bot.id + "'");
    const auto started = jobs_->start_operation({.bot_id = base::BotId(bot.id),
                                                 .user_id = base::UserId(user),
                                                 .kind = kind,
                                                 .now = clock_.now(),
                                                 .deadline_at = clock_.now() + operation_deadline,
                                                 .payload = payload});
    if (!started) FAIL(started.error().message);
    return started->id.text();
}

void CrashMatrix::request_cancel(const std::string& operation) {
    const auto asked = jobs_->request_cancel(base::OperationId(operation), clock_.now());
    if (!asked) FAIL(asked.error().message);
}

std::unique_ptr<support::ChildProcess> CrashMatrix::worker(
    const std::map<std::string, std::string>& settings) const {
    return world_->spawn("worker", "hatchery.log", settings);
}

CrashMatrix::Walk CrashMatrix::walk(const std::string& operation, std::chrono::seconds limit) {
    const auto begun = steady_clock::now();
    const auto path = world_->folder() / fmt::format("once-{}", ++walks_);
    {
        std::ofstream file(path);
        for (const auto& point : engine_points_) file << point << '\n';
    }
    Walk walk;
    Patience patience(*this, limit);
    while (!ended(operation)) {
        const auto process = worker({{"HATCHERY_CRASH_ONCE", path.string()}});
        std::optional<int> exit;
        while (!exit && !ended(operation)) {
            INFO("at " << walk.deaths << " deaths, see " << path);
            REQUIRE_FALSE(patience.over());
            exit = process->wait(look_every);
        }
        if (!exit) break;
        INFO("the process ended by itself; see hatchery.log");
        REQUIRE(*exit == killed);
        ++walk.deaths;
        expire_leases();
    }
    // It has ended with a process alive, or with one that died after having written the end.
    expire_leases();
    for (const auto& point : lines_of(path)) {
        if (engine_points_.contains(point)) continue;
        walk.points.push_back(point);
        if (of_engine(point)) engine_points_.insert(point);
    }
    walk.time = std::chrono::duration_cast<std::chrono::milliseconds>(steady_clock::now() - begun);
    return walk;
}

bool CrashMatrix::die_at(const std::string& operation, const std::string& point,
                         std::chrono::seconds limit) {
    Patience patience(*this, limit);
    const auto process = worker({{"HATCHERY_CRASH_AT", point}});
    while (!ended(operation)) {
        INFO(point);
        REQUIRE_FALSE(patience.over());
        if (const auto exit = process->wait(look_every)) {
            REQUIRE(*exit == killed);
            expire_leases();
            return true;
        }
    }
    // The last write may be the point itself.
    return process->wait(look_every) == killed;
}

std::vector<std::string> CrashMatrix::run_and_log(const std::string& operation,
                                                  std::chrono::seconds limit) {
    const auto log = world_->folder() / fmt::format("points-{}", ++walks_);
    run_to_end(operation, limit, {{"HATCHERY_CRASH_LOG", log.string()}});
    std::vector<std::string> points;
    std::set<std::string> seen;
    std::ifstream file(log);
    for (std::string line; std::getline(file, line);) {
        if (seen.insert(line).second) points.push_back(line);
    }
    return points;
}

void CrashMatrix::run_to_end(const std::string& operation, std::chrono::seconds limit,
                             const std::map<std::string, std::string>& settings) {
    Patience patience(*this, limit);
    const auto process = worker(settings);
    while (!ended(operation)) {
        INFO("operation " << operation << " is " << state_of(operation));
        REQUIRE_FALSE(patience.over());
        REQUIRE_FALSE(process->wait(look_every));
    }
    process->kill();
}

std::unique_ptr<support::ChildProcess> CrashMatrix::frozen_at(const std::string& role,
                                                              const std::string& log,
                                                              const std::string& point,
                                                              std::chrono::seconds limit) {
    auto process =
        world_->spawn(role, log, {{"HATCHERY_CRASH_AT", point}, {"HATCHERY_CRASH_SIGNAL", "STOP"}});
    Patience patience(*this, limit);
    while (!process->frozen()) {
        INFO("no process came to " << point);
        REQUIRE_FALSE(patience.over());
        REQUIRE_FALSE(process->wait(look_every));
    }
    return process;
}

void CrashMatrix::wait_for(const std::string& query, std::chrono::milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    while (number(query) == 0) {
        INFO(query);
        REQUIRE(steady_clock::now() < deadline);
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        nanosleep(&pause, nullptr);
    }
}

void CrashMatrix::wait_end(const std::string& operation, std::chrono::milliseconds limit) {
    Patience patience(*this, limit);
    while (!ended(operation)) {
        INFO("operation " << operation << " is " << state_of(operation));
        REQUIRE_FALSE(patience.over());
        const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
        nanosleep(&pause, nullptr);
    }
}

int CrashMatrix::count_said(const std::string& log, const std::string& text) {
    std::ifstream file(world_->folder() / log);
    int count = 0;
    for (std::string line; std::getline(file, line);) {
        if (line.find(text) != std::string::npos) ++count;
    }
    return count;
}

void CrashMatrix::wait_said(const std::string& log, const std::string& text, int times) {
    const auto deadline = steady_clock::now() + 40s;
    while (count_said(log, text) < times) {
        INFO(log << " does not say " << text);
        REQUIRE(steady_clock::now() < deadline);
        const timespec pause{.tv_sec = 0, .tv_nsec = 50'000'000};
        nanosleep(&pause, nullptr);
    }
}

void CrashMatrix::on_host(const Bot& bot, const std::string& what) {
    const auto id = text(
        "SELECT provider_server_id FROM servers WHERE state <> 'deleted' AND "
        "bot_id = '" +
        bot.id + "'");
    REQUIRE(world_->cloud().post("/sandbox/hosts/" + id + "/" + what, {}).status / 100 == 2);
}

void CrashMatrix::expire_leases() {
    const auto done = world_->database().run([](store::Sql& sql) -> base::Result<void> {
        (void)sql.query(
            "UPDATE jobs SET lease_until = now() - interval '1 second', rescues = 0 "
            "WHERE state = 'running'");
        return {};
    });
    REQUIRE(done);
}

std::string CrashMatrix::state_of(const std::string& operation) {
    return text("SELECT state FROM operations WHERE id = '" + operation + "'");
}

bool CrashMatrix::ended(const std::string& operation) {
    const auto state = base::parse_enum<core::OperationState>(state_of(operation));
    REQUIRE(state);
    return core::is_terminal(*state);
}

long long CrashMatrix::number(const std::string& query) { return std::stoll(text(query)); }

std::string CrashMatrix::text(const std::string& query) {
    const auto ask = [&] {
        return world_->database().run([&](store::Sql& sql) -> base::Result<std::string> {
            const auto rows = sql.query(query);
            return rows.empty() ? std::string() : rows[0].text_or_empty(0);
        });
    };
    auto answer = ask();
    // A test that restarts the database has cut this connection, too.
    if (!answer && answer.error().kind == base::ErrorKind::unavailable) answer = ask();
    if (!answer) FAIL(query << ": " << answer.error().message);
    return *answer;
}

void CrashMatrix::note_secrets(const Bot& bot) {
    namespace names = ports::secret_name;
    const auto note = [&](ports::SecretOwner owner, const std::string& id, const char* name) {
        const auto secret = fleet_->secret({.owner = owner, .owner_id = id, .name = name});
        if (!secret) return;
        // Of a key in several lines the one in the middle tells enough.
        std::string value = secret->reveal();
        if (value.find('\n') != std::string::npos) value = value.substr(value.size() / 2, 40);
        secrets_.insert(value);
    };
    for (const char* name : {names::telegram_token, names::webhook_secret, names::model_api_key,
                             names::gateway_token}) {
        note(ports::SecretOwner::bot, bot.id, name);
    }
    const auto server =
        text("SELECT id FROM servers WHERE state <> 'deleted' AND bot_id = '" + bot.id + "'");
    if (server.empty()) return;
    note(ports::SecretOwner::server, server, names::client_key);
    note(ports::SecretOwner::server, server, names::planted_host_key);
}

void CrashMatrix::add_foreign_servers() {
    const auto add = [&](const std::string& name, const base::Json& labels) {
        const auto made = world_->cloud().post("/servers", {{"name", name},
                                                            {"server_type", "cx23"},
                                                            {"location", "fsn1"},
                                                            {"image", "debian-12"},
                                                            {"labels", labels}});
        INFO(base::dump_json(made.body));
        REQUIRE(made.status == 201);
        foreign_.insert(base::json_int(base::json_member(made.body, "server"), "id"));
    };
    // Somebody else's, and another installation's in the same project.
    add("web-1", base::Json::object());
    add("hatchery-of-others", {{"hatchery-installation", "0197f0c2-0000-7000-8000-000000000000"}});
}

}  // namespace hatchery::e2e
