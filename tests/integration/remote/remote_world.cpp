#include "integration/remote/remote_world.hpp"

#include <poll.h>
#include <unistd.h>

#include <stdexcept>

namespace hatchery::test {

RemoteWorld::RemoteWorld(remote::SshOptions options)
    : options_(std::move(options)), port_(sshd_.target().port) {
    options_.state_dir = sshd_.state_dir();
    options_.socket_dir = sshd_.folder();
    restart_client();
}

ports::SshTarget RemoteWorld::target() const {
    ports::SshTarget target = sshd_.target();
    target.port = port_;
    return target;
}

void RemoteWorld::restart_client() {
    host_.reset();
    host_ = remote::make_ssh_remote_host(options_);
}

ports::ExecResult RemoteWorld::exec(const std::string& command) {
    auto result = host_->exec(target(), {.command = command, .input = {}}, soon());
    if (!result) throw std::runtime_error("a command was not run: " + result.error().message);
    return *std::move(result);
}

void RemoteWorld::wait_for_file(const std::string& name) const {
    const std::string path = sshd_.folder() + "/" + name;
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (::access(path.c_str(), F_OK) != 0) {
        if (std::chrono::steady_clock::now() > deadline) {
            throw std::runtime_error(path + " does not appear");
        }
        ::poll(nullptr, 0, 2);
    }
}

}  // namespace hatchery::test
