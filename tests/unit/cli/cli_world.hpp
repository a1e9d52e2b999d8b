#pragma once

#include <deque>
#include <map>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "cli/command.hpp"
#include "cli/commands.hpp"
#include "support/fake_http_transport.hpp"

namespace hatchery::tests {

/// A command line without a world: answers come from a script, output goes to text.
struct CliWorld {
    CliWorld();

    /// Runs `hatchery words…`.
    cli::ExitCode run(const std::vector<std::string>& words);
    /// The next answer for this method and path; the last one stays.
    void answer(const std::string& method_and_path, int status, const nlohmann::json& body);
    /// The tag that this method's and path's answers so far bear.
    void tag(const std::string& method_and_path, const std::string& tag);
    /// What was sent: `METHOD path`.
    [[nodiscard]] std::vector<std::string> calls() const;
    /// The body of the first call of this method and path.
    [[nodiscard]] nlohmann::json body_of(const std::string& method_and_path) const;
    /// What the first call of this method and path said in this header; empty if nothing.
    [[nodiscard]] std::string header_of(const std::string& method_and_path,
                                        const std::string& header) const;

    support::FakeHttpTransport http;
    base::SystemClock clock;
    std::ostringstream out;
    std::ostringstream err;
    std::istringstream in;
    bool in_is_terminal = false;
    bool out_is_terminal = false;
    std::map<std::string, std::string> variables;
    config::Variables environment = {{"HATCHERY_TOKEN", "hat_secret"}};
    std::string hidden_answer;
    /// After so many pauses the program is asked to end.
    int pauses_left = 20;

private:
    std::map<std::string, std::deque<ports::HttpResponse>> script_;
};

/// The bot that most tests use, and an accepted operation on it.
inline const std::string bot_id = "01a1fce5-2558-7244-ac69-0aae75d4accc";
inline const std::string operation_id = "01a1fce5-2566-7dce-9846-00f183ed552f";
[[nodiscard]] nlohmann::json some_bot(const std::string& name = "mine");
[[nodiscard]] nlohmann::json accepted(const std::string& kind);
[[nodiscard]] nlohmann::json operation(const std::string& kind, const std::string& state,
                                       const nlohmann::json& steps = nlohmann::json::array());
[[nodiscard]] nlohmann::json step(const std::string& kind, const std::string& state,
                                  const std::string& message = {});
[[nodiscard]] nlohmann::json problem(int status, const std::string& code,
                                     const std::string& detail);

}  // namespace hatchery::tests
