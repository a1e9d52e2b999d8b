#include "e2e/support/world.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

#include "base/encoding.hpp"
#include "base/random.hpp"
#include "support/catch.hpp"

namespace hatchery::e2e {

namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

constexpr auto stand_in_version = "2026.9.6";
constexpr auto real_version = "2026.9.6";
/// This machine may have an SSH server of its own on port 22 of all addresses.
constexpr auto ssh_port = "2222";

std::string or_default(const char* variable, const std::string& otherwise) {
    const char* value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? value : otherwise;
}

std::string real_bundle_dir() {
    return or_default("HATCHERY_TEST_BUNDLE_DIR", "/var/cache/hatchery/bundles");
}

/// The stand-in bundle of this build tree, made once.
std::string stand_in_bundle_dir() {
    const std::string folder = HATCHERY_BINARY_DIR "/stand-in-bundle";
    support::ChildProcess build(
        {.command = {HATCHERY_SOURCE_DIR "/tests/support/stand_in_bundle/build.sh", folder,
                     stand_in_version},
         .environment = {},
         .working_directory = {},
         .log_path = HATCHERY_BINARY_DIR "/stand-in-bundle.log",
         .capture_output = false});
    if (build.wait(60s) != 0) throw std::runtime_error("the stand-in bundle could not be built");
    return folder;
}

/// Asks `probe` until it says yes. There is no event to wait for across processes, so it asks
/// often, and the limit only bounds a failure.
template <typename Probe>
bool ask_until(std::chrono::milliseconds limit, Probe probe) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!probe()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
        nanosleep(&pause, nullptr);
    }
    return true;
}

/// The host of "http://HOST:PORT/…".
std::string host_of(const std::string& url) {
    const auto begin = url.find("//") + 2;
    return url.substr(begin, url.find(':', begin) - begin);
}

/// The same for an answer that tells how far things have come: each that differs from the one
/// before lets the limit begin anew, because a loaded machine takes its time, and only what stands
/// still has failed.
template <typename Ask, typename Holds>
bool ask_until(std::chrono::milliseconds limit, base::Json& last, Ask ask, Holds holds) {
    for (;;) {
        const base::Json before = last;
        const auto probe = [&] {
            last = ask();
            return holds(last) || last != before;
        };
        if (!ask_until(limit, probe)) return false;
        if (holds(last)) return true;
    }
}

std::string slug(const std::string& name) {
    std::string text;
    for (const char c : name) text += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
    return text;
}

}  // namespace

std::optional<std::string> World::missing() {
    if (geteuid() != 0) return "real hosts need root";
    return std::nullopt;
}

World::World(Bundle bundle, const std::string& name)
    : World(WorldOptions{.bundle = bundle, .name = name, .settings = {}, .cluster = nullptr}) {}

World::World(WorldOptions options)
    : settings_(std::move(options.settings)),
      folder_(fs::path(HATCHERY_BINARY_DIR) / "e2e" / slug(options.name)),
      database_((options.cluster != nullptr ? *options.cluster : support::PgCluster::shared())
                    .create_database()) {
    const Bundle bundle = options.bundle;
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    bundle_dir_ = bundle == Bundle::real ? real_bundle_dir() : stand_in_bundle_dir();
    bundle_version_ = bundle == Bundle::real ? real_version : stand_in_version;
    base::SystemRandom random;
    master_key_ = base::base64_encode(*base::hex_decode(base::random_hex(random, 32)));
    start_sandbox();
    // An address that no other sandbox has and nothing connects out from: between a restart's two
    // processes nobody else can take the port.
    address_ = host_of(telegram_url_);
    // Hatchery must come back on the same one after a restart, because Telegram knows its URL.
    port_ = free_port(address_);
    start_hatchery();
    make_token();
}

World::~World() {
    if (hatchery_) hatchery_->terminate(10s);
    if (sandbox_) sandbox_->terminate(20s);
}

void World::start_sandbox() {
    sandbox_ = std::make_unique<support::ChildProcess>(
        support::ChildOptions{.command = {SANDBOX_PROGRAM, "--listen", "127.0.0.1:0", "--ssh-port",
                                          ssh_port, "--die-with-parent"},
                              .environment = {},
                              .working_directory = folder_.string(),
                              .log_path = (folder_ / "sandbox.log").string(),
                              .capture_output = true});
    // The first start on a machine builds the base image.
    const auto line = sandbox_->read_line(10min);
    const auto urls = base::parse_json(line.value_or(""));
    if (!urls) throw std::runtime_error("the sandbox did not start; see sandbox.log");
    hetzner_url_ = base::json_string(*urls, "hetzner");
    digitalocean_url_ = base::json_string(*urls, "digitalocean");
    telegram_url_ = base::json_string(*urls, "telegram");
    model_url_ = base::json_string(*urls, "model");
    sign_in_url_ = base::json_string(*urls, "signIn");
    cloud_ = std::make_unique<ApiClient>(hetzner_url_, "e2e-project");
    digitalocean_ = std::make_unique<ApiClient>(digitalocean_url_, "e2e-account");
    telegram_ = std::make_unique<ApiClient>(telegram_url_, "");
}

std::map<std::string, std::string> World::environment() const {
    std::map<std::string, std::string> all{{"DATABASE_URL", database_->url().reveal()},
                                           {"HATCHERY_MASTER_KEY", master_key_},
                                           {"HATCHERY_PUBLIC_URL", url()},
                                           {"HATCHERY_LISTEN", address_},
                                           {"PORT", std::to_string(port_)},
                                           {"HETZNER_API_TOKEN", "e2e-project"},
                                           {"HETZNER_API_URL", hetzner_url_},
                                           {"DIGITALOCEAN_API_URL", digitalocean_url_},
                                           {"HATCHERY_SSH_PORT", ssh_port},
                                           {"GOOGLE_ISSUER_URL", sign_in_url_},
                                           {"GOOGLE_CLIENT_ID", "e2e"},
                                           {"GOOGLE_CLIENT_SECRET", "e2e-client-secret"},
                                           {"HATCHERY_ADMIN_EMAILS", admin_email},
                                           {"TELEGRAM_API_URL", telegram_url_},
                                           {"HATCHERY_BUNDLE_DIR", bundle_dir_},
                                           {"HATCHERY_OPENCLAW_VERSION", bundle_version_},
                                           // A dead worker's jobs are free again after this.
                                           {"HATCHERY_LEASE_SECONDS", "5"},
                                           // A test that waits looks at the inventory more often
                                           // than any user.
                                           {"HATCHERY_RATE_OUTSIDE", "6000"},
                                           {"HATCHERY_LOG_LEVEL", "debug"},
                                           {"HATCHERY_API_URL", url()},
                                           {"HATCHERY_TOKEN", token_},
                                           {"HOME", folder_.string()}};
    for (const auto& [name, value] : settings_) all[name] = value;
    return all;
}

std::unique_ptr<support::ChildProcess> World::command(
    const std::vector<std::string>& arguments,
    const std::map<std::string, std::string>& environment_too) const {
    std::vector<std::string> command{HATCHERY_PROGRAM};
    command.insert(command.end(), arguments.begin(), arguments.end());
    auto all = environment();
    for (const auto& [name, value] : environment_too) all[name] = value;
    return std::make_unique<support::ChildProcess>(
        support::ChildOptions{.command = command,
                              .environment = all,
                              .working_directory = folder_.string(),
                              .log_path = (folder_ / "command.log").string(),
                              .capture_output = true});
}

std::unique_ptr<support::ChildProcess> World::spawn(
    const std::string& role, const std::string& log,
    const std::map<std::string, std::string>& settings) const {
    auto all = environment();
    for (const auto& [name, value] : settings) all[name] = value;
    return std::make_unique<support::ChildProcess>(
        support::ChildOptions{.command = {HATCHERY_PROGRAM, role},
                              .environment = std::move(all),
                              .working_directory = folder_.string(),
                              .log_path = (folder_ / log).string(),
                              .capture_output = false});
}

void World::start_hatchery() { start_hatchery({}); }

void World::start_hatchery(const std::map<std::string, std::string>& settings) {
    hatchery_ = spawn("serve", "hatchery.log", settings);
    const ApiClient probe(url(), "");
    const bool ready = ask_until(30s, [&] { return probe.get("/readyz").status == 200; });
    if (!ready) throw std::runtime_error("hatchery did not get ready; see hatchery.log");
}

void World::kill_hatchery() { hatchery_->kill(); }

int World::stop_hatchery() { return hatchery_->terminate(20s); }

void World::make_token() {
    const auto made = command({"token", "create", "--user", "owner@example.com", "--role", "admin",
                               "--scopes", "bots:read,bots:write,deploy,admin,account"});
    const auto line = made->read_line(20s);
    if (!line || made->wait(20s) != 0) throw std::runtime_error("no API token; see command.log");
    token_ = *line;
    api_ = std::make_unique<ApiClient>(url(), token_);
}

std::string World::new_telegram_token() {
    base::SystemRandom random;
    const auto id = 1'000'000'000 + random.next_u64() % 8'000'000'000;
    return fmt::format("{}:{}", id, base::random_hex(random, 18));
}

Answer World::create_bot(const std::string& name, const std::string& token) {
    return api().post("/api/bots/create",
                      {{"name", name},
                       {"telegramBotToken", token},
                       {"model", "sandbox/sandbox-1"},
                       {"modelApiKey", "sandbox-key"},
                       {"modelBaseUrl", model_url_},
                       {"allowedTelegramUserIds", base::Json::array({user_id})}});
}

std::string World::deploy(const std::string& name, const std::string& token) {
    const auto created = create_bot(name, token);
    INFO(base::dump_json(created.body));
    REQUIRE(created.status == 201);
    const std::string id = base::json_string(created.body, "id");
    const auto deployed = api().post("/api/deploy", {{"botId", id}});
    INFO(base::dump_json(deployed.body));
    REQUIRE(deployed.status == 202);
    return id;
}

bool World::eventually(std::chrono::milliseconds limit, const std::function<bool()>& holds) const {
    return ask_until(limit, holds);
}

base::Json World::listed(const std::string& path) const {
    const auto answer = api().get(path);
    INFO(path << ": " << base::dump_json(answer.body));
    REQUIRE(answer.status == 200);
    return answer.body.at("items");
}

base::Json World::status(const std::string& bot) const {
    return api().get("/api/deploy/" + bot + "/status").body;
}

base::Json World::wait_status(const std::string& bot, std::chrono::seconds limit,
                              const std::function<bool(const base::Json&)>& holds) const {
    base::Json last;
    const bool held = ask_until(limit, last, [&] { return status(bot); }, holds);
    INFO(base::dump_json_pretty(last));
    REQUIRE(held);
    return last;
}

base::Json World::wait_operation(const std::string& operation, std::chrono::seconds limit) const {
    base::Json last;
    const auto ask = [&] { return api().get("/api/operations/" + operation + "?wait=20").body; };
    const bool ended = ask_until(limit, last, ask, [](const base::Json& answer) {
        const auto state = base::json_string(answer, "state");
        return state == "succeeded" || state == "failed" || state == "cancelled";
    });
    INFO(base::dump_json_pretty(last));
    REQUIRE(ended);
    return last;
}

void World::say(const std::string& token, const std::string& text) const {
    const auto said = telegram().post(
        "/sandbox/messages",
        {{"token", token}, {"chatId", user_id}, {"userId", user_id}, {"text", text}});
    INFO(base::dump_json(said.body));
    REQUIRE(said.status == 201);
}

std::vector<std::string> World::wait_replies(const std::string& token, std::size_t count,
                                             std::chrono::seconds limit) const {
    std::vector<std::string> replies;
    long long after = 0;
    const bool enough = ask_until(limit, [&] {
        const auto listed =
            telegram().get(fmt::format("/sandbox/messages?token={}&after={}&wait=5", token, after));
        for (const auto& item : base::json_member(listed.body, "items")) {
            after = std::max(after, base::json_int(item, "seq"));
            if (base::json_string(item, "direction") == "bot") {
                replies.push_back(base::json_string(item, "text"));
            }
        }
        return replies.size() >= count;
    });
    INFO(replies.size() << " replies of " << count);
    REQUIRE(enough);
    return replies;
}

std::string World::chat(const std::string& token, const std::string& text,
                        std::chrono::seconds limit) const {
    const auto listed = telegram().get(fmt::format("/sandbox/messages?token={}&after=0", token));
    std::size_t before = 0;
    for (const auto& item : base::json_member(listed.body, "items")) {
        if (base::json_string(item, "direction") == "bot") ++before;
    }
    say(token, text);
    return wait_replies(token, before + 1, limit).back();
}

std::vector<base::Json> World::log_lines(const std::string& bot) const {
    std::vector<base::Json> lines;
    std::string after = "0";
    for (;;) {
        const auto page = api().get("/api/deploy/" + bot + "/logs?limit=200&after=" + after);
        REQUIRE(page.status == 200);
        const auto& items = base::json_member(page.body, "items");
        for (const auto& item : items) lines.push_back(item);
        if (items.empty()) return lines;
        after = std::to_string(base::json_int(items.back(), "seq"));
    }
}

base::Json World::servers() const {
    return base::json_member(cloud().get("/servers?per_page=50").body, "servers");
}

int free_port(const std::string& ipv4) {
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, ipv4.c_str(), &address.sin_addr);
    socklen_t size = sizeof address;
    if (bind(fd, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
        throw std::runtime_error("no free port");
    }
    close(fd);
    return ntohs(address.sin_port);
}

bool skip_without_hosts() {
    const auto missing = World::missing();
    if (missing) WARN("skipped: " << *missing);
    return missing.has_value();
}

}  // namespace hatchery::e2e
