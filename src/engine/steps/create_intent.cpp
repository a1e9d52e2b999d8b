#include "engine/steps/create_intent.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/cloud_alarms.hpp"
#include "engine/late_create.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::ErrorKind;
using core::ServerState;

constexpr auto offers_limit = 20s;

base::Error no_price(const core::Server& server, bool catalogue_is_known) {
    const core::Place place{server.provider, server.region, server.type};
    base::Error error{.effect = base::Effect::none};
    if (catalogue_is_known) {
        error.kind = ErrorKind::out_of_stock;
        error.message =
            fmt::format("{} sells no {} in {}.", place.provider, place.type, place.region);
        error.next_action = "Choose another region or server type.";
        error.code = "not_sold";
    } else {
        error.kind = ErrorKind::unavailable;
        error.message = fmt::format(
            "What a {} costs is not known now, and there is a limit on the costs at {}.",
            place.type, place.provider);
        error.next_action = "Wait; it is tried again.";
        error.code = "price_unknown";
    }
    return error;
}

base::Result<core::KnownPlace> offer_of(StepContext& context, providers::CloudProvider& cloud,
                                        const core::Server& server) {
    OfferBoard unshared;
    auto& board = context.ports.offers == nullptr ? unshared : *context.ports.offers;
    const auto places =
        context.outside([&] { return board.places(cloud, context.call(offers_limit)); });
    const core::Place place{server.provider, server.region, server.type};
    const auto found = std::ranges::find(places, place, &core::KnownPlace::place);
    const bool has_price = found != places.end() && !found->price_monthly.empty();
    if (!has_price) return base::fail(no_price(server, found == places.end() && !places.empty()));
    return *found;
}

/// What the user reads; the sums are the operator's affair.
base::Error ceiling_reached(const std::string& provider) {
    base::Error error{.kind = ErrorKind::quota_exceeded, .effect = base::Effect::none};
    error.message = fmt::format(
        "Nothing more is created at {} now: the operator's limit on costs is reached.", provider);
    error.next_action = "Tell the operator, or deploy again when servers were given back.";
    error.code = core::code_cost_ceiling;
    return error;
}

std::optional<base::Error> intend_below(StepContext& context, providers::CloudProvider& cloud,
                                        const core::Server& server, double ceiling) {
    const auto offer = offer_of(context, cloud, server);
    if (!offer) return offer.error();
    auto allowed = context.ports.ledger->intend_create(context.claimed.lease, server.id,
                                                       {.price_monthly = offer->price_monthly,
                                                        .price_currency = offer->currency,
                                                        .ceiling = ceiling,
                                                        .begun_at = context.now()});
    if (!allowed) return std::move(allowed).error();
    if (allowed->granted) return std::nullopt;
    context.raise(core::cost_ceiling(server.provider,
                                     fmt::format("{:.2f} {}", ceiling, offer->currency),
                                     fmt::format("{} {}", allowed->would_be, offer->currency)));
    return ceiling_reached(server.provider);
}

}  // namespace

std::optional<base::Error> intend_create(StepContext& context, providers::CloudProvider& cloud,
                                         const core::Server& server) {
    const auto ceiling = context.settings.ceilings.find(server.provider);
    const bool bounded =
        ceiling != context.settings.ceilings.end() && context.ports.ledger != nullptr;
    // What was intended once is counted already.
    if (bounded && server.state == ServerState::planned) {
        return intend_below(context, cloud, server, ceiling->second);
    }
    auto intent = context.ports.fleet.change_server(context.claimed.lease, server.id,
                                                    {.state = ServerState::creating});
    if (!intent) return std::move(intent).error();
    return std::nullopt;
}

std::optional<base::Error> too_late_to_create(const StepContext& context) {
    const auto left = context.claimed.operation.deadline_at - context.now();
    if (left >= create_limit) return std::nullopt;
    base::Error error{.kind = ErrorKind::timeout, .effect = base::Effect::none};
    error.message = fmt::format(
        "No server is asked for any more: the operation must end in {}, and a create may take {}.",
        base::format_duration(std::chrono::duration_cast<base::Milliseconds>(left)),
        base::format_duration(create_limit));
    error.next_action = "Deploy again.";
    error.code = "too_late_to_create";
    return error;
}

}  // namespace hatchery::engine
