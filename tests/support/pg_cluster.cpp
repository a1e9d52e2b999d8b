#include "support/pg_cluster.hpp"

#include <fcntl.h>
#include <spawn.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <filesystem>
#include <functional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "store/migrations.hpp"

extern char** environ;

namespace hatchery::support {

namespace {

const std::string tool = HATCHERY_SOURCE_DIR "/tools/private-postgres";
const std::string watchdog = HATCHERY_SOURCE_DIR "/tests/support/pg-watchdog.sh";
/// How long the shared cluster waits for the next test process.
constexpr int shared_idle_seconds = 15;

std::string random_name(const std::string& prefix) {
    base::SystemRandom random;
    return prefix + base::random_hex(random, 8);
}

/// A folder that is ours alone; /tmp is everybody's, so one that somebody else made is refused.
std::string own_folder() {
    const std::string path = "/tmp/hatchery-tests-" + std::to_string(getuid());
    // Root's cluster runs as another user, who has to pass through.
    mkdir(path.c_str(), getuid() == 0 ? 0711 : 0700);
    struct stat status{};
    if (lstat(path.c_str(), &status) != 0 || !S_ISDIR(status.st_mode) ||
        status.st_uid != getuid() || (status.st_mode & 0022) != 0) {
        throw std::runtime_error(path + " is not a folder of this user's own");
    }
    return path;
}

pid_t spawn(std::vector<std::string> arguments, bool detached) {
    std::vector<char*> argv;
    for (auto& argument : arguments) argv.push_back(argument.data());
    argv.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0);
    if (detached) posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    if (detached) posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
    pid_t child = 0;
    const int problem = posix_spawn(&child, argv[0], &actions, &attributes, argv.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
    if (problem != 0) throw std::runtime_error("cannot run " + arguments[0]);
    return child;
}

void run_tool(const std::string& action, const std::string& folder,
              const std::string& option = "") {
    std::vector<std::string> arguments = {tool, action, folder};
    if (action == "start") arguments.emplace_back("--throwaway");
    if (!option.empty()) arguments.push_back(option);
    const pid_t child = spawn(std::move(arguments), false);
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        throw std::runtime_error("tools/private-postgres " + action + " failed");
    }
}

std::string read_line(const std::string& path) {
    std::array<char, 4096> buffer{};
    const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
    const ssize_t length = file < 0 ? -1 : read(file, buffer.data(), buffer.size());
    if (file >= 0) close(file);
    if (length <= 0) throw std::runtime_error("cannot read " + path);
    std::string text(buffer.data(), static_cast<std::size_t>(length));
    return text.substr(0, text.find('\n'));
}

}  // namespace

/// A lock on a file, held until the object or its process ends. Children do not inherit it.
class PgCluster::Lock {
public:
    Lock(const std::string& path, int mode)
        : file_(open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600)) {
        while (file_ >= 0 && flock(file_, mode) != 0) {
            if (errno == EINTR) continue;
            close(file_);
            file_ = -1;
        }
        if (file_ < 0) throw std::runtime_error("cannot lock " + path);
    }
    ~Lock() { close(file_); }
    Lock(const Lock&) = delete;
    Lock& operator=(const Lock&) = delete;

private:
    int file_;
};

PgCluster& PgCluster::shared() {
    static PgCluster cluster(own_folder() + "/shared", own_folder() + "/shared",
                             shared_idle_seconds);
    return cluster;
}

std::unique_ptr<PgCluster> PgCluster::make_private() {
    const std::string folder = own_folder() + "/" + random_name("own-");
    return std::unique_ptr<PgCluster>(new PgCluster(folder, folder, 0));
}

PgCluster::PgCluster(std::string folder, const std::string& lock_name, int idle_seconds)
    : folder_(std::move(folder)), start_lock_path_(lock_name + ".start") {
    const Lock starting(start_lock_path_, LOCK_EX);
    const std::string users_path = lock_name + ".users";
    users_ = std::make_unique<Lock>(users_path, LOCK_SH);
    // Before the start, so that nothing stays when this process dies in the middle of it. Of two
    // watchdogs the second ends by itself.
    (void)spawn({watchdog, tool, folder_, lock_name, std::to_string(idle_seconds)}, true);
    run_tool("start", folder_);
    url_ = read_line(folder_ + "/url");
}

PgCluster::~PgCluster() = default;

base::Secret PgCluster::url_of(const std::string& database) const {
    std::string url = url_;
    const std::string marker = "@/hatchery?";
    url.replace(url.find(marker), marker.size(), "@/" + database + "?");
    return base::Secret(url);
}

void PgCluster::execute(const std::string& statement) {
    store::Database administration(
        {.url = url_of("postgres"), .pool_size = 1, .statement_timeout = base::Milliseconds{0}});
    const auto done = administration.run([&](store::Sql& sql) -> base::Result<void> {
        sql.script(statement);
        return {};
    });
    if (!done) {
        const auto& context = done.error().context;
        throw std::runtime_error(done.error().message +
                                 (context.empty() ? "" : " " + context.front().second));
    }
}

/// Migrating takes much longer than copying. The name tells the migrations' text, so that builds of
/// several trees share the cluster.
std::string PgCluster::template_database() {
    if (!template_.empty()) return template_;
    std::size_t hash = 0;
    for (const auto& file : embedded::migrations()) {
        hash = hash * 31 + std::hash<std::string_view>{}(file.content);
    }
    const std::string name = "template_" + std::to_string(hash);
    const Lock starting(start_lock_path_, LOCK_EX);
    const std::string ready = folder_ + "/" + name;
    if (!std::filesystem::exists(ready)) {
        execute("DROP DATABASE IF EXISTS " + name);
        execute("CREATE DATABASE " + name);
        {
            store::Database fresh({.url = url_of(name), .pool_size = 1});
            const auto migrated = store::migrate(fresh);
            if (!migrated) throw std::runtime_error(migrated.error().message);
        }
        const int marker = open(ready.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        if (marker >= 0) close(marker);
    }
    template_ = name;
    return template_;
}

std::unique_ptr<TestDatabase> PgCluster::create_database() {
    const std::string name = random_name("test_");
    execute("CREATE DATABASE " + name + " TEMPLATE " + template_database());
    return std::make_unique<TestDatabase>(*this, name);
}

std::unique_ptr<TestDatabase> PgCluster::create_empty_database() {
    const std::string name = random_name("test_");
    execute("CREATE DATABASE " + name);
    return std::make_unique<TestDatabase>(*this, name);
}

void PgCluster::stop(Stop how) {
    run_tool("stop", folder_, how == Stop::immediate ? "--immediate" : "");
}
void PgCluster::start() { run_tool("start", folder_); }

void PgCluster::drop(const std::string& database) noexcept {
    try {
        execute("DROP DATABASE IF EXISTS " + database + " WITH (FORCE)");
    } catch (const std::exception&) {
        // The cluster is removed as a whole later.
    }
}

TestDatabase::TestDatabase(PgCluster& cluster, std::string name)
    : cluster_(cluster), name_(std::move(name)) {}

TestDatabase::~TestDatabase() {
    pool_.reset();
    cluster_.drop(name_);
}

base::Secret TestDatabase::url() const { return cluster_.url_of(name_); }

base::Secret TestDatabase::url_as(const std::string& role, const std::string& password) const {
    std::string url = cluster_.url_of(name_).reveal();
    const auto begin = url.find("://") + 3;
    url.replace(begin, url.find('@') - begin, role + ":" + password);
    return base::Secret(url);
}

store::Database& TestDatabase::pool() {
    if (!pool_) {
        pool_ = std::make_unique<store::Database>(store::DatabaseOptions{.url = url()});
    }
    return *pool_;
}

}  // namespace hatchery::support
