#include <termios.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "app/commands.hpp"
#include "app/process.hpp"
#include "base/clock.hpp"
#include "cli/command.hpp"
#include "net/curl_transport.hpp"

namespace {

using namespace hatchery;

std::optional<std::string> variable(const std::string& name) {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') return std::nullopt;
    return std::string(value);
}

std::string ask_hidden(const std::string& prompt) {
    std::cerr << prompt << std::flush;
    termios shown{};
    const bool terminal = tcgetattr(STDIN_FILENO, &shown) == 0;
    if (terminal) {
        termios hidden = shown;
        hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
    }
    std::string line;
    std::getline(std::cin, line);
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown);
        std::cerr << "\n";
    }
    return line;
}

}  // namespace

int main(int argc, char** argv) {
    app::harden_process();
    try {
        const std::vector<std::string> words(argv + 1, argv + argc);
        std::unique_ptr<ports::HttpTransport> http;
        const auto transport = [&]() -> ports::HttpTransport& {
            if (!http) http = net::make_curl_transport();
            return *http;
        };
        base::SystemClock clock;
        cli::Context context{.out = std::cout,
                             .err = std::cerr,
                             .in = std::cin,
                             .out_is_terminal = isatty(STDOUT_FILENO) == 1,
                             .in_is_terminal = isatty(STDIN_FILENO) == 1,
                             .http = transport,
                             .clock = clock,
                             .load_config = config::load_here,
                             .variable = variable,
                             .ask_hidden = ask_hidden,
                             .pause = [](base::Milliseconds time) {
                                 std::this_thread::sleep_for(time);
                                 return true;
                             }};
        const auto commands = app::all_commands();
        return static_cast<int>(cli::run_command_line(words, commands, context));
    } catch (const std::exception& error) {
        std::cerr << "hatchery: " << error.what() << "\n";
        return static_cast<int>(cli::ExitCode::failed);
    }
}
