#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>

#include "ports/remote_host.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::simulation {

class World;

/// What chat_turn.sh does on the servers: which messages wait to be said, which were, and what the
/// bots answered. Throws Violation when a bot hears what it must not.
class Turns {
public:
    explicit Turns(World& world) : world_(world) {}

    /// Whether a file may be written: not where a cancelled turn left a file in its folder's place.
    [[nodiscard]] base::Result<void> may_put(const ports::SshTarget& target,
                                             const std::string& path) const;
    void put(const ports::SshTarget& target, const std::string& path);
    /// What a run of chat_turn.sh will come to if it begins now.
    struct Turn {
        support::FakeRemoteHost::Plan plan;
        bool heard = false;
    };
    [[nodiscard]] Turn plan(const ports::SshTarget& target, const ports::ScriptRun& run);
    /// It has begun.
    void begin(const ports::SshTarget& target, const ports::ScriptRun& run, const Turn& turn);
    /// Answers the commands that the steps of a chat send.
    [[nodiscard]] std::optional<base::Result<ports::ExecResult>> answer(
        const ports::SshTarget& target, const ports::ExecRequest& request);
    /// What the bot answers to this chat's message.
    [[nodiscard]] static std::string reply_to(const std::string& chat);

private:
    /// An address, and a turn's folder there.
    using Place = std::pair<std::string, std::string>;

    [[nodiscard]] static Place place_of(const ports::SshTarget& target,
                                        const ports::ScriptRun& run);
    void hear(const std::string& chat);

    World& world_;
    std::set<Place> staged_;
    std::set<Place> fenced_;
    std::map<Place, std::string> answers_;
    /// Chats whose message a bot has heard.
    std::set<std::string> heard_;
};

}  // namespace hatchery::simulation
