#include "engine/hand_server_watch.hpp"

#include "base/log.hpp"
#include "core/ownership.hpp"
#include "engine/late_create.hpp"
#include "ports/cloud_budgets.hpp"
#include "providers/known_machine.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;
using core::ServerState;

constexpr auto call_limit = 30s;
constexpr auto look_every = 5s;

void log_problem(const core::Server& server, const std::string& message) {
    base::log_event(LogLevel::error, "hand_server_trouble",
                    {{"server", server.id.text()},
                     {"provider", server.provider},
                     {"provider_server", server.provider_server_id},
                     {"message", message}});
}

}  // namespace

void HandServerWatch::tick(const std::stop_token& stop) {
    if (ports_.hand_servers == nullptr) return;
    const auto servers = ports_.hand_servers->alive();
    if (!servers) return;
    const auto now = base::steady_now();
    for (const auto& server : *servers) {
        if (stop.stop_requested()) return;
        if (server.provider != provider_ || server.state == ServerState::ready) continue;
        auto& next = next_look_[server.id];
        if (now < next) continue;
        next = now + look_every;
        look(server, stop);
    }
    std::erase_if(next_look_, [&](const auto& entry) { return entry.second + 1min < now; });
}

void HandServerWatch::look(const core::Server& server, const std::stop_token& stop) {
    const ports::UrgencyScope urgent(server.state == ServerState::deleting ? core::Urgency::removal
                                                                           : core::Urgency::poll);
    const auto cloud = ports_.clouds.find(server.provider);
    if (cloud == ports_.clouds.end()) return;
    const auto call = base::Call::within(call_limit, stop);
    const auto machine = server.provider_server_id.empty()
                             ? cloud->second->find_server(server.name, call)
                             : cloud->second->get_server(server.provider_server_id, call);
    if (!machine) return log_problem(server, machine.error().message);
    if (!*machine) return not_found(server);
    missing_since_.erase(server.id);
    const auto installation = ports_.fleet.installation();
    if (!installation) return;
    if (!core::owned_by((*machine)->labels, *installation, server.id)) {
        return log_problem(server,
                           "It does not bear this installation's label, so it is not ours.");
    }
    found(server, **machine, *cloud->second, stop);
}

void HandServerWatch::found(const core::Server& server, const providers::CloudServer& machine,
                            providers::CloudProvider& cloud, const std::stop_token& stop) {
    if (server.provider_server_id.empty()) {
        const auto known = ports_.hand_servers->made(providers::with_machine(server, machine));
        if (!known) return log_problem(server, known.error().message);
    }
    const bool runs = machine.status == providers::CloudServerStatus::running;
    if (server.state == ServerState::booting && runs) {
        (void)ports_.hand_servers->ready(server.id, machine.public_ip);
    }
    if (server.state != ServerState::deleting ||
        machine.status == providers::CloudServerStatus::deleting) {
        return;
    }
    const auto asked =
        cloud.delete_server(machine.provider_server_id, base::Call::within(call_limit, stop));
    if (!asked) log_problem(server, asked.error().message);
}

void HandServerWatch::not_found(const core::Server& server) {
    // Not by the wall clock, which may jump.
    const auto now = base::steady_now();
    const auto since = missing_since_.emplace(server.id, now).first->second;
    // Only of one that was asked to go is a first look proof: a new one may be shown late.
    const bool asked_to_go =
        server.state == ServerState::deleting && !server.provider_server_id.empty();
    if (!asked_to_go && now - since < late_create_limit) return;
    missing_since_.erase(server.id);
    base::log_event(LogLevel::info, "hand_server_gone",
                    {{"server", server.id.text()}, {"provider", server.provider}});
    const auto gone = ports_.hand_servers->gone(server.id, ports_.clock.now());
    if (!gone) log_problem(server, gone.error().message);
}

}  // namespace hatchery::engine
