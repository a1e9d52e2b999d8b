#include "support/processes/child_process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <stdexcept>

namespace hatchery::support {

namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

int left_ms(steady_clock::time_point deadline) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - steady_clock::now()).count();
    return left > 0 ? static_cast<int>(left) : 0;
}

[[noreturn]] void become(const ChildOptions& options, int output, int log) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    // A session of its own: what the program starts is not hit by the terminal's signals.
    setsid();
    dup2(output >= 0 ? output : log, STDOUT_FILENO);
    dup2(log, STDERR_FILENO);
    const int none = open("/dev/null", O_RDONLY);
    dup2(none, STDIN_FILENO);
    for (const auto& [name, value] : options.environment) {
        if (value.empty()) {
            unsetenv(name.c_str());
        } else {
            setenv(name.c_str(), value.c_str(), 1);
        }
    }
    if (!options.working_directory.empty() && chdir(options.working_directory.c_str()) != 0) {
        _exit(126);
    }
    std::vector<char*> arguments;
    for (const auto& argument : options.command) {
        arguments.push_back(const_cast<char*>(argument.c_str()));
    }
    arguments.push_back(nullptr);
    execvp(arguments[0], arguments.data());
    _exit(127);
}

}  // namespace

ChildProcess::ChildProcess(const ChildOptions& options) {
    int pipes[2] = {-1, -1};
    if (options.capture_output && pipe2(pipes, O_CLOEXEC) != 0) {
        throw std::runtime_error("no pipe for a child process");
    }
    const std::string log_path = options.log_path.empty() ? "/dev/null" : options.log_path;
    const int log = open(log_path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0) throw std::runtime_error("cannot open " + log_path);
    pid_ = fork();
    if (pid_ == 0) become(options, pipes[1], log);
    close(log);
    if (pipes[1] >= 0) close(pipes[1]);
    output_ = pipes[0];
    if (pid_ < 0) throw std::runtime_error("cannot fork");
    exit_watch_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
}

ChildProcess::~ChildProcess() {
    kill();
    if (output_ >= 0) close(output_);
    if (exit_watch_ >= 0) close(exit_watch_);
}

std::optional<std::string> ChildProcess::read_line(milliseconds limit) {
    const auto deadline = steady_clock::now() + limit;
    for (;;) {
        if (const auto end = buffer_.find('\n'); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        pollfd waiting{.fd = output_, .events = POLLIN, .revents = 0};
        if (poll(&waiting, 1, left_ms(deadline)) <= 0) return std::nullopt;
        char chunk[4096];
        const ssize_t got = read(output_, chunk, sizeof chunk);
        if (got <= 0) return std::nullopt;
        buffer_.append(chunk, static_cast<std::size_t>(got));
    }
}

void ChildProcess::signal(int number) const {
    if (!exit_code_) ::kill(pid_, number);
}

std::optional<int> ChildProcess::wait(milliseconds limit) {
    if (exit_code_) return exit_code_;
    pollfd waiting{.fd = exit_watch_, .events = POLLIN, .revents = 0};
    const auto deadline = steady_clock::now() + limit;
    while (poll(&waiting, 1, left_ms(deadline)) < 0 && errno == EINTR) {
    }
    int status = 0;
    if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
    exit_code_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return exit_code_;
}

void ChildProcess::kill() {
    signal(SIGKILL);
    while (!exit_code_) {
        if (!wait(milliseconds(10'000))) break;
    }
}

int ChildProcess::terminate(milliseconds limit) {
    signal(SIGTERM);
    if (!wait(limit)) kill();
    return exit_code_.value_or(-1);
}

bool ChildProcess::running() { return !wait(milliseconds(0)); }

bool ChildProcess::frozen() const {
    std::ifstream file("/proc/" + std::to_string(pid_) + "/stat");
    std::string stat;
    std::getline(file, stat);
    // PID (NAME) STATE …; a name may hold anything.
    const auto name_end = stat.rfind(')');
    return name_end != std::string::npos && stat.substr(name_end + 2, 1) == "T";
}

}  // namespace hatchery::support
