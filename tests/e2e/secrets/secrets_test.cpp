#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <set>
#include <sstream>
#include <thread>

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "crypto/digest.hpp"
#include "crypto/key_ring.hpp"
#include "e2e/support/world.hpp"
#include "store/account_repository.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/secret_rows.hpp"
#include "support/catch.hpp"
#include "support/net/http_test_server.hpp"
#include "support/secret_in_memory.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using e2e::World;
namespace fs = std::filesystem;

/// Text that nobody prints by chance.
std::string marker(const std::string& name) {
    base::SystemRandom random;
    return "MARK" + name + base::random_hex(random, 12);
}

/// The digits in base64 that the value has wherever it stands in a longer text: one spelling for
/// each place at which three bytes may begin.
std::array<std::string, 3> base64_inside(const std::string& value) {
    std::array<std::string, 3> found;
    for (std::size_t before = 0; before < 3; ++before) {
        const auto whole = base::base64_encode(std::string(before, 'x') + value);
        // Digits that also stand for a neighbour's bits are left out.
        const std::size_t first = (before * 8 + 5) / 6;
        const std::size_t last = (before + value.size()) * 8 / 6;
        found.at(before) = whole.substr(first, last - first);
    }
    return found;
}

std::string percent_encoded(const std::string& value, const char* digit) {
    std::string text;
    for (const char c : value) {
        text += std::isalnum(static_cast<unsigned char>(c)) != 0
                    ? std::string(1, c)
                    : fmt::format(fmt::runtime(digit), static_cast<unsigned char>(c));
    }
    return text;
}

/// What is searched for: each secret by its name, in the spellings in which it could leak.
class Secrets {
public:
    void add(const std::string& name, const std::string& value) {
        REQUIRE(value.size() >= 16);
        spellings_.emplace_back(name, value);
        for (auto& digits : base64_inside(value)) {
            auto url_digits = digits;
            std::replace(url_digits.begin(), url_digits.end(), '+', '-');
            std::replace(url_digits.begin(), url_digits.end(), '/', '_');
            if (url_digits != digits) spellings_.emplace_back(name + " in base64url", url_digits);
            spellings_.emplace_back(name + " in base64", digits);
        }
        auto hex = base::hex_encode(value);
        spellings_.emplace_back(name + " in hex", hex);
        std::transform(hex.begin(), hex.end(), hex.begin(),
                       [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
        spellings_.emplace_back(name + " in large hex", hex);
        for (const char* digit : {"%{:02X}", "%{:02x}"}) {
            const auto escaped = percent_encoded(value, digit);
            if (escaped != value) spellings_.emplace_back(name + " percent-encoded", escaped);
        }
        const auto json = base::dump_json(base::to_utf8(value));
        const auto inner = json.substr(1, json.size() - 2);
        if (inner != value) spellings_.emplace_back(name + " in JSON", inner);
    }
    /// The names of what is in the text.
    [[nodiscard]] std::string in(const std::string& text) const {
        std::string found;
        for (const auto& [name, value] : spellings_) {
            if (text.find(value) != std::string::npos) found += name + "; ";
        }
        return found;
    }

private:
    std::vector<std::pair<std::string, std::string>> spellings_;
};

std::string read_file(const fs::path& path) {
    // Not a stream: one throws when the process behind a file of /proc ends in the middle.
    std::string text;
    std::FILE* file = std::fopen(path.c_str(), "rb");
    if (file == nullptr) return text;
    char buffer[8192];
    for (std::size_t count = 0; (count = std::fread(buffer, 1, sizeof buffer, file)) > 0;) {
        text.append(buffer, count);
    }
    std::fclose(file);
    return text;
}

/// Looks at the arguments and environments of all processes of the machine, again and again.
class ProcessWatch {
public:
    ProcessWatch()
        : thread_([this](const std::stop_token& stop) {
              while (!stop.stop_requested()) {
                  look();
                  ++rounds;
                  // Nobody tells of other processes' births: look often, and leave them a core.
                  const timespec pause{.tv_sec = 0, .tv_nsec = 20'000'000};
                  nanosleep(&pause, nullptr);
              }
          }) {}

    void end() {
        thread_.request_stop();
        thread_.join();
    }

    std::set<std::string> arguments;
    /// Environments of other processes than Hatchery, with who has them.
    std::set<std::string> environments;
    std::atomic<int> rounds{0};

private:
    void look() {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator("/proc", ignored)) {
            const auto pid = entry.path().filename().string();
            if (pid.find_first_not_of("0123456789") != std::string::npos) continue;
            const auto words = read_file(entry.path() / "cmdline");
            arguments.insert(words);
            // Between its exec and its arguments, or at its end, nobody can say which program it
            // is.
            if (words.empty()) continue;
            // Hatchery is configured by its environment; a child has its parent's until its exec.
            const auto program = words.substr(0, words.find('\0'));
            if (program.ends_with("/hatchery") || program.ends_with("/secrets_e2e")) continue;
            environments.insert(words + '\n' + read_file(entry.path() / "environ"));
        }
    }

    std::jthread thread_;
};

/// A whole dump of the database as text.
std::string dump_of(World& world) {
    const auto path = world.folder() / "dump.sql";
    // postgresql://hatchery:PASSWORD@/DATABASE?host=FOLDER&port=5432, by the environment, since
    // everybody reads arguments.
    const std::string url = world.test_database().url().reveal();
    const auto between = [&](const std::string& before, const std::string& after) {
        const auto start = url.find(before) + before.size();
        return url.substr(start, url.find(after, start) - start);
    };
    std::string host = between("host=", "&");
    for (std::size_t at = 0; (at = host.find("%2F")) != std::string::npos;)
        host.replace(at, 3, "/");
    support::ChildProcess dump(
        {.command = {"/usr/lib/postgresql/15/bin/pg_dump", "--inserts", "--file", path.string()},
         .environment = {{"PATH", "/usr/bin:/bin"},
                         {"PGUSER", "hatchery"},
                         {"PGPASSWORD", between("postgresql://hatchery:", "@")},
                         {"PGDATABASE", world.test_database().name()},
                         {"PGHOST", host},
                         {"PGPORT", "5432"}},
         .working_directory = {},
         .log_path = (world.folder() / "dump.log").string(),
         .capture_output = false});
    REQUIRE(dump.wait(60s) == 0);
    return read_file(path);
}

std::string stored(World& world, ports::SecretOwner owner, const std::string& id,
                   const std::string& name) {
    const base::Secret key(world.master_key());
    const auto box = crypto::make_secret_box(std::span(&key, 1)).value();
    base::SystemClock clock;
    base::SystemRandom random;
    const auto fleet = store::make_pg_fleet_store(world.database(), *box, clock, random);
    const auto secret = fleet->secret({.owner = owner, .owner_id = id, .name = name});
    INFO(name);
    REQUIRE(secret);
    return secret->reveal();
}

/// The secrets that Hatchery made for itself: all rows of sealed_secrets.
void add_made_secrets(World& world, Secrets& secrets) {
    const auto listed = world.database().run([](store::Sql& sql) -> base::Result<store::Rows> {
        return sql.query("SELECT owner, owner_id, name FROM sealed_secrets");
    });
    REQUIRE(listed);
    CHECK(listed->size() >= 5);
    for (std::size_t i = 0; i < listed->size(); ++i) {
        const auto row = (*listed)[i];
        const auto owner = row.enumerator<ports::SecretOwner>(0);
        auto value = stored(world, owner, row.text(1), row.text(2));
        // Of a key in lines, one of the middle: the first ones are the same in all keys, and a
        // break between two is written in many ways.
        if (value.find("PRIVATE KEY") != std::string::npos) {
            std::istringstream lines(value);
            for (int line = 0; line < 4; ++line) std::getline(lines, value);
        }
        secrets.add(row.text(2), value);
    }
}

/// The writable memory of a process; what cannot be read is left out.
std::string memory_of(pid_t pid) {
    std::string all;
    const int memory = ::open(fmt::format("/proc/{}/mem", pid).c_str(), O_RDONLY | O_CLOEXEC);
    REQUIRE(memory >= 0);
    std::istringstream maps(read_file(fmt::format("/proc/{}/maps", pid)));
    for (std::string line; std::getline(maps, line);) {
        unsigned long at = 0;
        unsigned long end = 0;
        std::array<char, 5> rights{};
        const int read = std::sscanf(line.c_str(), "%lx-%lx %4s", &at, &end, rights.data());
        if (read != 3 || rights[0] != 'r' || rights[1] != 'w') continue;
        const auto size = all.size();
        all.resize(size + (end - at));
        const auto count = ::pread(memory, &all[size], end - at, static_cast<off_t>(at));
        all.resize(size + static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
    }
    ::close(memory);
    return all;
}

/// A session's cookie, as a browser has it.
std::string sign_in(World& world) {
    base::SystemClock clock;
    base::SystemRandom random;
    const auto accounts = store::make_account_repository(world.database(), clock, random, {});
    const auto user = accounts->sign_in({.issuer = "https://issuer.example",
                                         .subject = "s",
                                         .email = "visitor@example.com",
                                         .name = {}},
                                        std::nullopt);
    REQUIRE(user);
    const auto secret = marker("session");
    REQUIRE(accounts->create_session(user->id, crypto::sha256_hex(secret)));
    return secret;
}

/// Settings that are secret, each a marker.
std::map<std::string, std::string> secret_settings(Secrets& secrets, int sentry_port) {
    std::map<std::string, std::string> settings;
    for (const char* name : {"HETZNER_API_TOKEN", "DIGITALOCEAN_API_TOKEN", "ANTHROPIC_API_KEY",
                             "OPENAI_API_KEY", "GOOGLE_AI_API_KEY", "GOOGLE_CLIENT_SECRET",
                             "HATCHERY_ALARM_WEBHOOK_SECRET", "HATCHERY_BILLING_WEBHOOK_SECRET"}) {
        settings[name] = marker(name);
        secrets.add(name, settings[name]);
    }
    const auto key = marker("sentry");
    settings["SENTRY_DSN"] = fmt::format("http://{}@127.0.0.1:{}/1", key, sentry_port);
    secrets.add("SENTRY_DSN's key", key);
    settings["GOOGLE_CLIENT_ID"] = "client";
    settings["HATCHERY_ADMIN_EMAILS"] = "owner@example.com";
    settings["HATCHERY_ALARM_WEBHOOK_URL"] = "http://127.0.0.1:9/alarms";
    // Where the bundle finds the metrics.
    settings["HATCHERY_ADMIN_LISTEN"] = fmt::format("127.0.0.9:{}", e2e::free_port("127.0.0.9"));
    return settings;
}

/// A life with everything that touches secrets, well and badly.
class Life {
public:
    Life(World& world, Secrets& secrets) : world_(world), secrets_(secrets) {}

    void deploy() {
        telegram_token_ = world_.new_telegram_token();
        secrets_.add("Telegram token", telegram_token_);
        soon_gone("Telegram token's secret half",
                  telegram_token_.substr(telegram_token_.find(':') + 1));
        const auto model_key = soon_gone("model key", marker("model"));
        const base::Json body = {{"name", "Keeper"},
                                 {"telegramBotToken", telegram_token_},
                                 {"model", "sandbox/sandbox-1"},
                                 {"modelApiKey", model_key},
                                 {"modelBaseUrl", world_.model_url()},
                                 {"allowedTelegramUserIds", base::Json::array({World::user_id})}};
        const auto created = world_.api().post("/api/bots/create", body);
        REQUIRE(created.status == 201);
        hear(created);
        bot = base::json_string(created.body, "id");
        hear(world_.api().post("/api/bots/create", body));
        auto wrong = body;
        wrong["modelApiKey"] = model_key + " with a blank";
        wrong["telegramBotToken"] = telegram_token_ + "!";
        hear(world_.api().post("/api/bots/create", wrong));
        hear(world_.api().post("/api/telegram/verify-token", {{"token", telegram_token_}}));
        REQUIRE(world_.api().post("/api/deploy", {{"botId", bot}}).status == 202);
        world_.wait_status(bot, 180s, [](const base::Json& status) {
            return base::json_string(status, "status") == "active" ||
                   base::json_string(status, "status") == "failed";
        });
        REQUIRE(base::json_string(world_.status(bot), "status") == "active");
    }

    void use() {
        const auto session = soon_gone("session", sign_in(world_));
        const e2e::ApiClient anonymous(world_.url(), "hat_" + session);
        hear(anonymous.get("/api/bots"));
        CHECK(world_.chat(telegram_token_, "hello", 60s) != "");
        const auto other_key = soon_gone("another model key", marker("other"));
        const auto changed = world_.api().put("/api/bots/" + bot, {{"modelApiKey", other_key}});
        INFO(base::dump_json(changed.body));
        REQUIRE(changed.status == 200);
        (void)world_.wait_operation(base::json_string(changed.body, "operationId"), 120s);
        hear(world_.api().post("/api/telegram/set-webhook", {{"botId", bot}}));
        make_token();
    }

    /// Everything that anybody may read.
    void read_all() {
        for (const char* path :
             {"/api/bots", "/api/jobs", "/api/auth/tokens", "/api/admin/audit?limit=200",
              "/api/admin/operations", "/api/admin/workers", "/api/cloud/servers"}) {
            hear(world_.api().get(path));
        }
        hear(world_.api().get("/api/bots/" + bot));
        hear(world_.api().get("/api/deploy/" + bot + "/status"));
        hear(world_.api().get("/api/telegram/bot-info?botId=" + bot));
        for (const auto& line : world_.log_lines(bot)) heard += base::dump_json(line);
        for (const std::vector<std::string>& words : {std::vector<std::string>{"config", "check"},
                                                      {"bots"},
                                                      {"status", bot},
                                                      {"logs", bot},
                                                      {"operations"}}) {
            const auto command = world_.command(words);
            while (const auto line = command->read_line(20s)) heard += *line + "\n";
            (void)command->wait(20s);
        }
    }

    std::string bot;
    std::string heard;
    /// What the program has no need of once it is sealed or hashed.
    Secrets gone;

private:
    void hear(const e2e::Answer& answer) { heard += base::dump_json(answer.body); }

    std::string soon_gone(const std::string& name, const std::string& secret) {
        secrets_.add(name, secret);
        gone.add(name, secret);
        return secret;
    }

    /// An API token whose answer is kept for a day, and shown once more.
    void make_token() {
        const base::Json body = {{"name", "ci"}, {"scopes", {"bots:read"}}};
        const auto make = [&] { return world_.api().post_once("/api/auth/tokens", body, "k1"); };
        const auto made = make();
        INFO(base::dump_json(made.body));
        REQUIRE(made.status == 201);
        soon_gone("made API token", base::json_string(made.body, "token"));
        CHECK(make().body == made.body);
    }

    World& world_;
    Secrets& secrets_;
    std::string telegram_token_;
};

/// What `hatchery support-bundle` writes on this world, as its operator would call it.
std::string support_bundle(World& world, const std::string& name) {
    const auto path = world.folder() / name;
    const auto command = world.command({"support-bundle", "--output", path.string()});
    while (command->read_line(60s)) continue;
    REQUIRE(command->wait(60s) == 0);
    return read_file(path);
}

/// A bundle that has everything in which a secret could be: one that lacks a part proves nothing.
std::string whole_bundle(World& world, const std::string& bot) {
    const auto text = support_bundle(world, "support.json");
    const auto bundle = base::parse_json(text, 64U << 20U);
    REQUIRE(bundle);
    const auto& history = base::json_member(*bundle, "history");
    CHECK(base::json_string(history, "error") == "");
    bool operation_of_bot = false;
    for (const auto& operation : base::json_member(history, "operations")) {
        operation_of_bot = operation_of_bot || base::json_string(operation, "bot_id") == bot;
    }
    CHECK(operation_of_bot);
    CHECK(!base::json_member(history, "workers").empty());
    CHECK(!base::json_member(*bundle, "doctor").empty());
    CHECK(!base::json_member(*bundle, "settings").empty());
    CHECK(base::json_string(*bundle, "metrics").find("hatchery_http_requests_total") !=
          std::string::npos);
    return text;
}

/// A fault of ours, for the log and for Sentry: a table is gone.
void break_alarms(World& world) {
    const auto broken = world.database().run([](store::Sql& sql) -> base::Result<void> {
        sql.script("ALTER TABLE alarms RENAME TO no_alarms");
        return {};
    });
    REQUIRE(broken);
    CHECK(world.api().get("/api/admin/alarms").status == 500);
}

void check_processes(const ProcessWatch& watch, const Secrets& secrets,
                     const Secrets& of_operator) {
    CHECK(watch.rounds > 10);
    for (const auto& words : watch.arguments) {
        INFO(words);
        CHECK(secrets.in(words) == "");
    }
    for (const auto& words : watch.environments) {
        // OpenClaw reads its own secrets from its environment, on its own server; the operator's
        // are not among them.
        const bool openclaw = words.find("/openclaw/") < words.find('\n');
        INFO(words.substr(0, std::min(words.find('\0'), words.find('\n'))));
        CHECK((openclaw ? of_operator : secrets).in(words) == "");
    }
}

}  // namespace

TEST_CASE(
    "no secret is in any log, event, error, argument, environment, metric, dump or support "
    "bundle") {
    if (const auto missing = World::missing()) {
        WARN("skipped: " << *missing);
        return;
    }
    Secrets secrets;
    support::HttpTestServer sentry(
        [](const support::SeenRequest&) { return support::wire_answer(200, {}, "{}"); });
    const auto settings = secret_settings(secrets, sentry.port());
    World world({.bundle = e2e::Bundle::stand_in,
                 .name = "secrets",
                 .settings = settings,
                 .cluster = nullptr});
    secrets.add("master key", world.master_key());
    secrets.add("master key's bytes", *base::base64_decode(world.master_key()));
    secrets.add("API token", world.api_token());
    const Secrets of_operator = secrets;
    ProcessWatch watch;

    Life life(world, secrets);
    life.deploy();
    life.use();
    add_made_secrets(world, secrets);
    const auto bundle = whole_bundle(world, life.bot);
    break_alarms(world);
    // Another way through the program: the history cannot be read.
    const auto broken_bundle = support_bundle(world, "support-broken.json");
    CHECK(broken_bundle.find("alarms") != std::string::npos);
    CHECK(sentry.wait_for_requests(1));
    life.read_all();

    const e2e::ApiClient inside("http://" + settings.at("HATCHERY_ADMIN_LISTEN"), "");
    const auto metrics = inside.text("/metrics");
    CHECK(metrics.find("hatchery_http_requests_total") != std::string::npos);
    const auto dump = dump_of(world);
    CHECK(dump.find("sealed_secrets") != std::string::npos);
    CHECK(dump.find(life.bot) != std::string::npos);
    watch.end();
    const auto memory = memory_of(world.hatchery().pid());
    CHECK(memory.find(life.bot) != std::string::npos);
    if (testing::wipes_what_is_freed) CHECK(life.gone.in(memory) == "");
    world.stop_hatchery();

    CHECK(secrets.in(life.heard) == "");
    CHECK(secrets.in(metrics) == "");
    CHECK(secrets.in(dump) == "");
    CHECK(secrets.in(bundle) == "");
    CHECK(secrets.in(broken_bundle) == "");
    const auto log = read_file(world.folder() / "hatchery.log");
    CHECK(log.find("event=request_failed") != std::string::npos);
    CHECK(secrets.in(log) == "");
    CHECK(secrets.in(read_file(world.folder() / "command.log")) == "");
    for (const auto& request : sentry.requests()) CHECK(secrets.in(request.body) == "");
    check_processes(watch, secrets, of_operator);
    // What a crash would leave behind: nothing.
    CHECK(std::none_of(
        fs::directory_iterator(world.folder()), fs::directory_iterator(),
        [](const auto& entry) { return entry.path().filename().string().starts_with("core"); }));
}

TEST_CASE("Hatchery's processes dump no core, and are not read by others") {
    if (const auto missing = World::missing()) {
        WARN("skipped: " << *missing);
        return;
    }
    World world(e2e::Bundle::stand_in, "no core");
    const auto limits = read_file(fmt::format("/proc/{}/limits", world.hatchery().pid()));
    const auto line = limits.substr(limits.find("Max core file size"));
    std::istringstream words(line.substr(18));
    std::string soft;
    std::string hard;
    words >> soft >> hard;
    CHECK(soft == "0");
    CHECK(hard == "0");
}
