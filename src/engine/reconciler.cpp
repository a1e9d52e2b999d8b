#include "engine/reconciler.hpp"

#include <set>

#include "base/log.hpp"
#include "core/ownership.hpp"
#include "core/reconcile.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;

constexpr auto list_limit = 30s;
constexpr auto delete_limit = 30s;
/// Within a grace period a stray is looked at so often before it is ended.
constexpr int looks_per_grace = 3;

void log_failed(const std::string& provider, const base::Error& error) {
    base::log_event(
        LogLevel::warning, "reconcile_failed",
        {{"provider", provider}, {"kind", base::to_text(error.kind)}, {"message", error.message}});
}

}  // namespace

void Reconciler::tick(const std::stop_token& stop) {
    const auto now = base::steady_now();
    if (last_look_ && now - *last_look_ < settings_.stray_grace / looks_per_grace) return;
    last_look_ = now;
    const ports::UrgencyScope sweep(core::Urgency::sweep);
    for (const auto& [provider, cloud] : ports_.clouds) {
        if (stop.stop_requested()) return;
        look(provider, *cloud, stop);
    }
}

void Reconciler::look(const std::string& provider, providers::CloudProvider& cloud,
                      const std::stop_token& stop) {
    const auto installation = ports_.fleet.installation();
    if (!installation) return log_failed(provider, installation.error());
    const auto listed = cloud.list_servers(core::label_installation, installation->text(),
                                           base::Call::within(list_limit, stop));
    if (!listed) return log_failed(provider, listed.error());
    // After the list: a row that is planned in between has no machine in it.
    const auto alive = ports_.fleet.servers_alive(provider);
    if (!alive) return log_failed(provider, alive.error());

    std::vector<core::ListedMachine> machines;
    for (const auto& server : *listed) {
        if (server.status == providers::CloudServerStatus::deleting) continue;
        machines.push_back({server.provider_server_id, server.name, server.labels});
    }
    const auto now = base::steady_now();
    std::set<std::pair<std::string, std::string>> seen;
    for (const auto& stray : core::strays(machines, *installation, *alive)) {
        const std::pair key{provider, stray.provider_server_id};
        seen.insert(key);
        const auto [since, is_new] = since_.emplace(key, now);
        if (is_new) {
            base::log_event(LogLevel::warning, "stray_server",
                            {{"provider", provider},
                             {"provider_server", stray.provider_server_id},
                             {"name", stray.name}});
        }
        const bool over = now - since->second >= settings_.stray_grace;
        if (over && settings_.destroy_strays) end(provider, cloud, stray.provider_server_id, stop);
    }
    std::erase_if(since_, [&](const auto& entry) {
        return entry.first.first == provider && !seen.contains(entry.first);
    });
}

void Reconciler::end(const std::string& provider, providers::CloudProvider& cloud,
                     const std::string& id, const std::stop_token& stop) {
    const ports::UrgencyScope urgent(core::Urgency::removal);
    const auto asked = cloud.delete_server(id, base::Call::within(delete_limit, stop));
    if (!asked) return log_failed(provider, asked.error());
    base::log_event(LogLevel::warning, "stray_server_destroyed",
                    {{"provider", provider}, {"provider_server", id}});
}

}  // namespace hatchery::engine
