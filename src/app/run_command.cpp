#include "app/run_command.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "base/log.hpp"
#include "config/load.hpp"

extern char** environ;

namespace hatchery::app {

namespace {

using base::ErrorKind;

/// Lines that are logged of one run at most, and bytes of a line.
constexpr int most_lines = 100;
constexpr std::size_t longest_line = 500;
/// Between two looks whether the program has ended.
constexpr int look_ms = 20;

/// The reading end of what a program writes, cut into lines for the log.
class Output {
public:
    Output(int fd, std::string event) : fd_(fd), event_(std::move(event)) {}
    ~Output() {
        close(fd_);
        if (!line_.empty()) log_line();
    }
    Output(const Output&) = delete;
    Output& operator=(const Output&) = delete;

    /// Reads what is there, after waiting for it for a moment. Whether there was something.
    bool read_some(int wait_ms = look_ms) {
        pollfd entry{.fd = ended_ ? -1 : fd_, .events = POLLIN, .revents = 0};
        if (poll(&entry, 1, wait_ms) <= 0) return false;
        std::array<char, 4096> bytes{};
        const auto count = read(fd_, bytes.data(), bytes.size());
        if (count <= 0) {
            ended_ = count == 0 || errno != EINTR;
            return !ended_;
        }
        for (const char c : std::string_view(bytes.data(), static_cast<std::size_t>(count))) {
            if (c == '\n') {
                log_line();
            } else if (line_.size() < longest_line) {
                line_.push_back(c);
            }
        }
        return true;
    }

    /// Reads what is left in the pipe of a program that has ended; what its children go on writing
    /// is not waited for.
    void read_rest() {
        constexpr int most_reads = 256;  // A pipe holds 64 KiB, or up to 1 MiB.
        for (int i = 0; i < most_reads && read_some(0); ++i) {
        }
    }

private:
    void log_line() {
        if (++lines_ <= most_lines) {
            base::log_event(base::LogLevel::info, event_, {{"line", line_}});
        }
        line_.clear();
    }

    int fd_;
    std::string event_;
    std::string line_;
    int lines_ = 0;
    bool ended_ = false;
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
    std::vector<char*> result;
    for (std::string& text : texts) result.push_back(text.data());
    result.push_back(nullptr);
    return result;
}

/// Starts it in a process group of its own, with the signals as a program expects them.
base::Result<pid_t> start(std::vector<std::string> words, int output) {
    std::vector<std::string> variables = environment_without_secrets();
    const auto argv = pointers(words);
    const auto envp = pointers(variables);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, output, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output, STDERR_FILENO);
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t none;
    sigemptyset(&none);
    sigset_t usual;
    sigemptyset(&usual);
    sigaddset(&usual, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &usual);
    posix_spawnattr_setpgroup(&attributes, 0);
    posix_spawnattr_setflags(
        &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    pid_t pid = 0;
    const int error = posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), envp.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error == 0) return pid;
    return base::fail(ErrorKind::internal,
                      fmt::format("{} cannot be started: {}", words[0], strerror(error)));
}

base::Result<void> verdict(const std::string& program, int status) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
    return base::fail(ErrorKind::internal,
                      WIFEXITED(status)
                          ? fmt::format("{} ended with exit code {}.", program, WEXITSTATUS(status))
                          : fmt::format("{} was ended by signal {}.", program, WTERMSIG(status)));
}

}  // namespace

std::vector<std::string> environment_without_secrets() {
    std::vector<std::string> secret = config::secret_variables();
    secret.insert(secret.end(), {"TELEGRAM_BOT_TOKEN", "MODEL_API_KEY"});
    std::vector<std::string> kept;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string pair = *entry;
        const std::string name = pair.substr(0, pair.find('='));
        if (std::find(secret.begin(), secret.end(), name) == secret.end()) kept.push_back(pair);
    }
    return kept;
}

base::Result<void> run_command(const std::vector<std::string>& words,
                               const std::string& output_event, const base::Call& call) {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0) {
        return base::fail(ErrorKind::internal, fmt::format("no pipe: {}", strerror(errno)));
    }
    Output output(ends[0], output_event);
    const auto pid = start(words, ends[1]);
    close(ends[1]);
    if (!pid) return base::fail(pid.error());
    int status = 0;
    while (true) {
        (void)output.read_some();
        const pid_t ended = waitpid(*pid, &status, WNOHANG);
        if (ended < 0 && errno != EINTR) return base::fail(ErrorKind::internal, "waitpid failed");
        if (ended == *pid) break;
        if (!call.over()) continue;
        kill(-*pid, SIGKILL);
        (void)waitpid(*pid, &status, 0);
        return base::fail(call.stop.stop_requested() ? ErrorKind::cancelled : ErrorKind::timeout,
                          words[0] + " did not end in time and was killed.");
    }
    output.read_rest();
    return verdict(words[0], status);
}

}  // namespace hatchery::app
