#include "sandbox_program.hpp"

#include <httplib.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <functional>
#include <sstream>
#include <stdexcept>

#include "support/catch.hpp"

namespace hatchery::sandbox_test {
namespace fs = std::filesystem;
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kReadyLimit{420'000};
constexpr milliseconds kCommandLimit{60'000};
constexpr milliseconds kPatience{60'000};
constexpr int kPauseMs = 50;

std::string read_text(const fs::path& path) {
    std::ifstream file(path, std::ios::binary);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

std::string indented(const std::string& text) {
    std::istringstream lines(text);
    std::string result;
    for (std::string line; std::getline(lines, line);) {
        result += "    " + line + "\n";
    }
    return result;
}

support::ChildOptions program_options(const fs::path& folder, const fs::path& state_dir) {
    support::ChildOptions options;
    options.command = {HATCHERY_SANDBOX_PROGRAM, "--listen", "127.0.0.1:0", "--die-with-parent"};
    if (!state_dir.empty()) {
        options.command.insert(options.command.end(), {"--state-dir", state_dir.string()});
    }
    options.log_path = (folder / "sandbox.log").string();
    options.capture_output = true;
    return options;
}

}  // namespace

CommandResult run_command(const std::vector<std::string>& command) {
    const TemporaryFolder folder;
    const fs::path output = folder.path() / "output";
    support::ChildProcess process({.command = command, .log_path = output.string()});
    const auto code = process.wait(kCommandLimit);
    return {code.value_or(-1), read_text(output)};
}

bool can_have_hosts() {
    if (::geteuid() == 0 && fs::exists("/usr/bin/systemd-nspawn")) {
        return true;
    }
    WARN("skipped: real hosts need root and systemd-nspawn");
    return false;
}

TemporaryFolder::TemporaryFolder() {
    std::string pattern = (fs::temp_directory_path() / "sandbox-hosts-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
}

KeyPair make_key(const fs::path& folder, const std::string& name) {
    const fs::path file = folder / name;
    const auto made =
        run_command({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", file});
    INFO(made.output);
    REQUIRE(made.exit_code == 0);
    return {file, read_text(file), read_text(file.string() + ".pub")};
}

SandboxProgram::SandboxProgram(const fs::path& folder, const fs::path& state_dir)
    : process(program_options(folder, state_dir)), folder_(folder) {
    const auto line = process.read_line(kReadyLimit);
    INFO(log());
    REQUIRE(line);
    const auto ready = nlohmann::json::parse(*line);
    hetzner = ready.at("hetzner");
    telegram = ready.at("telegram");
    model = ready.at("model");
    const std::string suffix = std::to_string(process.pid());
    host_key_ = make_key(folder, "host-" + suffix);
    login_key_ = make_key(folder, "login-" + suffix);
}

nlohmann::json SandboxProgram::call(const std::string& method, const std::string& path,
                                    const nlohmann::json& body, int status) {
    const auto slash = hetzner.rfind('/');
    httplib::Client client(hetzner.substr(0, slash));
    client.set_read_timeout(60);
    httplib::Request request;
    request.method = method;
    request.path = hetzner.substr(slash) + path;
    request.headers = {{"Authorization", "Bearer test"}};
    if (!body.is_null()) {
        request.body = body.dump();
        request.headers.emplace("Content-Type", "application/json");
    }
    const auto answer = client.send(request);
    INFO(method << " " << path << "\n" << log());
    REQUIRE(answer);
    INFO(answer->body);
    REQUIRE(answer->status == status);
    return answer->body.empty() ? nlohmann::json() : nlohmann::json::parse(answer->body);
}

nlohmann::json SandboxProgram::create(const std::string& name, const nlohmann::json& more) {
    const std::string user_data =
        "#cloud-config\nssh_keys:\n  ed25519_private: |\n" + indented(host_key_.private_text) +
        "  ed25519_public: " + host_key_.public_text +
        "users:\n  - name: root\n    ssh_authorized_keys:\n      - " + login_key_.public_text +
        "write_files:\n  - path: /root/planted\n    content: from user_data\n";
    nlohmann::json body{
        {"name", name}, {"server_type", "cpx22"}, {"image", "debian-12"}, {"user_data", user_data}};
    if (more.is_object()) {
        body.update(more);
    }
    return call("POST", "/servers", body, 201);
}

void SandboxProgram::remove(const nlohmann::json& id) { call("DELETE", "/servers/" + id.dump()); }

CommandResult SandboxProgram::ssh(const std::string& ip, const std::string& command) {
    const fs::path known_hosts = folder_ / ("known-" + ip);
    std::ofstream(known_hosts) << ip << " " << host_key_.public_text;
    return run_command({"ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "ConnectTimeout=10", "-o",
                        "StrictHostKeyChecking=yes", "-o", "HostKeyAlgorithms=ssh-ed25519", "-o",
                        "UserKnownHostsFile=" + known_hosts.string(), "-o", "IdentitiesOnly=yes",
                        "-i", login_key_.private_file, "root@" + ip, command});
}

CommandResult SandboxProgram::ssh_when_up(const std::string& ip, const std::string& command) {
    CommandResult result;
    // ssh's own failures are 255; anything else came from the host.
    const bool up = eventually([&] {
        result = ssh(ip, command);
        return result.exit_code != 255;
    });
    INFO(result.output << log());
    REQUIRE(up);
    return result;
}

void SandboxProgram::wait_for_status(const nlohmann::json& id, const std::string& status) {
    INFO("server " << id.dump() << " should become " << status << "\n" << log());
    REQUIRE(eventually(
        [&] { return call("GET", "/servers/" + id.dump())["server"]["status"] == status; }));
}

std::string SandboxProgram::log() const { return read_text(folder_ / "sandbox.log"); }

bool eventually(const std::function<bool()>& question) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (question()) {
            return true;
        }
        ::poll(nullptr, 0, kPauseMs);
    }
    return question();
}

std::vector<std::string> processes_with(const std::string& text) {
    std::vector<std::string> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator("/proc", error)) {
        const std::string name = entry.path().filename().string();
        if (name.find_first_not_of("0123456789") != std::string::npos ||
            name == std::to_string(::getpid())) {
            continue;
        }
        const std::string command = read_text(entry.path() / "cmdline");
        // One that has ended and that init has yet to collect runs no more.
        if (command.empty()) {
            continue;
        }
        const std::string about = command + read_text(entry.path() / "cgroup");
        if (about.find(text) != std::string::npos) {
            found.push_back(name + " " + about);
        }
    }
    return found;
}

std::string cgroup_of(const nlohmann::json& server) {
    constexpr int addresses_per_share = 1024;
    const std::string ip = server["public_net"]["ipv4"]["ip"];
    int third = 0;
    int fourth = 0;
    if (std::sscanf(ip.c_str(), "127.77.%d.%d", &third, &fourth) != 2) {
        throw std::runtime_error("not an address of the sandbox: " + ip);
    }
    return "/hatchery-sandbox-" + std::to_string((256 * third + fourth) / addresses_per_share) +
           "/" + server["id"].dump();
}

std::vector<std::string> cgroups_with(const std::string& text) {
    std::vector<std::string> found;
    for (const char* root : {"/sys/fs/cgroup/unified", "/sys/fs/cgroup"}) {
        std::error_code error;
        for (const auto& entry : fs::directory_iterator(root, error)) {
            if (!entry.path().filename().string().starts_with("hatchery-sandbox-")) {
                continue;
            }
            for (const auto& below : fs::directory_iterator(entry.path(), error)) {
                if (below.path().string().find(text) != std::string::npos) {
                    found.push_back(below.path().string());
                }
            }
        }
    }
    return found;
}

}  // namespace hatchery::sandbox_test
