#pragma once

#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace hatchery::support {

/// A program that a test runs in a pseudo-terminal of its own, as a person does: its three streams
/// are the terminal, 100 columns wide. It dies with the test.
class TerminalProcess {
public:
    /// `environment` is added to this process's; an empty value removes the variable.
    TerminalProcess(const std::vector<std::string>& command,
                    const std::map<std::string, std::string>& environment,
                    const std::string& working_directory);
    ~TerminalProcess();
    TerminalProcess(const TerminalProcess&) = delete;
    TerminalProcess& operator=(const TerminalProcess&) = delete;

    /// Reads until the text has appeared; false at the program's end or after `limit`.
    [[nodiscard]] bool wait_for(const std::string& text, std::chrono::milliseconds limit);
    /// As if typed.
    void type(const std::string& text) const;
    /// Whether the terminal shows what is typed.
    [[nodiscard]] bool echoes() const;
    /// Reads to the program's end; its exit code, or 128 + signal. Nothing after `limit`.
    [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds limit);
    /// Everything that came out, with the terminal's line ends and control sequences.
    [[nodiscard]] const std::string& output() const { return output_; }
    /// What a person sees at the end: lines without those that were taken back.
    [[nodiscard]] std::string screen() const;

private:
    /// Reads what comes next; false at the end or after the deadline.
    bool read_some(std::chrono::steady_clock::time_point deadline);

    pid_t pid_ = -1;
    int terminal_ = -1;
    std::string output_;
    std::optional<int> exit_code_;
};

}  // namespace hatchery::support
