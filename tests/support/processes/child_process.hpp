#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hatchery::support {

struct ChildOptions {
    std::vector<std::string> command;
    /// Added to this process's environment; an empty value removes the variable.
    std::map<std::string, std::string> environment;
    std::string working_directory;
    /// Standard error (and standard output, unless `capture_output`) is appended to this file.
    std::string log_path;
    bool capture_output = false;
};

/// A program that a test runs. It dies with the test, however the test ends.
class ChildProcess {
public:
    explicit ChildProcess(const ChildOptions& options);
    ~ChildProcess();
    ChildProcess(const ChildProcess&) = delete;
    ChildProcess& operator=(const ChildProcess&) = delete;

    [[nodiscard]] pid_t pid() const { return pid_; }
    /// The next line of captured standard output; nothing at its end or after `limit`.
    [[nodiscard]] std::optional<std::string> read_line(std::chrono::milliseconds limit);
    void signal(int number) const;
    /// Waits for the end; the exit code, or 128 + signal. Nothing after `limit`.
    std::optional<int> wait(std::chrono::milliseconds limit);
    /// SIGKILL, and waits.
    void kill();
    /// SIGTERM, then SIGKILL after `limit`; the exit code.
    int terminate(std::chrono::milliseconds limit);
    [[nodiscard]] bool running();
    /// Whether a SIGSTOP holds it.
    [[nodiscard]] bool frozen() const;

private:
    pid_t pid_ = -1;
    int output_ = -1;
    int exit_watch_ = -1;
    std::string buffer_;
    std::optional<int> exit_code_;
};

}  // namespace hatchery::support
