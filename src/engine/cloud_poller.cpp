#include "engine/cloud_poller.hpp"

#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/log.hpp"
#include "core/ownership.hpp"
#include "core/poll_plan.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto list_limit = 30s;
/// When nothing is being made, and nobody hints, look into the database this often.
constexpr auto idle_interval = 5s;

}  // namespace

CloudPoller::CloudPoller(const EnginePorts& ports, std::string provider)
    : ports_(ports), provider_(std::move(provider)) {}

base::TimePoint CloudPoller::tick(const std::stop_token& stop) {
    const auto now = ports_.clock.now();
    const auto waiting = ports_.fleet.servers_being_created(provider_);
    if (!waiting) return now + idle_interval;
    std::vector<base::TimePoint> created_at;
    for (const auto& server : *waiting) {
        if (server.state == core::ServerState::booting) created_at.push_back(server.created_at);
    }
    const auto due = core::next_look(created_at, last_look_, now);
    if (!due) return now + idle_interval;
    if (*due > now) return *due;
    last_look_ = now;
    look(*ports_.clouds.at(provider_), *waiting, stop);
    const auto next = core::next_look(created_at, last_look_, ports_.clock.now());
    return next.value_or(now + idle_interval);
}

void CloudPoller::look(providers::CloudProvider& cloud, const std::vector<core::Server>& waiting,
                       const std::stop_token& stop) {
    const auto installation = ports_.fleet.installation();
    if (!installation) return;
    // Only what boots: the rest of a large installation would cost a request for each page.
    providers::WantedServers wanted{.of_all = {core::label_installation, installation->text()},
                                    .label = core::label_server,
                                    .servers = {}};
    for (const auto& server : waiting) {
        if (server.state != core::ServerState::booting) continue;
        wanted.servers.push_back(
            {.provider_server_id = server.provider_server_id, .label_value = server.id.text()});
    }
    const auto listed = cloud.look_at(wanted, base::Call::within(list_limit, stop));
    if (!listed) {
        base::log_event(base::LogLevel::warning, "cloud_poll_failed",
                        {{"provider", provider_},
                         {"kind", base::to_text(listed.error().kind)},
                         {"message", listed.error().message}});
        return;
    }
    std::set<std::string_view> running;
    std::map<std::string_view, const providers::CloudServer*> by_id;
    for (const auto& server : *listed) {
        if (server.status == providers::CloudServerStatus::running) running.insert(server.name);
        by_id[server.provider_server_id] = &server;
    }
    learn_addresses(waiting, by_id);
    // What is not being made any more is forgotten.
    std::set<base::ServerId> seen;
    for (const auto& server : waiting) {
        if (!running.contains(server.name)) continue;
        if (!seen_running_.contains(server.id)) {
            const auto woken = ports_.jobs.raise("server:" + server.id.text(), ports_.clock.now());
            // A job that is being run just now hears of it at the next look.
            if (!woken || *woken == 0) continue;
        }
        seen.insert(server.id);
    }
    seen_running_ = std::move(seen);
}

void CloudPoller::learn_addresses(
    const std::vector<core::Server>& waiting,
    const std::map<std::string_view, const providers::CloudServer*>& listed) {
    std::vector<ports::FoundAddress> found;
    for (const auto& server : waiting) {
        const auto machine = listed.find(server.provider_server_id);
        if (!server.public_ip.empty() || machine == listed.end()) continue;
        if (machine->second->public_ip.empty()) continue;
        found.push_back({.server = server.id,
                         .provider_server_id = server.provider_server_id,
                         .public_ip = machine->second->public_ip});
    }
    // A job that is woken without an address asks the provider itself before long.
    if (!found.empty()) (void)ports_.fleet.learn_addresses(found);
}

}  // namespace hatchery::engine
