#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/openclaw_config.hpp"
#include "integration/provisioning_scripts/sandbox_server.hpp"

namespace hatchery::test {

/// The scripts that bring a bot up.
extern const std::vector<std::string> in_order;

/// What the engine's steps do with one server, with the small stand-in for OpenClaw.
class Bot {
public:
    explicit Bot(SandboxServer& server);

    core::OpenClawSettings& settings() { return settings_; }

    /// Brings what the script needs onto the server, as a step does before each start.
    std::map<std::string, std::string> prepare(const std::string& script);
    EndedRun run(const std::string& script) { return server_.run(script, prepare(script)); }
    /// The same, and it must end well.
    EndedRun succeed(const std::string& script);
    /// Runs in_order.
    void bring_up();
    void next_operation() { ++operation_; }

    /// Says something in Telegram and waits for the bot's answer.
    std::string chat(const std::string& text);

private:
    SandboxServer& server_;
    std::filesystem::path bundle_;
    std::string sum_;
    core::OpenClawSettings settings_;
    int stages_ = 0;
    int operation_ = 1;
};

}  // namespace hatchery::test
