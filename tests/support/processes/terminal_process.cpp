#include "support/processes/terminal_process.hpp"

#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <stdexcept>

namespace hatchery::support {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

[[noreturn]] void become(const std::vector<std::string>& command,
                         const std::map<std::string, std::string>& environment,
                         const std::string& working_directory) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    for (const auto& [name, value] : environment) {
        if (value.empty()) {
            unsetenv(name.c_str());
        } else {
            setenv(name.c_str(), value.c_str(), 1);
        }
    }
    if (!working_directory.empty() && chdir(working_directory.c_str()) != 0) _exit(126);
    std::vector<char*> arguments;
    for (const auto& argument : command) arguments.push_back(const_cast<char*>(argument.c_str()));
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
}

}  // namespace

TerminalProcess::TerminalProcess(const std::vector<std::string>& command,
                                 const std::map<std::string, std::string>& environment,
                                 const std::string& working_directory) {
    const winsize size{.ws_row = 40, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
    pid_ = forkpty(&terminal_, nullptr, nullptr, &size);
    if (pid_ < 0) throw std::runtime_error("forkpty failed");
    if (pid_ == 0) become(command, environment, working_directory);
}

TerminalProcess::~TerminalProcess() {
    if (!exit_code_) {
        ::kill(pid_, SIGKILL);
        while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }
    close(terminal_);
}

bool TerminalProcess::read_some(steady_clock::time_point deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    pollfd entry{.fd = terminal_, .events = POLLIN, .revents = 0};
    if (left <= 0 || poll(&entry, 1, static_cast<int>(left)) <= 0) return false;
    char buffer[4096];
    // When the last process of the terminal has gone, reading fails with EIO.
    const ssize_t count = read(terminal_, buffer, sizeof buffer);
    if (count <= 0) return false;
    output_.append(buffer, static_cast<std::size_t>(count));
    return true;
}

bool TerminalProcess::wait_for(const std::string& text, milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    while (output_.find(text) == std::string::npos) {
        if (!read_some(deadline)) return false;
    }
    return true;
}

void TerminalProcess::type(const std::string& text) const {
    if (write(terminal_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
        throw std::runtime_error("the terminal takes no input");
    }
}

bool TerminalProcess::echoes() const {
    termios state{};
    return tcgetattr(terminal_, &state) == 0 && (state.c_lflag & ECHO) != 0;
}

std::optional<int> TerminalProcess::wait(milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    while (read_some(deadline)) {
    }
    if (steady_clock::now() >= deadline) return std::nullopt;
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return exit_code_;
}

std::string TerminalProcess::screen() const {
    std::string shown;
    std::size_t line = 0;
    for (std::size_t i = 0; i < output_.size(); ++i) {
        if (output_.compare(i, 4, "\r\033[K") == 0) {
            shown.erase(line);
            i += 3;
        } else if (output_[i] == '\n') {
            shown += '\n';
            line = shown.size();
        } else if (output_[i] != '\r') {
            shown += output_[i];
        }
    }
    return shown;
}

}  // namespace hatchery::support
