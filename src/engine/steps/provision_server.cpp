#include <fmt/format.h>

#include <optional>

#include "core/ownership.hpp"
#include "core/user_data.hpp"
#include "engine/cloud_access.hpp"
#include "engine/host_key_rotation.hpp"
#include "engine/host_login.hpp"
#include "engine/late_create.hpp"
#include "engine/steps/create_intent.hpp"
#include "engine/steps/failed_create.hpp"
#include "engine/steps/found_prices.hpp"
#include "engine/steps/placement.hpp"
#include "engine/steps/steps.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using core::ServerState;
using core::StepOutcome;

constexpr auto look_up_limit = 30s;
constexpr auto login_limit = 5s;
/// Between two tries to log in while the server boots; the poller wakes the job too.
constexpr base::Milliseconds boot_interval{500};
constexpr auto ask_provider_every = 60s;
/// The poller writes the address into the row and wakes the job.
constexpr base::Milliseconds address_interval{5'000};
/// Where names are not unique, a create whose answer was lost is looked for so long before it is
/// sent again. What turns up later still is the reconciler's: its row knows another machine.
constexpr base::Milliseconds late_listing{60'000};
constexpr base::Milliseconds late_listing_interval{5'000};

/// After a refusal that follows a create without an answer: between two looks for what that made,
/// and the fewest of them.
constexpr base::Milliseconds refused_interval{15'000};
constexpr long long least_refused_looks = 6;
/// When the last create was left without an answer, and what a later one was refused for.
constexpr const char* unanswered_key = "unanswered_since";
constexpr const char* refused_key = "refused_after";
constexpr const char* refused_looks_key = "refused_looks";

base::Result<core::Server> plan(StepContext& context, const core::Bot& bot) {
    auto place = chosen_place(context, bot);
    if (!place) return base::fail(std::move(place).error());
    const auto client = context.ports.keys.make_ssh_key();
    const auto host = context.ports.keys.make_ssh_key();
    return context.ports.fleet.plan_server(
        context.claimed.lease, bot.id,
        {.id = base::make_id<base::ServerId>(context.now(), context.ports.random),
         .provider = place->provider,
         .region = place->region,
         .type = place->type,
         .image = context.settings.image_of(place->provider),
         .host_key = host.public_key,
         .planted_host_key = host.private_key,
         .client_public_key = client.public_key,
         .client_key = client.private_key},
        context.now());
}

base::Result<base::Secret> user_data(StepContext& context, const core::Server& server) {
    auto key = context.ports.fleet.secret({.owner = ports::SecretOwner::server,
                                           .owner_id = server.id.text(),
                                           .name = ports::secret_name::planted_host_key});
    if (!key) return base::fail(std::move(key).error());
    return core::make_user_data({.host_private_key = *std::move(key),
                                 .host_public_key = server.host_key,
                                 .client_public_key = server.client_public_key});
}

/// Says once what the provider gave us, whatever dies on the way: with the line the progress says
/// that it was told, and it comes before the row knows the machine, which no later run tells.
base::Result<void> tell(StepContext& context, const core::Server& server,
                        const providers::CloudServer& found, std::string_view how) {
    if (base::json_string(context.progress, "told_server") == found.provider_server_id) return {};
    context.progress["told_server"] = found.provider_server_id;
    return context.say(fmt::format(
        "{} server {} ({} in {}{}) at {}, {}", how, found.provider_server_id, server.type,
        server.region, price_words(found), server.provider,
        found.public_ip.empty() ? "its address follows" : "address " + found.public_ip));
}

/// Writes down what the provider gave us; from here on the row knows the machine.
std::optional<StepOutcome> keep(StepContext& context, const core::Server& server,
                                const providers::CloudServer& found, std::string_view how) {
    if (auto told = tell(context, server, found, how); !told) {
        return failed(std::move(told).error());
    }
    ports::ServerChange booting{.state = ServerState::booting,
                                .provider_server_id = found.provider_server_id,
                                .create_actions = found.create_actions,
                                .public_ip = found.public_ip,
                                .ssh_port = found.ssh_port};
    keep_prices(booting, found);
    if (!found.host_key.empty()) {
        booting.host_key = found.host_key;
        booting.host_key_rotated = true;
    }
    auto changed = context.ports.fleet.change_server(context.claimed.lease, server.id, booting);
    if (!changed) return failed(std::move(changed).error());
    return std::nullopt;
}

/// The server that an earlier, unanswered create made, if there is one.
std::optional<StepOutcome> adopt(StepContext& context, providers::CloudProvider& cloud,
                                 const core::Server& server, bool& adopted) {
    adopted = false;
    auto found = context.outside(
        [&] { return cloud.find_server(server.name, context.call(look_up_limit)); });
    if (!found) return failed(std::move(found).error());
    if (!*found) return std::nullopt;
    auto installation = context.ports.fleet.installation();
    if (!installation) return failed(std::move(installation).error());
    if (!core::owned_by((*found)->labels, *installation, server.id)) {
        return failed({.kind = base::ErrorKind::invalid,
                       .effect = base::Effect::none,
                       .message = fmt::format("A server named {} is at {} already and is not this "
                                              "installation's.",
                                              server.name, server.provider),
                       .next_action = "Look who shares the provider's project.",
                       .code = "foreign_server",
                       .retry_after = std::nullopt,
                       .context = {}});
    }
    adopted = true;
    return keep(context, server, **found, "adopted");
}

/// Takes back the intent of a create that made nothing, and goes on to another place if that may
/// help.
StepOutcome take_back(StepContext& context, const core::Server& server, base::Error error) {
    auto undone = context.ports.fleet.change_server(context.claimed.lease, server.id,
                                                    {.state = ServerState::planned});
    if (!undone) return failed(std::move(undone).error());
    if (core::is_about_place(error)) return go_elsewhere(context, server, std::move(error));
    return failed(std::move(error));
}

/// A create after one without an answer was refused since the place has no server.
StepOutcome keep_refusal(StepContext& context, const base::Error& error) {
    context.progress[refused_key] = {
        {"kind", base::to_text(error.kind)}, {"code", error.code}, {"message", error.message}};
    return context.wait(refused_interval,
                        "waiting to see whether the provider made a server after all");
}

/// Writes the intent and sends the create. The request's time begins before the intent is written,
/// under the lease, right before it leaves: a worker that is held up in between, loses its lease
/// and goes on later cannot make a machine when nobody looks for it any more. If it is the first,
/// an answer that says that nothing was made takes the intent back, so that a later teardown need
/// not look for a machine. After an earlier create whose answer was lost it says nothing about that
/// one's machine: the intent stays.
std::optional<StepOutcome> create(StepContext& context, providers::CloudProvider& cloud,
                                  const core::Server& server) {
    auto data = user_data(context, server);
    if (!data) return failed(std::move(data).error());
    auto installation = context.ports.fleet.installation();
    if (!installation) return failed(std::move(installation).error());
    const providers::CreateServer request{
        .name = server.name,
        .region = server.region,
        .type = server.type,
        .image = server.image,
        .labels = core::owner_labels(*installation, server.id, server.bot_id),
        .user_data = *std::move(data)};
    if (auto late = too_late_to_create(context)) return failed(*std::move(late));
    const auto call = context.call(create_limit);
    const bool first = server.state == ServerState::planned;
    if (auto refused = intend_create(context, cloud, server)) {
        if (first && core::is_about_place(*refused)) {
            return go_elsewhere(context, server, *std::move(refused));
        }
        return failed(*std::move(refused));
    }
    auto created = context.outside([&] { return cloud.create_server(request, call); });
    if (created) return keep(context, server, *created, "created");
    base::Error error = std::move(created).error();
    if (error.code == "uniqueness_error") {
        bool adopted = false;
        if (auto outcome = adopt(context, cloud, server, adopted)) return outcome;
        if (adopted) return std::nullopt;
        return context.wait(2s, "waiting for the provider to list the server that it has already");
    }
    if (error.effect != base::Effect::none) {
        context.progress[unanswered_key] = base::format_time(context.now());
        return failed(std::move(error));
    }
    if (first) return take_back(context, server, std::move(error));
    if (core::is_about_place(error)) return keep_refusal(context, error);
    return failed(std::move(error));
}

/// Whether a create without an answer may have made a machine that the provider does not list yet.
/// Where names are unique, a second create would be told so; elsewhere it would make a second one.
std::optional<StepOutcome> wait_for_late_listing(StepContext& context,
                                                 const providers::CloudProvider& cloud) {
    if (cloud.has_unique_names()) return std::nullopt;
    const auto since = base::parse_time(base::json_string(context.progress, "looking_since"));
    if (!since) context.progress["looking_since"] = base::format_time(context.now());
    if (since && context.now() - *since >= late_listing) return std::nullopt;
    return context.wait(late_listing_interval,
                        "waiting to see whether the provider made a server after all");
}

/// After a create without an answer a later one was refused for a reason that lies in the place.
/// What the first one made may still turn up; once it cannot any more, the intent is taken back and
/// another place tried.
std::optional<StepOutcome> settle_refusal(StepContext& context, const core::Server& server) {
    const auto since = base::parse_time(base::json_string(context.progress, unanswered_key));
    if (!since) context.progress[unanswered_key] = base::format_time(context.now());
    const base::Json refused = base::json_member(context.progress, refused_key);
    if (!refused.is_object()) return std::nullopt;
    const long long looks = base::json_int(context.progress, refused_looks_key) + 1;
    context.progress[refused_looks_key] = looks;
    // Clocks jump: so many looks must have been in vain, too.
    const bool settled =
        since && context.now() - *since >= late_create_limit && looks >= least_refused_looks;
    if (!settled) {
        return context.wait(refused_interval,
                            "waiting to see whether the provider made a server after all");
    }
    base::Error error{.effect = base::Effect::none};
    error.kind = base::parse_enum<base::ErrorKind>(base::json_string(refused, "kind"))
                     .value_or(base::ErrorKind::out_of_stock);
    error.code = base::json_string(refused, "code");
    error.message = base::json_string(refused, "message");
    for (const auto* key : {unanswered_key, refused_key, refused_looks_key}) {
        context.progress.erase(key);
    }
    return take_back(context, server, std::move(error));
}

/// Brings the row from planned or creating to booting.
std::optional<StepOutcome> obtain(StepContext& context, const core::Server& server) {
    const ports::UrgencyScope urgent(core::Urgency::creation);
    auto cloud = cloud_of(context, server.provider);
    if (!cloud) return failed(std::move(cloud).error());
    if (server.state == ServerState::creating) {
        bool adopted = false;
        if (auto outcome = adopt(context, **cloud, server, adopted)) return outcome;
        if (adopted) return std::nullopt;
        if (auto outcome = settle_refusal(context, server)) return outcome;
        if (auto outcome = wait_for_late_listing(context, **cloud)) return outcome;
        context.progress.erase("looking_since");
    }
    if (auto outcome = leave_tried_place(context, server)) return outcome;
    return create(context, **cloud, server);
}

/// What the provider says about the server, asked once a minute at most; nothing in between, and
/// when it does not answer: that says nothing about the server. An error says that it is gone.
base::Result<std::optional<providers::CloudServer>> ask_provider(StepContext& context,
                                                                 const core::Server& server) {
    const auto asked = base::parse_time(base::json_string(context.progress, "asked_provider"));
    if (!asked || context.now() - *asked < ask_provider_every) {
        if (!asked) context.progress["asked_provider"] = base::format_time(context.now());
        return std::nullopt;
    }
    context.progress["asked_provider"] = base::format_time(context.now());
    auto cloud = cloud_of(context, server.provider);
    if (!cloud) return base::fail(std::move(cloud).error());
    auto found = context.outside([&] {
        return (*cloud)->get_server(server.provider_server_id, context.call(look_up_limit));
    });
    if (!found) return std::nullopt;
    if (*found) return found;
    return base::fail(
        {.kind = base::ErrorKind::not_found,
         .effect = base::Effect::none,
         .message = fmt::format("The server vanished at {} before it had booted.", server.provider),
         .next_action = "Deploy again.",
         .code = "server_vanished",
         .retry_after = std::nullopt,
         .context = {}});
}

/// The address of a server that had none when it was made: the poller writes it into the row.
/// Without one, the provider is asked once a minute.
std::optional<StepOutcome> await_address(StepContext& context, core::Server& server) {
    if (!server.public_ip.empty()) return std::nullopt;
    if (auto outcome = give_up_failed_create(context, server)) return outcome;
    auto found = ask_provider(context, server);
    if (!found) return failed(std::move(found).error());
    if (!*found || (*found)->public_ip.empty()) {
        return context.wait(address_interval,
                            "waiting for the server's address" +
                                core::progress_words(server.create_word, server.provider),
                            "server:" + server.id.text());
    }
    server.public_ip = (*found)->public_ip;
    auto changed = context.ports.fleet.change_server(context.claimed.lease, server.id,
                                                     {.public_ip = server.public_ip});
    if (!changed) return failed(std::move(changed).error());
    return std::nullopt;
}

/// Logs in for the first time and leaves the server with a host key that nobody else has seen.
StepOutcome secure(StepContext& context, const core::Server& server) {
    auto target = ssh_target(context, server);
    if (!target) return failed(std::move(target).error());
    auto login = context.outside([&] {
        return context.ports.hosts.exec(*target, {.command = "true", .input = {}},
                                        context.call(login_limit));
    });
    if (!login && is_host_key_mismatch(login.error())) return failed(host_key_refused(server));
    if (!login || login->exit_code != 0 || !login->signal.empty()) {
        // While it boots it refuses or drops connections, until cloud-init has run it refuses the
        // key, and until root's password counts as valid it runs no command.
        if (auto outcome = give_up_failed_create(context, server)) return *std::move(outcome);
        if (auto asked = ask_provider(context, server); !asked) {
            return failed(std::move(asked).error());
        }
        return context.wait(boot_interval,
                            "waiting for the server to boot" +
                                core::progress_words(server.create_word, server.provider),
                            "server:" + server.id.text());
    }
    if (auto outcome = rotate_host_key(context, {.server = server, .target = *target})) {
        return *std::move(outcome);
    }
    return core::Succeeded{fmt::format("server ready at {}", server.public_ip)};
}

}  // namespace

StepOutcome provision_server(StepContext& context) {
    auto server = context.ports.fleet.server_of(context.bot_id());
    if (!server) return failed(std::move(server).error());
    const auto given_up = given_up_create(context);
    if (given_up) {
        if (auto outcome = end_given_up(context, *given_up, *server)) return *std::move(outcome);
    }
    if (!*server) {
        auto bot = context.ports.fleet.bot(context.bot_id());
        if (!bot) return failed(std::move(bot).error());
        auto planned = plan(context, *bot);
        if (!planned) return failed(std::move(planned).error());
        server = std::optional(*std::move(planned));
    }
    if (given_up) {
        forget_given_up(context);
        return go_elsewhere(context, **server, given_up->place, given_up->why);
    }
    if ((*server)->state == ServerState::planned || (*server)->state == ServerState::creating) {
        if (auto outcome = obtain(context, **server)) return *std::move(outcome);
        server = context.ports.fleet.server_of(context.bot_id());
        if (!server) return failed(std::move(server).error());
        if (!*server) {
            return failed({.kind = base::ErrorKind::conflict,
                           .effect = base::Effect::none,
                           .message = "The server's row was ended meanwhile.",
                           .next_action = {},
                           .code = "server_ended",
                           .retry_after = std::nullopt,
                           .context = {}});
        }
    }
    switch ((*server)->state) {
        case ServerState::booting:
            if (auto outcome = await_address(context, **server)) return *std::move(outcome);
            return secure(context, **server);
        case ServerState::ready:
            return core::Succeeded{"the server is ready"};
        case ServerState::planned:
        case ServerState::creating:
        case ServerState::deleting:
        case ServerState::deleted:
            break;
    }
    return failed({.kind = base::ErrorKind::internal,
                   .message = fmt::format("The server is {} and cannot be provisioned.",
                                          base::to_text((*server)->state)),
                   .next_action = "Delete the bot and deploy it again."});
}

}  // namespace hatchery::engine
