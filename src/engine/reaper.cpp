#include "engine/reaper.hpp"

#include "base/log.hpp"
#include "core/ownership.hpp"

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

void Reaper::tick(std::stop_token stop) {
    const auto servers = ports_.fleet.servers_left_behind(ports_.clock.now());
    if (!servers) return;
    for (const auto& server : *servers) {
        if (stop.stop_requested()) return;
        reap(server, stop);
    }
}

void Reaper::reap(const core::Server& server, std::stop_token stop) {
    const auto cloud = ports_.clouds.find(server.provider);
    if (cloud == ports_.clouds.end()) return;
    const auto found =
        server.provider_server_id.empty()
            ? cloud->second->find_server(server.name, base::Call::within(call_limit, stop))
            : cloud->second->get_server(server.provider_server_id,
                                        base::Call::within(call_limit, stop));
    if (!found) return log_problem(server, found.error());
    if (!*found) {
        base::log_event(LogLevel::info, "server_reaped",
                        {{"server", server.id.text()}, {"provider", server.provider}});
        if (auto gone = ports_.fleet.left_behind_gone(server.id, ports_.clock.now()); !gone) {
            log_problem(server, gone.error());
        }
        return;
    }
    const auto installation = ports_.fleet.installation();
    if (!installation || !core::owned_by((*found)->labels, *installation, server.id)) return;
    if ((*found)->status == providers::CloudServerStatus::deleting) return;
    const auto asked = cloud->second->delete_server((*found)->provider_server_id,
                                                    base::Call::within(call_limit, stop));
    if (!asked) log_problem(server, asked.error());
}

}  // namespace hatchery::engine
