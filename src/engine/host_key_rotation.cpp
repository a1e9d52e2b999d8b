#include "engine/host_key_rotation.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>

#include "base/embedded_file.hpp"
#include "core/script_error.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr const char* script_name = "rotate_host_key.sh";
constexpr auto call_limit = 30s;

base::Secret script_text() {
    for (const auto& file : embedded::provisioning_scripts()) {
        if (file.name == script_name) return base::Secret(std::string(file.content));
    }
    return {};
}

/// Runs one phase of the script in the session itself: it takes milliseconds and may be repeated.
base::Result<std::string> run_phase(StepContext& context, const HostLogin& login,
                                    const char* phase) {
    auto result = context.outside([&] {
        return context.ports.hosts.exec(
            login.target, {.command = fmt::format("bash -s {}", phase), .input = script_text()},
            context.call(call_limit));
    });
    if (!result) return base::fail(std::move(result).error());
    if (result->exit_code != 0 || !result->signal.empty()) {
        return base::fail(core::script_error(script_name, result->exit_code));
    }
    return std::move(result->out);
}

/// The `ssh-ed25519 AAAA…` line of the script's output, without its comment.
std::string public_key_in(const std::string& output) {
    std::istringstream lines(output);
    for (std::string line; std::getline(lines, line);) {
        const auto start = line.find("ssh-ed25519 ");
        if (start == std::string::npos) continue;
        const auto end = line.find(' ', start + 12);
        return line.substr(start, end == std::string::npos ? end : end - start);
    }
    return {};
}

/// Has the new key made on the server and written into the row before it can be in force.
base::Result<void> prepare(StepContext& context, HostLogin& login) {
    auto output = run_phase(context, login, "prepare");
    if (!output) return base::fail(std::move(output).error());
    const std::string key = public_key_in(*output);
    if (key.empty()) {
        return base::fail(base::ErrorKind::bad_response, "The server did not say its new host key.",
                          "Deploy again.");
    }
    auto changed = context.ports.fleet.change_server(context.claimed.lease, login.server.id,
                                                     {.next_host_key = key});
    if (!changed) return changed;
    login.server.next_host_key = key;
    login.target.host_keys = {login.server.host_key, key};
    return {};
}

/// The server shows a key that nobody else has seen, and is ready. The planted key is forgotten
/// before the row says so: a crash in between runs this again, and a ready server has nothing left
/// to forget.
base::Result<void> mark_ready(StepContext& context, const core::Server& server) {
    auto removed = context.ports.fleet.remove_secret(
        context.claimed.lease, {.owner = ports::SecretOwner::server,
                                .owner_id = server.id.text(),
                                .name = ports::secret_name::planted_host_key});
    if (!removed) return removed;
    return context.ports.fleet.change_server(context.claimed.lease, server.id,
                                             {.state = core::ServerState::ready,
                                              .host_key = server.host_key,
                                              .next_host_key = "",
                                              .host_key_rotated = true});
}

/// Proves that the new key is in force by logging in with nothing else accepted.
base::Result<void> confirm(StepContext& context, HostLogin& login) {
    context.ports.hosts.forget(login.target);
    login.target.host_keys = {login.server.next_host_key};
    auto proof = context.outside([&] {
        return context.ports.hosts.exec(login.target, {.command = "true", .input = {}},
                                        context.call(call_limit));
    });
    if (!proof) return base::fail(std::move(proof).error());
    login.server.host_key = login.server.next_host_key;
    return mark_ready(context, login.server);
}

/// Whether sshd dropped the connection, or was not there at all. cloud-init starts it anew while
/// the server boots, and a reload listens to nobody for a moment: neither is the step's failure,
/// and the next run looks first whether the provider still has the server.
bool dropped(const base::Error& error) {
    return error.kind == base::ErrorKind::unavailable && !core::is_script_error(error);
}

core::StepOutcome not_rotated(StepContext& context, const core::Server& server, base::Error error) {
    if (dropped(error)) return context.wait(500ms, "waiting for the server's sshd");
    return host_failed(server, std::move(error));
}

}  // namespace

std::optional<core::StepOutcome> rotate_host_key(StepContext& context, HostLogin login) {
    if (login.server.host_key_rotated) {
        // Its key has never been in user data, and is not ours to replace.
        auto ready = mark_ready(context, login.server);
        return ready ? std::nullopt : std::optional(failed(std::move(ready).error()));
    }
    if (auto prepared = prepare(context, login); !prepared) {
        return not_rotated(context, login.server, std::move(prepared).error());
    }
    if (auto active = run_phase(context, login, "activate"); !active) {
        return not_rotated(context, login.server, std::move(active).error());
    }
    if (auto confirmed = confirm(context, login); !confirmed) {
        // Until sshd has read its keys again, the old one shows.
        if (is_host_key_mismatch(confirmed.error())) {
            return context.wait(500ms, "waiting for the server to show its new host key");
        }
        return not_rotated(context, login.server, std::move(confirmed).error());
    }
    return std::nullopt;
}

}  // namespace hatchery::engine
