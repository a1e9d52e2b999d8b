#include "contract/remote_host/harnesses.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <array>

#include "base/embedded_file.hpp"
#include "remote/ssh_remote_host.hpp"

namespace hatchery::test {

namespace {

using std::chrono_literals::operator""ms;

std::string_view embedded_runner() {
    for (const auto& file : embedded::provisioning_scripts()) {
        if (file.name == "run_detached.sh") return file.content;
    }
    return {};
}

std::span<const base::EmbeddedFile> contract_scripts() {
    static const std::array<base::EmbeddedFile, 3> scripts{{
        {"run_detached.sh", embedded_runner()},
        {"three_lines.sh", "echo one\nsleep 0.02\necho two >&2\nsleep 0.02\necho three\nexit 7\n"},
        {"endless.sh", "echo begun\nexec sleep 300\n"},
    }};
    return scripts;
}

}  // namespace

FakeHarness::FakeHarness() : fake_(clock_, {.servers_appear = false, .check_uploads = true}) {
    const ports::SshTarget known = target();
    fake_.add_server(known.host, known.host_keys.front());
    fake_.authorize_only(known.host, known.private_key);
    fake_.plan("three_lines.sh",
               {.lines = {{.after = 0ms, .text = "one"},
                          {.after = 100ms, .text = "two", .stream = ports::LineStream::err},
                          {.after = 200ms, .text = "three"}},
                .exit_code = 7,
                .duration = 300ms});
    fake_.plan("endless.sh", {.lines = {{.after = 0ms, .text = "begun"}},
                              .exit_code = 0,
                              .duration = std::chrono::hours(10)});
}

ports::SshTarget FakeHarness::target() const {
    return {.host = "192.0.2.1",
            .port = 22,
            .user = "root",
            .host_keys = {"ssh-ed25519 AAAAfake"},
            .private_key = base::Secret("the client key")};
}

std::string FakeHarness::file(const std::string& path) const {
    const auto found = fake_.file("192.0.2.1", path);
    return found ? fmt::format("{:04o} {}", found->mode, found->content) : std::string{};
}

SshHarness::SshHarness()
    : host_(remote::make_ssh_remote_host(
          {.state_dir = sshd_.state_dir(), .socket_dir = {}, .scripts = contract_scripts()})) {}

std::string SshHarness::file(const std::string& path) const {
    struct stat about{};
    if (::stat(path.c_str(), &about) != 0) return {};
    return fmt::format("{:04o} {}", about.st_mode & 07777U, read_file(path));
}

}  // namespace hatchery::test
