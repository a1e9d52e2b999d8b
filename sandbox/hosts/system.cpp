#include "sandbox/hosts/system.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <sstream>
#include <system_error>

#include "sandbox/hosts/unique_fd.hpp"

namespace hatchery::sandbox {
namespace {

constexpr std::size_t kCollectedOutputBytes = 64 * 1024;

void write_all(int fd, std::string_view data) {
    while (!data.empty()) {
        const ssize_t written = ::write(fd, data.data(), data.size());
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written <= 0) {
            return;
        }
        data.remove_prefix(static_cast<std::size_t>(written));
    }
}

std::string read_to_end(int fd) {
    std::string output;
    char buffer[4096];
    while (true) {
        const ssize_t got = ::read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return output;
        }
        if (output.size() < kCollectedOutputBytes) {
            output.append(buffer, static_cast<std::size_t>(got));
        }
    }
}

/// Runs in the child: never returns.
[[noreturn]] void exec_child(char* const* argv, int input_fd, int output_fd) {
    if (::dup2(input_fd, 0) >= 0 && ::dup2(output_fd, 1) >= 0 && ::dup2(output_fd, 2) >= 0) {
        reset_child_state();
        ::execvp(argv[0], argv);
    }
    ::_exit(127);
}

Result<void> judge_exit(const std::string& program, int status, std::string output) {
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) {
        return {};
    }
    while (!output.empty() && (output.back() == '\n' || output.back() == ' ')) {
        output.pop_back();
    }
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127 && output.empty()) {
        return failure(program + " could not be started: is it installed?");
    }
    std::string sentence = program;
    sentence += WIFEXITED(status) ? " exited with " + std::to_string(WEXITSTATUS(status))
                                  : " was ended by signal " + std::to_string(WTERMSIG(status));
    return failure(output.empty() ? sentence : sentence + ": " + output);
}

}  // namespace

std::string errno_sentence(std::string_view what) {
    const int code = errno;
    return std::string(what) + ": " + std::generic_category().message(code);
}

void reset_child_state() {
    ::close_range(3, ~0U, 0);
    for (int signal_number = 1; signal_number < NSIG; ++signal_number) {
        ::signal(signal_number, SIG_DFL);
    }
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

Result<void> run_command(const std::vector<std::string>& arguments, std::string_view input,
                         OutputTo output) {
    std::vector<char*> argv;
    argv.reserve(arguments.size() + 1);
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);

    int in_pipe[2];
    if (::pipe2(in_pipe, O_CLOEXEC) != 0) {
        return failure(errno_sentence("pipe"));
    }
    UniqueFd in_read(in_pipe[0]);
    UniqueFd in_write(in_pipe[1]);
    int out_pipe[2];
    if (::pipe2(out_pipe, O_CLOEXEC) != 0) {
        return failure(errno_sentence("pipe"));
    }
    UniqueFd out_read(out_pipe[0]);
    UniqueFd out_write(out_pipe[1]);

    const pid_t child = ::fork();
    if (child < 0) {
        return failure(errno_sentence("fork"));
    }
    if (child == 0) {
        exec_child(argv.data(), in_read.get(),
                   output == OutputTo::standard_error ? 2 : out_write.get());
    }
    in_read.reset();
    out_write.reset();
    write_all(in_write.get(), input);
    in_write.reset();
    const std::string collected = read_to_end(out_read.get());
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return judge_exit(arguments.front(), status, collected);
}

Result<std::string> read_file(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) {
        return failure(errno_sentence(path.string()));
    }
    std::ostringstream content;
    content << file.rdbuf();
    return content.str();
}

Result<void> write_file(const std::filesystem::path& path, std::string_view content,
                        unsigned mode) {
    const UniqueFd file(
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode));
    if (!file.valid()) {
        return failure(errno_sentence(path.string()));
    }
    const ssize_t written = ::write(file.get(), content.data(), content.size());
    if (written != static_cast<ssize_t>(content.size())) {
        return failure(errno_sentence("writing " + path.string()));
    }
    return {};
}

Result<void> mount_checked(const std::string& source, const std::string& target,
                           const std::string& type, unsigned long flags, const std::string& data) {
    if (::mount(source.c_str(), target.c_str(), type.empty() ? nullptr : type.c_str(), flags,
                data.empty() ? nullptr : data.c_str()) != 0) {
        return failure(
            errno_sentence("mounting " + (type.empty() ? source : type) + " on " + target));
    }
    return {};
}

}  // namespace hatchery::sandbox
