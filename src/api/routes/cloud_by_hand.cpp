#include <fmt/format.h>

#include <algorithm>

#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "core/ownership.hpp"
#include "ports/allocation_id.hpp"
#include "providers/known_machine.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;
using core::ServerState;

/// Providers close accounts of those who hurry a create: a minute is its own, beside what makes the
/// project ready before it. The Idempotency-Key is held for two.
constexpr std::chrono::milliseconds create_limit{90'000};

struct ProvisionBody {
    std::string provider;
    std::string region;
    std::string type;
    std::optional<std::string> image;
    std::string key;
};

core::Wrong check_public_key(std::string_view text) {
    constexpr std::string_view allowed =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/=-@._ ";
    const bool fits = text.starts_with("ssh-ed25519 AAAA") && text.size() <= 300 &&
                      text.find_first_not_of(allowed) == std::string_view::npos;
    if (!fits) return "must be an Ed25519 public key: ssh-ed25519 AAAA…";
    return std::nullopt;
}

ProvisionBody read_body(BodyReader& body, RouteContext& context) {
    ProvisionBody read;
    read.provider = body.text("provider", core::check_provider_word);
    if (!body.is_wrong("provider") && !context.deps.clouds.contains(read.provider)) {
        body.wrong("provider", "is not a provider of this installation");
    }
    read.region = body.text("region", core::check_provider_word);
    read.type = body.text("serverType", core::check_provider_word);
    read.image = body.optional_text("imageId", core::check_provider_word);
    read.key = body.optional_text("sshPublicKey", check_public_key).value_or("");
    return read;
}

/// cloud-init's user data: nobody logs in but who has the key.
base::Secret user_data_of(const std::string& key) {
    Json keys = Json::array();
    if (!key.empty()) keys.push_back(key.substr(0, key.find(' ', key.find(' ') + 1)));
    return base::Secret("#cloud-config\n" +
                        base::dump_json({{"users", Json::array()},
                                         {"disable_root", false},
                                         {"ssh_pwauth", false},
                                         {"ssh_authorized_keys", keys},
                                         {"chpasswd", {{"expire", false}}},
                                         {"package_update", false},
                                         {"package_upgrade", false}}) +
                        "\n");
}

Answer server_answer(int status, const Exchange& exchange, const core::Server& server) {
    Json view = server_view(server);
    view["providerServerId"] =
        server.provider_server_id.empty() ? Json() : Json(server.provider_server_id);
    exchange.target = server.id.text();
    return json_answer(status, view);
}

/// The offer that was named; a wrong field when there is none.
tl::expected<providers::Offer, Problem> offer_of(RouteContext& context, const Exchange& exchange,
                                                 const ProvisionBody& wish) {
    const auto offers = context.deps.offers.offers(*context.deps.clouds.at(wish.provider),
                                                   exchange.call(outside_limit));
    if (!offers) return tl::unexpected(problem_of_error(offers.error()));
    const auto in_region = [&](const providers::Offer& offer) {
        return offer.region == wish.region;
    };
    if (std::ranges::none_of(*offers, in_region)) {
        return refuse_fields({{"region", "is no region of this provider"}});
    }
    const auto found = std::ranges::find_if(*offers, [&](const providers::Offer& offer) {
        return in_region(offer) && offer.type == wish.type;
    });
    if (found == offers->end()) {
        return refuse_fields({{"serverType", "is not sold in this region"}});
    }
    return *found;
}

std::optional<double> ceiling_of(const RouteContext& context, const std::string& provider) {
    const auto& ceilings = context.deps.settings.cost_ceilings;
    const auto found = ceilings.find(provider);
    return found == ceilings.end() ? std::nullopt : std::optional(found->second);
}

/// Who asks by hand is told what all others are told by the alarm, which is raised all the same.
Problem ceiling_reached(RouteContext& context, const core::Alarm& alarm) {
    const auto raised = context.deps.alarms.raise(alarm, context.deps.clock.now());
    if (raised && *raised) {
        base::log_event(base::LogLevel::warning, "alarm_raised",
                        {{"kind", base::to_text(alarm.kind)}, {"cause", alarm.cause}});
    }
    Problem problem = problem_of_error({.kind = base::ErrorKind::quota_exceeded,
                                        .message = alarm.cause,
                                        .next_action = alarm.next_action});
    problem.code = "cost_ceiling";
    return problem;
}

/// Sends the create for a row that stands. Without an answer the row stays: whoever looks after
/// servers by hand finds out.
Outcome create(RouteContext& context, const Exchange& exchange, core::Server server,
               const ProvisionBody& wish) {
    auto& rows = context.deps.hand_servers;
    const auto give_up = [&](Problem problem) -> Outcome {
        const auto gone = rows.gone(server.id, context.deps.clock.now());
        if (!gone) return refuse(gone.error());
        return refuse(std::move(problem));
    };
    const auto installation = context.deps.fleet.installation();
    if (!installation) return give_up(problem_of_error(installation.error()));
    const auto made =
        context.deps.clouds.at(wish.provider)
            ->create_server({.name = server.name,
                             .region = server.region,
                             .type = server.type,
                             .image = server.image,
                             .labels = core::owner_labels(*installation, server.id, server.bot_id),
                             .user_data = user_data_of(wish.key)},
                            exchange.call(create_limit));
    if (!made && made.error().effect == base::Effect::none) {
        return give_up(problem_of_error(made.error()));
    }
    if (!made) return server_answer(202, exchange, server);
    const core::Server known = providers::with_machine(server, *made);
    const auto written = rows.made(known);
    if (!written) return refuse(written.error());
    server = known;
    server.state = ServerState::booting;
    return server_answer(201, exchange, server);
}

Outcome provision(RouteContext& context, const Exchange& exchange) {
    // Without a key nobody resumes it.
    const auto id = exchange.effect_id.empty() ? base::make_id<base::ServerId>(
                                                     context.deps.clock.now(), context.deps.random)
                                               : base::ServerId(exchange.effect_id);
    if (exchange.resumed) {
        const auto found = context.deps.hand_servers.find(id);
        if (!found) return refuse(found.error());
        if (*found) return server_answer(202, exchange, **found);
    }
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto wish = read_body(*body, context);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    const auto offer = offer_of(context, exchange, wish);
    if (!offer) return refuse(offer.error());
    const auto image = context.deps.settings.images.find(wish.provider);
    const std::string usual =
        image == context.deps.settings.images.end() ? std::string() : image->second;
    const auto ceiling = ceiling_of(context, wish.provider);
    const auto planned = context.deps.hand_servers.plan({.id = id,
                                                         .made_by = exchange.user(),
                                                         .provider = wish.provider,
                                                         .region = wish.region,
                                                         .type = wish.type,
                                                         .image = wish.image.value_or(usual),
                                                         .price_monthly = offer->price_monthly,
                                                         .price_currency = offer->price_currency,
                                                         .ceiling = ceiling},
                                                        context.deps.clock.now());
    if (!planned) return refuse(planned.error());
    if (!planned->server) {
        return refuse(ceiling_reached(
            context, core::cost_ceiling(
                         wish.provider, fmt::format("{:.2f} {}", *ceiling, offer->price_currency),
                         fmt::format("{} {}", planned->would_be, offer->price_currency))));
    }
    return create(context, exchange, *planned->server, wish);
}

Problem used_by_bot(const core::Server& server) {
    Problem problem = problem_of_status(409, "A bot uses this server.");
    problem.code = "server_in_use";
    problem.next_action = "Destroy the bot: DELETE /api/bots/" + server.bot_id.text();
    return problem;
}

Answer being_deleted(const std::string& id) {
    return json_answer(202, {{"id", id}, {"state", "deleting"}});
}

/// A server of ours, as its row tells.
Outcome remove_known(RouteContext& context, const core::Server& server) {
    if (server.bot_id.empty()) {
        const auto condemned = context.deps.hand_servers.condemn(server.id);
        if (!condemned) return refuse(condemned.error());
        return being_deleted(server.id.text());
    }
    const auto current = context.deps.fleet.server_of(server.bot_id);
    if (!current) return refuse(current.error());
    const bool in_use = *current && (*current)->id == server.id;
    if (in_use && server.state != ServerState::deleting) return refuse(used_by_bot(server));
    // The bot's operation or the reaper is at it, for as long as it takes.
    return being_deleted(server.id.text());
}

struct Orphan {
    providers::CloudProvider* cloud;
    std::string id;
};

/// What bears our label and this id, its own or the provider's.
tl::expected<std::vector<Orphan>, Problem> find_orphans(RouteContext& context,
                                                        const Exchange& exchange,
                                                        const std::string& id) {
    const auto installation = context.deps.fleet.installation();
    if (!installation) return tl::unexpected(problem_of_error(installation.error()));
    std::vector<Orphan> found;
    for (const auto& [name, cloud] : context.deps.clouds) {
        const auto listed = cloud->list_servers(core::label_installation, installation->text(),
                                                exchange.call(outside_limit));
        if (!listed) return tl::unexpected(problem_of_error(listed.error()));
        for (const auto& machine : *listed) {
            const auto label = machine.labels.find(core::label_server);
            const bool labelled = label != machine.labels.end() && label->second == id;
            if (labelled || machine.provider_server_id == id) {
                found.push_back({cloud, machine.provider_server_id});
            }
        }
    }
    return found;
}

/// Deletes what belongs to no row, with its label looked up again right before.
Outcome remove_orphan(RouteContext& context, const Exchange& exchange, const Orphan& orphan) {
    const auto installation = context.deps.fleet.installation();
    if (!installation) return refuse(installation.error());
    const auto machine = orphan.cloud->get_server(orphan.id, exchange.call(outside_limit));
    if (!machine) return refuse(machine.error());
    if (!*machine) return being_deleted(orphan.id);
    const auto owner = (*machine)->labels.find(core::label_installation);
    if (owner == (*machine)->labels.end() || owner->second != installation->text()) {
        return refuse(404, "There is no such server.");
    }
    const auto asked = orphan.cloud->delete_server(orphan.id, exchange.call(outside_limit));
    if (!asked) return refuse(asked.error());
    base::log_event(base::LogLevel::info, "orphan_deleted_by_hand",
                    {{"provider", orphan.cloud->name()}, {"provider_server", orphan.id}});
    return being_deleted(orphan.id);
}

/// Gives up on wiping one of the operator's own machines. Whoever looks after its row finds the
/// machine gone.
Outcome forget(RouteContext& context, const Exchange& exchange, const std::string& id) {
    const auto all = context.deps.allocations.list();
    if (!all) return refuse(all.error());
    const auto is_meant = [&](const ports::Allocation& one) {
        const auto label = one.request.labels.find(core::label_server);
        const bool labelled = label != one.request.labels.end() && label->second == id;
        return labelled || ports::allocation_id(one) == id;
    };
    // A server whose machine could not be made ready may have another one by now.
    auto found = std::ranges::find_if(*all, [&](const ports::Allocation& one) {
        return is_meant(one) && one.state == ports::AllocationState::wiping;
    });
    if (found == all->end()) found = std::ranges::find_if(*all, is_meant);
    if (found == all->end()) return refuse(404, "None of your own machines is lent out as this.");
    const auto done = context.deps.allocations.forget(found->number);
    if (!done) return refuse(done.error());
    if (!*done) {
        Problem problem = problem_of_status(409, "The machine was not given back.");
        problem.next_action =
            "Destroy its bot, or the server by hand; forget it when it cannot be wiped then.";
        return refuse(std::move(problem));
    }
    exchange.target = id + " forgotten unwiped";
    base::log_event(base::LogLevel::warning, "machine_forgotten",
                    {{"machine", found->facts.machine}, {"trouble", found->trouble}});
    return being_deleted(id);
}

Outcome remove(RouteContext& context, const Exchange& exchange) {
    const std::string& id = exchange.path.at(0);
    QueryReader query(exchange);
    const bool unwiped = query.flag("forget");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    if (unwiped) return forget(context, exchange, id);
    // Before the rows: a row stands before its machine does.
    const auto machines = find_orphans(context, exchange, id);
    const auto rows = context.deps.bots.servers(context.deps.clock.now());
    if (!rows) return refuse(rows.error());
    const auto known = std::ranges::find_if(*rows, [&](const core::Server& server) {
        return server.state != ServerState::deleted &&
               (server.id.text() == id || server.provider_server_id == id);
    });
    if (known != rows->end()) return remove_known(context, *known);
    if (!machines) return refuse(machines.error());
    if (machines->empty()) {
        const auto hand = context.deps.hand_servers.find(base::ServerId(id));
        if (hand && *hand) return being_deleted(id);
        return refuse(404, "There is no such server.");
    }
    if (machines->size() > 1) {
        Problem problem = problem_of_status(409, "Several machines bear this id.");
        problem.next_action = "Name one by its providerServerId: GET /api/cloud/servers tells it.";
        return refuse(std::move(problem));
    }
    return remove_orphan(context, exchange, machines->front());
}

}  // namespace

void add_cloud_by_hand_routes(Router& router, RouteContext& context) {
    router.add("POST", "/api/cloud/provision",
               [&](const Exchange& exchange) { return provision(context, exchange); });
    router.add("DELETE", "/api/cloud/servers/:id",
               [&](const Exchange& exchange) { return remove(context, exchange); });
}

}  // namespace hatchery::api::routes
