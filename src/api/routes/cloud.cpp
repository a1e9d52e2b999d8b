#include <algorithm>
#include <memory>
#include <mutex>

#include "api/body_reader.hpp"
#include "api/list_page.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "core/ownership.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

Json type_view(const providers::Offer& offer) {
    return {{"type", offer.type},
            {"cores", offer.cores},
            {"memoryGb", offer.memory_gb},
            {"diskGb", offer.disk_gb},
            {"available", offer.available},
            {"priceMonthly", money_view(offer.price_monthly, offer.price_currency)},
            {"priceHourly", money_view(offer.price_hourly, offer.price_currency)}};
}

/// The offers of one provider, gathered by region.
void add_regions(Json& items, const std::string& provider,
                 const std::vector<providers::Offer>& offers) {
    std::vector<std::string> order;
    std::map<std::string, Json> regions;
    for (const auto& offer : offers) {
        auto [entry, fresh] = regions.try_emplace(offer.region);
        if (fresh) {
            order.push_back(offer.region);
            entry->second = {{"provider", provider},
                             {"region", offer.region},
                             {"description", offer.region_description},
                             {"serverTypes", Json::array()}};
        }
        entry->second["serverTypes"].push_back(type_view(offer));
    }
    for (const auto& region : order) items.push_back(std::move(regions[region]));
}

Problem silent_provider(const std::string& name, const base::Error& error) {
    Problem problem = problem_of_status(503, "The provider " + name + " did not answer.");
    problem.log_detail = error.message;
    problem.retry_after_s = 5;
    return problem;
}

Outcome available_regions(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const ListPage page(query);
    const auto wanted = query.text("provider", core::check_provider_word);
    if (wanted && !context.deps.clouds.contains(*wanted)) {
        query.wrong("provider", "is not a provider of this installation");
    }
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    Json items = Json::array();
    std::optional<Problem> silent;
    for (const auto& [name, provider] : context.deps.clouds) {
        if (wanted && name != *wanted) continue;
        auto offers = context.deps.offers.offers(*provider, exchange.call(outside_limit));
        if (offers) {
            add_regions(items, name, *offers);
        } else {
            silent = silent_provider(name, offers.error());
        }
    }
    // One that does not answer hides nothing of the others.
    if (items.empty() && silent) return refuse(std::move(*silent));
    return page.answer(std::move(items), [](const Json& item) {
        return base::json_string(item, "provider") + " " + base::json_string(item, "region");
    });
}

std::string_view status_word(providers::CloudServerStatus status) {
    using providers::CloudServerStatus;
    switch (status) {
        case CloudServerStatus::initializing:
            return "initializing";
        case CloudServerStatus::starting:
            return "starting";
        case CloudServerStatus::running:
            return "running";
        case CloudServerStatus::off:
            return "off";
        case CloudServerStatus::deleting:
            return "deleting";
        case CloudServerStatus::unknown:
            break;
    }
    return "unknown";
}

std::string label_of(const providers::CloudServer& machine, const char* label) {
    const auto found = machine.labels.find(label);
    return found == machine.labels.end() ? std::string() : found->second;
}

Json known_server(const core::Server& server, const providers::CloudServer* machine) {
    Json view = server_view(server);
    view["botId"] = server.bot_id.empty() ? Json() : Json(server.bot_id.text());
    view["providerServerId"] =
        server.provider_server_id.empty() ? Json() : Json(server.provider_server_id);
    view["providerState"] = machine == nullptr ? Json() : Json(status_word(machine->status));
    view["orphan"] = false;
    return view;
}

/// A machine that bears our label and that no row accounts for: it is billed, and nobody uses it.
Json orphan_server(const std::string& provider, const providers::CloudServer& machine) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? Json() : Json(text);
    };
    return {{"id", text_or_null(label_of(machine, core::label_server))},
            {"name", machine.name},
            {"state", Json()},
            {"provider", provider},
            {"region", machine.region},
            {"type", machine.type},
            {"publicIp", text_or_null(machine.public_ip)},
            {"cost", money_view(machine.price_monthly, machine.price_currency)},
            {"costHourly", money_view(machine.price_hourly, machine.price_currency)},
            {"botId", text_or_null(label_of(machine, core::label_bot))},
            {"providerServerId", machine.provider_server_id},
            {"providerState", status_word(machine.status)},
            {"orphan", true}};
}

/// A machine of the project that does not bear our label: somebody else's, and never touched.
Json their_server(const std::string& provider, const providers::CloudServer& machine) {
    return {{"name", machine.name},
            {"provider", provider},
            {"region", machine.region},
            {"type", machine.type},
            {"publicIp", machine.public_ip.empty() ? Json() : Json(machine.public_ip)},
            {"cost", money_view(machine.price_monthly, machine.price_currency)},
            {"costHourly", money_view(machine.price_hourly, machine.price_currency)},
            {"providerServerId", machine.provider_server_id},
            {"providerState", status_word(machine.status)}};
}

using Machines = std::map<std::string, std::vector<providers::CloudServer>>;

bool is_machine_of(const core::Server& server, const std::string& provider,
                   const providers::CloudServer& machine) {
    const bool same_id = server.provider_server_id.empty() ||
                         server.provider_server_id == machine.provider_server_id;
    return server.provider == provider && same_id &&
           label_of(machine, core::label_server) == server.id.text();
}

Json inventory(const std::vector<core::Server>& servers, const Machines& machines) {
    std::map<std::string, const core::Server*> by_id;
    std::map<std::string, const providers::CloudServer*> machine_of;
    for (const auto& server : servers) by_id[server.id.text()] = &server;
    Json orphans = Json::array();
    for (const auto& [provider, listed] : machines) {
        for (const auto& machine : listed) {
            const auto found = by_id.find(label_of(machine, core::label_server));
            if (found != by_id.end() && is_machine_of(*found->second, provider, machine)) {
                machine_of[found->first] = &machine;
            } else {
                orphans.push_back(orphan_server(provider, machine));
            }
        }
    }
    Json items = Json::array();
    for (const auto& server : servers) {
        if (server.state == core::ServerState::deleted) continue;
        const auto machine = machine_of.find(server.id.text());
        items.push_back(
            known_server(server, machine == machine_of.end() ? nullptr : machine->second));
    }
    for (auto& orphan : orphans) items.push_back(std::move(orphan));
    return items;
}

/// What the providers listed, and which of them did not answer.
struct Listing {
    base::TimePoint asked_at;
    /// Those that bear our label.
    Machines machines;
    /// All others.
    Json theirs = Json::array();
    std::size_t their_count = 0;
    Json silent = Json::array();
};

/// The last listing, for the further pages of a list: its first page asked all providers, and each
/// listing costs a request for every fifty servers. Thread-safe.
class LastListing {
public:
    [[nodiscard]] std::optional<Listing> since(base::TimePoint time) {
        const std::lock_guard lock(mutex_);
        if (!listing_ || listing_->asked_at < time) return std::nullopt;
        return listing_;
    }
    void keep(const Listing& listing) {
        const std::lock_guard lock(mutex_);
        listing_ = listing;
    }

private:
    std::mutex mutex_;
    std::optional<Listing> listing_;
};

/// As long as somebody may take to read the pages of one list.
constexpr std::chrono::seconds listing_kept{60};

/// A project that others use for a thousand servers is not Hatchery's alone, and the list need not
/// be whole to say so.
constexpr std::size_t most_of_theirs = 1'000;

/// Tells ours from theirs by the exact label.
void sort_in(Listing& listing, const std::string& provider,
             std::vector<providers::CloudServer> machines,
             const base::InstallationId& installation) {
    auto& ours = listing.machines[provider];
    for (auto& machine : machines) {
        if (label_of(machine, core::label_installation) == installation.text()) {
            ours.push_back(std::move(machine));
        } else if (++listing.their_count <= most_of_theirs) {
            listing.theirs.push_back(their_server(provider, machine));
        }
    }
}

Listing list_machines(RouteContext& context, const Exchange& exchange,
                      const base::InstallationId& installation) {
    Listing listing;
    listing.asked_at = context.deps.clock.now();
    for (const auto& [name, provider] : context.deps.clouds) {
        auto listed = provider->list_project(exchange.call(outside_limit));
        if (listed) {
            sort_in(listing, name, *std::move(listed), installation);
            continue;
        }
        // The rows and the others' machines are worth seeing all the same, in an outage most.
        listing.silent.push_back(name);
        base::log_event(base::LogLevel::warning, "inventory_incomplete",
                        {{"provider", name}, {"message", listed.error().message}});
    }
    return listing;
}

Outcome servers(RouteContext& context, const Exchange& exchange, LastListing& last) {
    QueryReader query(exchange);
    const ListPage page(query);
    const bool further = exchange.query.contains("after");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    auto installation = context.deps.fleet.installation();
    if (!installation) return refuse(installation.error());
    auto listing =
        further ? last.since(context.deps.clock.now() - listing_kept) : std::optional<Listing>();
    if (!listing) {
        listing = list_machines(context, exchange, *installation);
        last.keep(*listing);
    }
    // A row stands before its machine and until the machine is gone. Read after the machines, and
    // with those that ended meanwhile, the rows account for all that is no orphan.
    auto rows = context.deps.bots.servers(listing->asked_at);
    if (!rows) return refuse(rows.error());
    // Ours first, oldest first; then what nobody owns.
    const auto key_of = [](const Json& item) {
        if (!item.at("orphan").get<bool>()) return "0 " + base::json_string(item, "id");
        return "1 " + base::json_string(item, "provider") + " " +
               base::json_string(item, "providerServerId");
    };
    return page.answer(inventory(*rows, listing->machines), key_of,
                       {{"silentProviders", listing->silent},
                        {"theirs", further ? Json::array() : std::move(listing->theirs)},
                        {"theirsCount", listing->their_count}});
}

}  // namespace

void add_cloud_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/cloud/available-regions",
               [&](const Exchange& exchange) { return available_regions(context, exchange); });
    router.add("GET", "/api/cloud/servers",
               [&, last = std::make_shared<LastListing>()](const Exchange& exchange) {
                   return servers(context, exchange, *last);
               });
}

}  // namespace hatchery::api::routes
