#include "engine/reaper.hpp"

#include "base/log.hpp"
#include "core/ownership.hpp"
#include "engine/late_create.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;

constexpr auto call_limit = 30s;

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
    const ports::UrgencyScope urgent(core::Urgency::removal);
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
    // An operation may have begun on it since the round's list was read; after this none can.
    const auto condemned = ports_.fleet.condemn_left_behind(server.id, (*found)->provider_server_id,
                                                            ports_.clock.now());
    if (!condemned) {
        if (condemned.error().kind != base::ErrorKind::conflict) {
            log_problem(server, condemned.error());
        }
        return;
    }
    if ((*found)->status == providers::CloudServerStatus::deleting) return;
    const auto asked = cloud->second->delete_server((*found)->provider_server_id,
                                                    base::Call::within(call_limit, stop));
    if (!asked) log_problem(server, asked.error());
}

void Reaper::not_found(const core::Server& server) {
    // Not by the wall clock, which may jump.
    const auto now = base::steady_now();
    const bool unanswered =
        server.provider_server_id.empty() && server.state != core::ServerState::planned;
    const auto since = missing_since_.emplace(server.id, now).first->second;
    if (unanswered && now - since < late_create_limit) return;
    missing_since_.erase(server.id);
    base::log_event(LogLevel::info, "server_reaped",
                    {{"server", server.id.text()}, {"provider", server.provider}});
    if (auto gone = ports_.fleet.left_behind_gone(server.id, ports_.clock.now()); !gone) {
        log_problem(server, gone.error());
    }
}

}  // namespace hatchery::engine
