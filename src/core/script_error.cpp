#include "core/script_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

namespace hatchery::core {

namespace {

using base::ErrorKind;

struct Meaning {
    int exit_code;
    ErrorKind kind;
    std::string_view cause;
    std::string_view next_action;
};

constexpr std::string_view choose_larger = "Choose a larger server type.";
constexpr std::string_view say_again = "Send the message again.";
constexpr std::string_view read_log = "Read the last lines of the log.";

// `unavailable` is tried again by the engine, `invalid` is not. A turn that may have reached the
// bot is not tried again whatever its kind.
constexpr std::array meanings{
    Meaning{1, ErrorKind::unavailable, "A command on the server failed.", read_log},
    Meaning{2, ErrorKind::invalid, "A script was called with wrong input.",
            "This is a fault in Hatchery: report it."},
    Meaning{10, ErrorKind::invalid, "The server's operating system is not supported.",
            "Choose an image of Ubuntu 22.04, 24.04 or Debian 12."},
    Meaning{20, ErrorKind::invalid, "cloud-init failed on the server.", "Deploy again."},
    Meaning{21, ErrorKind::unavailable, "cloud-init did not end in time.", "Deploy again."},
    Meaning{22, ErrorKind::unavailable, "Another program held the package manager's lock too long.",
            "Try again in a few minutes."},
    Meaning{23, ErrorKind::unavailable, "A missing tool could not be installed on the server.",
            "Check the server's way to its package mirror."},
    Meaning{24, ErrorKind::invalid, "The server's kernel refused the firewall's rules.",
            "Choose another image or server type."},
    Meaning{30, ErrorKind::unavailable, "The release bundle is not on the server.", "Try again."},
    Meaning{31, ErrorKind::unavailable, "The release bundle arrived damaged.", "Try again."},
    Meaning{32, ErrorKind::invalid, "The server has too little free disk space.", choose_larger},
    Meaning{33, ErrorKind::unavailable, "The release bundle could not be unpacked.",
            "Try again; if it fails the same way, build the bundle again."},
    Meaning{34, ErrorKind::invalid, "The release does not run on this server.",
            "Choose another image or architecture."},
    Meaning{40, ErrorKind::unavailable, "The configuration did not reach the server.",
            "Try again."},
    Meaning{41, ErrorKind::invalid, "OpenClaw refuses the bot's configuration.",
            "Correct the bot's settings; the log says which."},
    Meaning{42, ErrorKind::invalid, "No OpenClaw release is installed on the server.",
            "Delete the bot and deploy it again."},
    Meaning{43, ErrorKind::unavailable, "The configuration could not be checked.", choose_larger},
    Meaning{50, ErrorKind::invalid, "OpenClaw stopped with a configuration error.",
            "Correct the bot's settings; the log says which."},
    Meaning{51, ErrorKind::unavailable, "OpenClaw was not ready in time.",
            "Try again, or choose a faster server type."},
    Meaning{52, ErrorKind::unavailable, "OpenClaw keeps ending while it starts.", read_log},
    Meaning{53, ErrorKind::invalid, "OpenClaw was killed because the memory ran out.",
            "Choose a server type with at least 2 GB of memory."},
    Meaning{54, ErrorKind::invalid, "Telegram refuses the bot's token.",
            "Give the bot a valid token from @BotFather."},
    Meaning{55, ErrorKind::unavailable, "OpenClaw's webhook port does not answer.", "Try again."},
    Meaning{56, ErrorKind::invalid, "The bot is not configured on its server.",
            "Delete the bot and deploy it again."},
    Meaning{60, ErrorKind::unavailable, "OpenClaw did not stop in time.", "Try again."},
    Meaning{70, ErrorKind::unavailable, "The server's host key could not be replaced.",
            "Deploy again."},
    Meaning{71, ErrorKind::unavailable, "The server has no new host key.", "Deploy again."},
    Meaning{80, ErrorKind::unavailable, "The message did not reach the server.", "Try again."},
    Meaning{81, ErrorKind::unavailable, "OpenClaw does not answer on its server.",
            "Restart the bot if it goes on."},
    Meaning{82, ErrorKind::timeout, "The bot did not answer in time.", say_again},
    Meaning{83, ErrorKind::unavailable, "OpenClaw ended before it had answered.", say_again},
    Meaning{84, ErrorKind::conflict, "OpenClaw refuses Hatchery's call.",
            "Restart the bot: it may run with an older configuration."},
    Meaning{85, ErrorKind::unauthorized, "The model's provider refuses the bot's API key.",
            "Give the bot a valid model API key."},
    Meaning{86, ErrorKind::rate_limited,
            "The model's provider takes no more requests for this API key at the moment.",
            "Try again later, or look at the account's limits and credit at the provider."},
    Meaning{87, ErrorKind::unavailable, "The bot's model did not answer.",
            "Try again; if it goes on, choose another model."},
    Meaning{88, ErrorKind::invalid, "The bot's reply is longer than 1 MB.",
            "Ask for a shorter answer."},
    Meaning{90, ErrorKind::invalid, "The machine does not let root in by key.",
            "Set PermitRootLogin prohibit-password and PubkeyAuthentication yes there."},
    Meaning{91, ErrorKind::conflict, "Another installation of Hatchery holds the machine.",
            "Give it back there, or take it out of this installation's list."},
    Meaning{92, ErrorKind::conflict, "A later life holds the machine.", "Deploy again."},
    Meaning{93, ErrorKind::unavailable, "Something of an earlier life could not be removed.",
            "Look at the machine; the wipe is tried again by itself."},
    Meaning{94, ErrorKind::invalid,
            "The machine has an OpenClaw or a Hatchery that is not this installation's.",
            "Remove it, or lend another machine."},
    Meaning{124, ErrorKind::unavailable, "A script on the server reached its time limit.",
            read_log},
    Meaning{137, ErrorKind::unavailable, "A script on the server was killed.", choose_larger},
    Meaning{143, ErrorKind::cancelled, "A script on the server was stopped.", ""},
};

}  // namespace

base::Error script_error(const std::string& script, int exit_code) {
    const auto found = std::ranges::find(meanings, exit_code, &Meaning::exit_code);
    const Meaning meaning = found != meanings.end()
                                ? *found
                                : Meaning{exit_code, ErrorKind::unavailable,
                                          "A script on the server failed.", read_log};
    return {.kind = meaning.kind,
            .effect = base::Effect::unknown,
            .message = std::string(meaning.cause),
            .next_action = std::string(meaning.next_action),
            .code = fmt::format("exit_{}", exit_code),
            .retry_after = std::nullopt,
            .context = {{"script", script}, {"exit_code", std::to_string(exit_code)}}};
}

bool is_script_error(const base::Error& error) {
    return std::ranges::any_of(error.context,
                               [](const auto& entry) { return entry.first == "script"; });
}

}  // namespace hatchery::core
