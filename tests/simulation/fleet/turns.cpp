#include "simulation/fleet/turns.hpp"

#include <fmt/format.h>

#include "core/chat.hpp"
#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;

constexpr std::string_view turns_folder = "/var/lib/hatchery/turns/";
/// Exit codes of chat_turn.sh: nothing was sent, and the ways in which a turn fails.
constexpr int no_message = 80;
constexpr int no_gateway = 81;
constexpr std::array failures{1, 82, 83, 84, 85, 86, 87, 88};

/// The folder of `/var/lib/hatchery/turns/CHAT/FILE`, or nothing.
std::string folder_of(const std::string& path) {
    if (!path.starts_with(turns_folder)) return {};
    return path.substr(0, path.rfind('/'));
}

/// CHAT of the run id `chat-CHAT-NUMBER`.
std::string chat_of_run(const std::string& run_id) {
    const auto begin = run_id.find('-') + 1;
    return run_id.substr(begin, run_id.rfind('-') - begin);
}

/// The folder that a command names behind `start`, or nothing.
std::string folder_in(const std::string& command, std::string_view start) {
    if (!command.starts_with(start)) return {};
    const auto end = command.find_first_of(" ", start.size());
    return command.substr(start.size(), end == std::string::npos ? end : end - start.size());
}

}  // namespace

Turns::Place Turns::place_of(const ports::SshTarget& target, const ports::ScriptRun& run) {
    return {target.host, core::chat_folder(base::OperationId(chat_of_run(run.run_id)))};
}

std::string Turns::reply_to(const std::string& chat) { return "The answer to " + chat; }

base::Result<void> Turns::may_put(const ports::SshTarget& target, const std::string& path) const {
    if (!fenced_.contains({target.host, folder_of(path)})) return {};
    return base::fail(base::ErrorKind::conflict, "There is a file in the place of the folder.");
}

void Turns::put(const ports::SshTarget& target, const std::string& path) {
    const std::string folder = folder_of(path);
    if (!folder.empty()) staged_.insert({target.host, folder});
}

Turns::Turn Turns::plan(const ports::SshTarget& target, const ports::ScriptRun& run) {
    auto& random = world_.random;
    Turn turn;
    if (!staged_.contains(place_of(target, run))) {
        turn.plan.exit_code = no_message;
        return turn;
    }
    const bool fails = world_.troubled() && random.chance(world_.profile.script_fault);
    turn.plan.duration = base::Milliseconds(random.between(0, 40'000));
    if (fails && random.chance(300)) {
        world_.count(Fault::script_failed);
        turn.plan.exit_code = no_gateway;
        return turn;
    }
    turn.heard = true;
    if (fails && random.chance(100)) {
        world_.count(Fault::script_hangs);
        turn.plan.duration = 2h;
    } else if (fails) {
        world_.count(Fault::script_failed);
        turn.plan.exit_code = failures.at(static_cast<std::size_t>(random.below(failures.size())));
    }
    return turn;
}

void Turns::begin(const ports::SshTarget& target, const ports::ScriptRun& run, const Turn& turn) {
    const Place place = place_of(target, run);
    if (turn.plan.exit_code == no_message) return;
    staged_.erase(place);
    // As remove_other_turns does, which leaves what fences off a cancelled turn.
    const auto other = [&](const Place& one) {
        return one.first == place.first && one.second != place.second;
    };
    std::erase_if(staged_, other);
    std::erase_if(answers_, [&](const auto& entry) { return other(entry.first); });
    if (!turn.heard) return;
    const std::string chat = chat_of_run(run.run_id);
    hear(chat);
    if (turn.plan.exit_code == 0) {
        answers_[place] = base::dump_json({{"reply", reply_to(chat)}, {"usage", nullptr}});
    }
}

void Turns::hear(const std::string& chat) {
    if (!heard_.insert(chat).second) {
        throw Violation{fmt::format("A bot hears the message of chat {} again.", chat)};
    }
    const base::OperationId id(chat);
    for (const auto& installation : world_.installations) {
        auto& database = installation->database;
        const auto found = database.operations.find(id);
        if (found == database.operations.end()) continue;
        const auto live = database.live_chats(found->second.bot_id);
        if (live.empty() || live.front()->id != id) {
            throw Violation{
                fmt::format("A bot hears the message of chat {}, which is {}, {}.", chat,
                            base::to_text(found->second.state),
                            live.empty() ? "and none is live" : "while it is another's turn")};
        }
    }
}

std::optional<base::Result<ports::ExecResult>> Turns::answer(const ports::SshTarget& target,
                                                             const ports::ExecRequest& request) {
    const auto& command = request.command;
    if (const auto path = folder_in(command, "cat -- "); !path.empty()) {
        const auto found = answers_.find({target.host, folder_of(path)});
        ports::ExecResult result;
        if (found == answers_.end()) {
            result.exit_code = 1;
        } else {
            result.out = found->second;
        }
        return result;
    }
    const auto folder = folder_in(command, "rm -rf -- ");
    if (!folder.starts_with(turns_folder)) return std::nullopt;
    const Place place{target.host, folder};
    staged_.erase(place);
    answers_.erase(place);
    if (command.find(": >") != std::string::npos) {
        fenced_.insert(place);
    } else {
        fenced_.erase(place);
    }
    return ports::ExecResult{};
}

}  // namespace hatchery::simulation
