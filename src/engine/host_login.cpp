#include "engine/host_login.hpp"

#include <fmt/format.h>

namespace hatchery::engine {

base::Result<ports::SshTarget> ssh_target(StepContext& context, const core::Server& server) {
    auto key = context.ports.fleet.secret({.owner = ports::SecretOwner::server,
                                           .owner_id = server.id.text(),
                                           .name = ports::secret_name::client_key});
    if (!key) return base::fail(std::move(key).error());
    ports::SshTarget target{.host = server.public_ip,
                            .port = core::ssh_port_of(server, context.settings.ssh_port),
                            .user = "root",
                            .host_keys = {server.host_key},
                            .private_key = *std::move(key)};
    if (!server.next_host_key.empty()) target.host_keys.push_back(server.next_host_key);
    return target;
}

base::Result<HostLogin> login_of_bot(StepContext& context) {
    auto server = context.ports.fleet.server_of(context.bot_id());
    if (!server) return base::fail(std::move(server).error());
    if (!*server) {
        return base::fail(base::ErrorKind::not_found, "The bot has no server.",
                          "Deploy the bot again.");
    }
    auto target = ssh_target(context, **server);
    if (!target) return base::fail(std::move(target).error());
    return HostLogin{.server = **std::move(server), .target = *std::move(target)};
}

bool is_host_key_mismatch(const base::Error& error) { return error.code == "host_key_mismatch"; }

base::Error host_key_refused(const core::Server& server) {
    return {
        .kind = base::ErrorKind::invalid,
        .effect = base::Effect::none,
        .message = fmt::format("The machine at {} shows an SSH host key that was not planted on "
                               "this server, so Hatchery does not log in.",
                               server.public_ip),
        .next_action = "Deploy again; if it happens again, ask the provider who has the address.",
        .code = "host_key_mismatch",
        .retry_after = std::nullopt,
        .context = {{"server", server.id.text()}}};
}

core::StepOutcome host_failed(const core::Server& server, base::Error error) {
    return failed(is_host_key_mismatch(error) ? host_key_refused(server) : std::move(error));
}

}  // namespace hatchery::engine
