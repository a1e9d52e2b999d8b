#include "engine/reaper.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/ownership.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;

constexpr auto call_limit = 30s;
/// How long a create whose answer was lost may still turn up in the provider's list.
constexpr auto late_create_limit = 2min;

void log_problem(const core::Server& server, const base::Error& error) {
    base::log_event(LogLevel::error, "reaper_failed",
                    {{"server", server.id.text()},
                     {"provider", server.provider},
                     {"provider_server", server.provider_server_id},
                     {"kind", base::to_text(error.kind)},
                     {"message", error.message}});
}

}  // namespace

void Reaper::tick(const std::stop_token& stop) {
    const auto servers = ports_.fleet.servers_left_behind(ports_.clock.now());
    if (!servers) return;
    for (const auto& server : *servers) {
        if (stop.stop_requested()) return;
        reap(server, stop);
    }
}

void Reaper::reap(const core::Server& server, const std::stop_token& stop) {
    const auto cloud = ports_.clouds.find(server.provider);
    if (cloud == ports_.clouds.end()) return;
    const auto found =
        server.provider_server_id.empty()
            ? cloud->second->find_server(server.name, base::Call::within(call_limit, stop))
            : cloud->second->get_server(server.provider_server_id,
                                        base::Call::within(call_limit, stop));
    if (!found) return log_problem(server, found.error());
    if (!*found) return not_found(server);
    missing_since_.erase(server.id);
    const auto installation = ports_.fleet.installation();
    if (!installation) return;
    if (!core::owned_by((*found)->labels, *installation, server.id)) {
        return log_problem(server, {.kind = base::ErrorKind::invalid,
                                    .message = "It does not bear this installation's label, so it "
                                               "is not deleted."});
    }
    if ((*found)->status == providers::CloudServerStatus::deleting) return;
    if (!still_left_behind(server)) return;
    const auto asked = cloud->second->delete_server((*found)->provider_server_id,
                                                    base::Call::within(call_limit, stop));
    if (!asked) log_problem(server, asked.error());
}

void Reaper::not_found(const core::Server& server) {
    const auto now = ports_.clock.now();
    const bool unanswered =
        server.provider_server_id.empty() && server.state != core::ServerState::planned;
    const auto since = missing_since_.emplace(server.id, now).first->second;
    if (unanswered && now - since < late_create_limit) return;
    missing_since_.erase(server.id);
    base::log_event(LogLevel::info, "server_reaped",
                    {{"server", server.id.text()}, {"provider", server.provider}});
    if (auto gone = ports_.fleet.left_behind_gone(server.id, now); !gone) {
        log_problem(server, gone.error());
    }
}

bool Reaper::still_left_behind(const core::Server& server) {
    const auto now = ports_.fleet.servers_left_behind(ports_.clock.now());
    return now && std::ranges::find(*now, server.id, &core::Server::id) != now->end();
}

}  // namespace hatchery::engine
