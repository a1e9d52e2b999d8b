#include "engine/reaper.hpp"

#include "base/log.hpp"
#include "core/ownership.hpp"
#include "engine/late_create.hpp"
#include "engine/proven_cloud.hpp"
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

/// Says what went wrong, and whether the next server may be asked for: not at a provider that does
/// not answer, or whose budget is spent, which is no failure at all. A server that the project does
/// not know is no end either: the next one may be there, which proves the project.
bool goes_on(const core::Server& server, const base::Error& error) {
    if (error.code == core::code_request_budget) {
        base::log_event(LogLevel::info, "reaper_waits",
                        {{"provider", server.provider}, {"why", error.message}});
        return false;
    }
    if (error.code == code_project_unproven) {
        base::log_event(LogLevel::warning, "reaper_waits",
                        {{"provider", server.provider}, {"why", error.message}});
        return true;
    }
    log_problem(server, error);
    return error.kind != base::ErrorKind::rate_limited &&
           error.kind != base::ErrorKind::unavailable && error.kind != base::ErrorKind::timeout;
}

}  // namespace

void Reaper::tick(const std::stop_token& stop) {
    const ports::UrgencyScope urgent(core::Urgency::removal, ports::UrgencyScope::Asker::round);
    const auto servers = ports_.fleet.servers_left_behind(ports_.clock.now());
    if (!servers) return;
    for (const auto& server : *servers) {
        if (server.provider != provider_) continue;
        if (stop.stop_requested() || !reap(server, stop)) return;
    }
}

bool Reaper::reap(const core::Server& server, const std::stop_token& stop) {
    const auto cloud = ports_.clouds.find(server.provider);
    if (cloud == ports_.clouds.end()) return false;
    const auto found =
        server.provider_server_id.empty()
            ? cloud->second->find_server(server.name, base::Call::within(call_limit, stop))
            : cloud->second->get_server(server.provider_server_id,
                                        base::Call::within(call_limit, stop));
    if (!found) return goes_on(server, found.error());
    if (!*found) {
        not_found(server);
        return true;
    }
    missing_since_.erase(server.id);
    return end(server, **found, stop);
}

bool Reaper::end(const core::Server& server, const providers::CloudServer& found,
                 const std::stop_token& stop) {
    const auto installation = ports_.fleet.installation();
    if (!installation) return true;
    if (!core::owned_by(found.labels, *installation, server.id)) {
        log_problem(server, {.kind = base::ErrorKind::invalid,
                             .message = "It does not bear this installation's label, so it is not "
                                        "deleted."});
        return true;
    }
    // An operation may have begun on it since the round's list was read; after this none can.
    const auto condemned =
        ports_.fleet.condemn_left_behind(server.id, found.provider_server_id, ports_.clock.now());
    if (!condemned) {
        if (condemned.error().kind != base::ErrorKind::conflict) {
            log_problem(server, condemned.error());
        }
        return true;
    }
    if (found.status == providers::CloudServerStatus::deleting) return true;
    const auto asked =
        ports_.clouds.at(server.provider)
            ->delete_server(found.provider_server_id, base::Call::within(call_limit, stop));
    return asked || goes_on(server, asked.error());
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
