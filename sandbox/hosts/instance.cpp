#include "sandbox/hosts/instance.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "sandbox/hosts/system.hpp"

namespace hatchery::sandbox {
namespace fs = std::filesystem;
namespace {

constexpr int kInstances = 64;
/// Addresses a share has: 64 shares of 1024 fill 127.77.0.0/16.
constexpr int kAddressesPerInstance = 1024;
constexpr const char* kRunDir = "/run/hatchery-sandbox";
constexpr const char* kDefaultStateDir = "/var/lib/hatchery-sandbox";
constexpr const char* kCgroupRoot = "/sys/fs/cgroup";
constexpr auto kCgroupPatience = std::chrono::seconds(5);
constexpr auto kCgroupPoll = std::chrono::milliseconds(2);

fs::path lock_path(int number) { return fs::path(kRunDir) / (std::to_string(number) + ".lock"); }

fs::path record_path(int number) { return fs::path(kRunDir) / (std::to_string(number) + ".json"); }

fs::path cgroup_path(int number) {
    return fs::path(kCgroupRoot) / ("hatchery-sandbox-" + std::to_string(number));
}

/// The lock, or an invalid descriptor when another process holds it.
UniqueFd try_lock(const fs::path& path) {
    UniqueFd file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.valid() && ::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
        file.reset();
    }
    return file;
}

bool is_populated(const fs::path& cgroup) {
    const auto events = read_file(cgroup / "cgroup.events");
    return events && events->find("populated 1") != std::string::npos;
}

void remove_cgroup_tree(const fs::path& cgroup) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(cgroup, error)) {
        if (entry.is_directory(error)) {
            remove_cgroup_tree(entry.path());
        }
    }
    ::rmdir(cgroup.c_str());
}

/// Only the folders that hosts made: the state folder itself may hold other things of its owner.
void remove_hosts(const fs::path& state_dir) {
    std::error_code ignored;
    fs::remove_all(state_dir / "hosts", ignored);
    fs::remove_all(state_dir / "trash", ignored);
}

/// Clears away what the dead holder of share `number` left; the caller holds its lock.
void sweep(int number, const Log& log) {
    const bool had_cgroup = fs::exists(cgroup_path(number));
    const auto record = read_file(record_path(number));
    if (!had_cgroup && !record) {
        return;
    }
    remove_cgroup(cgroup_path(number));
    std::string state_dir;
    if (record) {
        const auto parsed = nlohmann::json::parse(*record, nullptr, false);
        if (parsed.is_object()) {
            state_dir = parsed.value("stateDir", "");
        }
    }
    if (!state_dir.empty()) {
        remove_hosts(state_dir);
        if (fs::path(state_dir).parent_path() == kDefaultStateDir) {
            std::error_code ignored;
            fs::remove_all(state_dir, ignored);
        }
    }
    std::error_code ignored;
    fs::remove(record_path(number), ignored);
    log("event=swept_dead_sandbox instance=" + std::to_string(number) + " state_dir=" + state_dir);
}

/// The first free share's number and lock; dead holders' remains are cleared on the way.
Result<std::pair<int, UniqueFd>> claim_number(const Log& log) {
    std::error_code error;
    fs::create_directories(kRunDir, error);
    if (error) {
        return failure("cannot make " + std::string(kRunDir) + ": " + error.message());
    }
    std::pair<int, UniqueFd> claimed{-1, UniqueFd{}};
    for (int number = 0; number < kInstances; ++number) {
        const bool left_something =
            fs::exists(record_path(number), error) || fs::exists(cgroup_path(number), error);
        if (claimed.first >= 0 && !left_something) {
            continue;
        }
        UniqueFd lock = try_lock(lock_path(number));
        if (!lock.valid()) {
            continue;
        }
        sweep(number, log);
        if (claimed.first < 0) {
            claimed = {number, std::move(lock)};
        }
    }
    if (claimed.first < 0) {
        return failure("all " + std::to_string(kInstances) +
                       " places for a sandbox on this machine are taken");
    }
    return claimed;
}

}  // namespace

bool remove_cgroup(const fs::path& cgroup) {
    const auto deadline = std::chrono::steady_clock::now() + kCgroupPatience;
    while (fs::exists(cgroup)) {
        [[maybe_unused]] const auto killed = write_file(cgroup / "cgroup.kill", "1");
        if (!is_populated(cgroup)) {
            remove_cgroup_tree(cgroup);
        }
        if (!fs::exists(cgroup)) {
            break;
        }
        if (std::chrono::steady_clock::now() > deadline) {
            return false;
        }
        std::this_thread::sleep_for(kCgroupPoll);
    }
    return true;
}

Result<std::unique_ptr<Instance>> Instance::claim(const fs::path& state_dir, const Log& log) {
    auto claimed = claim_number(log);
    if (!claimed) {
        return failure(claimed.error());
    }
    std::unique_ptr<Instance> instance(new Instance);
    instance->number_ = claimed->first;
    instance->lock_ = std::move(claimed->second);
    instance->cgroup_ = cgroup_path(instance->number_);
    instance->owns_state_dir_ = state_dir.empty();
    const fs::path chosen = state_dir.empty()
                                ? fs::path(kDefaultStateDir) / std::to_string(instance->number_)
                                : state_dir;
    std::error_code error;
    fs::create_directories(chosen, error);
    instance->state_dir_ = fs::canonical(chosen, error);
    if (error) {
        return failure("cannot use the state folder " + chosen.string() + ": " + error.message());
    }
    instance->state_lock_ = try_lock(instance->state_dir_ / "lock");
    if (!instance->state_lock_.valid()) {
        return failure("another sandbox uses the state folder " + instance->state_dir_.string());
    }
    remove_hosts(instance->state_dir_);
    for (const char* folder : {"hosts", "trash"}) {
        fs::create_directories(instance->state_dir_ / folder, error);
    }
    // Only root walks to the hosts' files: they hold other users' set-user-id programs and keys.
    fs::permissions(instance->state_dir_ / "hosts", fs::perms::owner_all, error);
    fs::permissions(instance->state_dir_ / "trash", fs::perms::owner_all, error);
    const nlohmann::json record{{"pid", ::getpid()},
                                {"stateDir", instance->state_dir_.string()},
                                {"cgroup", instance->cgroup_.filename().string()}};
    if (auto written = write_file(record_path(instance->number_), record.dump() + "\n", 0600);
        !written) {
        return failure(written.error());
    }
    fs::create_directory(instance->cgroup_, error);
    if (error) {
        return failure("cannot make the cgroup " + instance->cgroup_.string() + ": " +
                       error.message());
    }
    return instance;
}

Instance::~Instance() {
    if (!lock_.valid()) {
        return;
    }
    remove_cgroup(cgroup_);
    std::error_code ignored;
    if (!state_dir_.empty() && state_lock_.valid()) {
        remove_hosts(state_dir_);
        fs::remove(state_dir_ / "lock", ignored);
        if (owns_state_dir_) {
            fs::remove_all(state_dir_, ignored);
        }
    }
    fs::remove(record_path(number_), ignored);
}

std::string Instance::public_address(int index) const {
    const int offset = number_ * kAddressesPerInstance + index;
    return "127.77." + std::to_string(offset / 256) + "." + std::to_string(offset % 256);
}

int Instance::last_host_index() { return kAddressesPerInstance - 2; }

}  // namespace hatchery::sandbox
