#include "engine/steps/placement.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_value.hpp"
#include "core/cloud_alarms.hpp"
#include "engine/steps/create_intent.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using base::Json;
using core::Place;
using core::ServerState;
using core::StepOutcome;
using core::TriedPlace;

constexpr auto offers_limit = 20s;
constexpr const char* tried_key = "tried_places";

Place place_of_row(const core::Server& server) {
    return {server.provider, server.region, server.type};
}

std::vector<TriedPlace> read_tried(const StepContext& context) {
    std::vector<TriedPlace> tried;
    const Json& list = base::json_member(context.progress, tried_key);
    if (!list.is_array()) return tried;
    for (const Json& entry : list) {
        const auto why = base::parse_enum<ErrorKind>(base::json_string(entry, "why"));
        tried.push_back(
            {.place = {base::json_string(entry, "provider"), base::json_string(entry, "region"),
                       base::json_string(entry, "type")},
             .why = why.value_or(ErrorKind::out_of_stock),
             .code = base::json_string(entry, "code")});
    }
    return tried;
}

void write_tried(StepContext& context, const std::vector<TriedPlace>& tried) {
    Json list = Json::array();
    for (const auto& one : tried) {
        list.push_back({{"provider", one.place.provider},
                        {"region", one.place.region},
                        {"type", one.place.type},
                        {"why", base::to_text(one.why)},
                        {"code", one.code}});
    }
    context.progress[tried_key] = std::move(list);
}

/// What the bot's user asked for, and the operator's defaults where nothing was said.
Place first_place(const EngineSettings& settings, const core::Bot& bot) {
    const auto or_default = [](const std::string& wish, const std::string& otherwise) {
        return wish.empty() ? otherwise : wish;
    };
    return {.provider = or_default(bot.provider, settings.provider),
            .region = or_default(bot.region, settings.region),
            .type = or_default(bot.server_type, settings.server_type)};
}

/// What all providers that come into question sell.
std::vector<core::KnownPlace> catalogue(StepContext& context, const Place& first) {
    std::vector<core::KnownPlace> all;
    OfferBoard unshared;
    auto& board = context.ports.offers == nullptr ? unshared : *context.ports.offers;
    for (const auto& [name, cloud] : context.ports.clouds) {
        const bool listed = std::ranges::any_of(
            context.settings.places, [&](const Place& place) { return place.provider == name; });
        if (name != first.provider && !listed) continue;
        auto places =
            context.outside([&] { return board.places(*cloud, context.call(offers_limit)); });
        all.insert(all.end(), places.begin(), places.end());
    }
    return all;
}

/// The plan that rules the bot's user. A plan that cannot be read is an error: another one would
/// move an EU customer out of it.
base::Result<std::optional<core::Plan>> plan_of(StepContext& context) {
    const auto& billing = context.settings.billing;
    std::optional<core::Subscription> subscription;
    if (context.ports.ledger != nullptr) {
        auto read = context.ports.ledger->subscription_of(context.bot_id());
        if (!read) return base::fail(std::move(read).error());
        subscription = *std::move(read);
    }
    const auto name = core::plan_of(billing, subscription);
    if (!name) return std::nullopt;
    const auto found = billing.plans.find(*name);
    if (found == billing.plans.end()) return std::nullopt;
    return std::optional(found->second);
}

bool binds_places(const core::Plan& plan) {
    return plan.eu_only || !plan.regions.empty() || !plan.server_types.empty();
}

struct Wish {
    core::PlaceWish wish;
    core::PlacementRules rules;
    Place first;
};

base::Result<Wish> wish_of(StepContext& context, const core::Bot& bot) {
    const auto& settings = context.settings;
    Wish wished{.wish = {.provider = bot.provider, .region = bot.region, .type = bot.server_type},
                .rules = {},
                .first = first_place(settings, bot)};
    wished.rules.preferred = {settings.provider, settings.region, settings.server_type};
    wished.rules.listed = !settings.places.empty();
    for (const auto& place : settings.places) {
        if (context.ports.clouds.contains(place.provider)) wished.rules.others.push_back(place);
    }
    auto plan = plan_of(context);
    if (!plan) return base::fail(std::move(plan).error());
    wished.rules.plan = *std::move(plan);
    return wished;
}

/// Never empty.
base::Result<std::vector<Place>> order_of(StepContext& context, const Wish& wished) {
    const auto known = catalogue(context, wished.first);
    auto order = core::placement_order(wished.wish, wished.rules, known);
    if (order.empty()) return base::fail(core::no_allowed_place(wished.first, !known.empty()));
    return order;
}

base::Result<std::vector<Place>> order_of(StepContext& context) {
    auto bot = context.ports.fleet.bot(context.bot_id());
    if (!bot) return base::fail(std::move(bot).error());
    auto wished = wish_of(context, *bot);
    if (!wished) return base::fail(std::move(wished).error());
    return order_of(context, *wished);
}

base::Result<void> move(StepContext& context, const core::Server& server, const Place& place) {
    return context.ports.fleet.change_server(context.claimed.lease, server.id,
                                             {.state = ServerState::planned,
                                              .provider = place.provider,
                                              .region = place.region,
                                              .type = place.type,
                                              .image = context.settings.image_of(place.provider)});
}

}  // namespace

base::Result<Place> chosen_place(StepContext& context, const core::Bot& bot) {
    auto wished = wish_of(context, bot);
    if (!wished) return base::fail(std::move(wished).error());
    const auto& plan = wished->rules.plan;
    if (!plan || !binds_places(*plan)) return wished->first;
    // Mostly the name of the region says enough, and the catalogue costs requests.
    const auto by_name = core::placement_order(wished->wish, wished->rules, {});
    if (!by_name.empty() && by_name.front() == wished->first) return wished->first;
    auto order = order_of(context, *wished);
    if (!order) return base::fail(std::move(order).error());
    return order->front();
}

StepOutcome go_elsewhere(StepContext& context, const core::Server& server, base::Error error) {
    return go_elsewhere(context, server, place_of_row(server), std::move(error));
}

StepOutcome go_elsewhere(StepContext& context, const core::Server& server, const Place& place,
                         base::Error error) {
    if (error.kind == ErrorKind::out_of_stock && context.ports.offers != nullptr) {
        context.ports.offers->sold_out(place);
    }
    if (error.kind == ErrorKind::quota_exceeded && error.code != core::code_cost_ceiling) {
        context.raise(core::cloud_quota(place.provider, error.message));
    }
    auto order = order_of(context);
    if (!order) return failed(std::move(order).error());
    auto tried = read_tried(context);
    tried.push_back({.place = place, .why = error.kind, .code = error.code});
    const auto next = core::next_place(*order, tried);
    if (!next) {
        write_tried(context, {});
        if (order->front() != place_of_row(server)) {
            if (auto moved = move(context, server, order->front()); !moved) {
                return failed(std::move(moved).error());
            }
        }
        return failed(core::nowhere(tried, std::move(error)));
    }
    write_tried(context, tried);
    auto told =
        context.say(fmt::format("{}: {} ({}); trying {} next", core::place_text(place),
                                core::why_text(tried.back()), error.code, core::place_text(*next)),
                    core::EventLevel::warning);
    if (!told) return failed(std::move(told).error());
    if (auto moved = move(context, server, *next); !moved) {
        return failed(std::move(moved).error());
    }
    return context.wait(0ms, "trying " + core::place_text(*next));
}

std::optional<StepOutcome> leave_tried_place(StepContext& context, const core::Server& server) {
    const auto tried = read_tried(context);
    const bool left_here = server.state == ServerState::planned &&
                           std::ranges::any_of(tried, [&](const TriedPlace& one) {
                               return one.place == place_of_row(server);
                           });
    if (!left_here) return std::nullopt;
    auto order = order_of(context);
    if (!order) return failed(std::move(order).error());
    const auto next = core::next_place(*order, tried);
    if (!next) {
        // The round was over: the next one begins here.
        write_tried(context, {});
        return std::nullopt;
    }
    if (auto moved = move(context, server, *next); !moved) {
        return failed(std::move(moved).error());
    }
    return context.wait(0ms, "trying " + core::place_text(*next));
}

}  // namespace hatchery::engine
