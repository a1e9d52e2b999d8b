#include "api/list_page.hpp"
#include "api/routes/entitlement.hpp"
#include "api/routes/event_filters.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "core/chain.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;
using core::OperationKind;

constexpr std::int64_t max_seq = std::int64_t{1} << 60;
/// Events from before that a new stream may begin with. No setting: a log view holds no more.
constexpr std::int64_t longest_tail = 100'000;

Outcome deploy(RouteContext& context, const Exchange& exchange) {
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const std::string id = body->text("botId", core::check_uuid);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    return begin_operation(context, exchange, id, OperationKind::deploy);
}

tl::expected<store::DeploymentView, Problem> deployment(RouteContext& context,
                                                        const Exchange& exchange) {
    const std::string& id = exchange.path.front();
    if (!base::is_uuid(id)) return refuse(404, "There is no such bot.");
    auto view = context.deps.bots.deployment(base::BotId(id), exchange.owner());
    if (view) return std::move(*view);
    if (view.error().kind == base::ErrorKind::not_found) {
        return refuse(404, "There is no such bot.");
    }
    return refuse(view.error());
}

Outcome status(RouteContext& context, const Exchange& exchange) {
    auto view = deployment(context, exchange);
    if (!view) return refuse(view.error());
    return json_answer(200, deployment_view(*view));
}

/// What was under way when this request first came: another operation may have begun since. Ids
/// are in the order of their making, those of requests and operations alike.
tl::expected<std::optional<core::Operation>, Problem> under_way_before(RouteContext& context,
                                                                       const Exchange& exchange,
                                                                       const core::Bot& bot) {
    auto latest = context.deps.operations.latest_before(bot.id, exchange.effect_id);
    if (!latest) return refuse(latest.error());
    return *std::move(latest);
}

Outcome cancel(RouteContext& context, const Exchange& exchange) {
    auto view = deployment(context, exchange);
    if (!view) return refuse(view.error());
    bool live = view->operation && !core::is_terminal(view->operation->operation.state);
    if (exchange.resumed) {
        const auto before = under_way_before(context, exchange, view->bot);
        if (!before) return refuse(before.error());
        if (*before && (*before)->cancel_requested) return accepted(view->bot, **before);
        live = live && *before && (*before)->id == view->operation->operation.id;
    }
    if (!live) return refuse(409, "Nothing is under way that could be cancelled.");
    auto& operation = view->operation->operation;
    if (!core::can_cancel(operation.kind)) {
        return refuse(409, "A deletion cannot be cancelled.");
    }
    if (auto problem = refuse_cancel(context, view->bot.user_id, operation.kind)) {
        return refuse(std::move(*problem));
    }
    const auto asked = context.deps.jobs.request_cancel(operation.id, context.deps.clock.now());
    if (!asked) return refuse(asked.error());
    operation.cancel_requested = true;
    Answer answer = accepted(view->bot, operation);
    return answer;
}

Outcome logs(RouteContext& context, const Exchange& exchange) {
    auto bot = own_bot(context, exchange, exchange.path.front());
    if (!bot) return refuse(bot.error());
    QueryReader query(exchange);
    store::EventQuery wanted{.bot = bot->id,
                             .after = query.number("after", 0, 0, max_seq),
                             .before = std::nullopt,
                             .limit = static_cast<int>(query.number("limit", 50, 1, 200)),
                             .step = query.choice<core::StepKind>("step"),
                             .level = query.choice<core::EventLevel>("level"),
                             .type = query.choice<core::EventType>("type"),
                             .text = query.text("q", check_search).value_or("")};
    const auto before = query.number("before", -1, 0, max_seq);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    if (before >= 0) wanted.before = before;
    // One more than asked for tells whether there is a next page, or an earlier one.
    const auto limit = static_cast<std::size_t>(wanted.limit++);
    auto events = context.deps.events.find(wanted);
    if (!events) return refuse(events.error());
    const bool more = events->size() > limit;
    if (more) events->erase(wanted.before ? events->begin() : std::prev(events->end()));
    Json items = Json::array();
    for (const auto& event : *events) items.push_back(event_view(event));
    std::optional<std::string> next;
    if (more) next = std::to_string((wanted.before ? events->front() : events->back()).seq);
    return page_answer(std::move(items), next);
}

/// How long the caller is still good for a stream; nothing when its token does not end.
std::optional<std::chrono::milliseconds> rest_of_token(RouteContext& context,
                                                       const Exchange& exchange) {
    // A browser comes back by itself, and must show by its cookie that it is still signed in.
    constexpr std::chrono::minutes session_stream{10};
    const auto& expires_at = exchange.principal->expires_at;
    if (!exchange.principal->session_id.empty()) return session_stream;
    if (!expires_at) return std::nullopt;
    return std::chrono::ceil<std::chrono::milliseconds>(*expires_at - context.deps.clock.now());
}

/// By whose rights the caller reads.
std::vector<std::string> users_of(const Exchange& exchange) {
    std::vector<std::string> users = {exchange.user().text()};
    const auto& service = exchange.principal->service_user_id;
    if (!service.empty()) users.push_back(service.text());
    return users;
}

Outcome events(RouteContext& context, const Exchange& exchange) {
    auto bot = own_bot(context, exchange, exchange.path.front());
    if (!bot) return refuse(bot.error());
    QueryReader query(exchange);
    auto after = query.number("after", 0, 0, max_seq);
    const auto tail = query.number("tail", 0, 0, longest_tail);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    if (tail > 0) {
        const auto last_seq = context.deps.events.last_seq(bot->id);
        if (!last_seq) return refuse(last_seq.error());
        after = std::max(after, *last_seq - tail);
    }
    // A reader that comes back says where it was; what it says may be anything.
    const auto last = core::read_whole_number(exchange.header("Last-Event-ID"), 0, max_seq);
    if (last) after = *last;
    Answer answer;
    if (exchange.request.method != "HEAD") {
        auto seat = take_seat(context.hub.seats(), exchange, "event streams",
                              "Come back later, or read GET /api/deploy/:botId/logs meanwhile.");
        if (!seat) return refuse(seat.error());
        answer.stream = context.hub.open({.bot = bot->id,
                                          .after = after,
                                          .seat = std::move(*seat),
                                          .at_most = rest_of_token(context, exchange),
                                          .users = users_of(exchange),
                                          .asked_at = exchange.request.received_at});
    }
    answer.content_type = "text/event-stream";
    return answer;
}

}  // namespace

void add_deploy_routes(Router& router, RouteContext& context) {
    const auto on_bot = [&](const char* word, OperationKind kind) {
        router.add("POST", std::string("/api/deploy/:botId/") + word,
                   [&context, kind](const Exchange& exchange) {
                       return begin_operation(context, exchange, exchange.path.front(), kind);
                   });
    };
    router.add("POST", "/api/deploy", [&](const Exchange& e) { return deploy(context, e); });
    router.add("GET", "/api/deploy/:botId/status",
               [&](const Exchange& e) { return status(context, e); });
    router.add("GET", "/api/deploy/:botId/logs",
               [&](const Exchange& e) { return logs(context, e); });
    router.add("GET", "/api/deploy/:botId/events",
               [&](const Exchange& e) { return events(context, e); });
    on_bot("stop", OperationKind::stop);
    on_bot("start", OperationKind::start);
    on_bot("restart", OperationKind::restart);
    router.add("POST", "/api/deploy/:botId/cancel",
               [&](const Exchange& e) { return cancel(context, e); });
}

}  // namespace hatchery::api::routes
