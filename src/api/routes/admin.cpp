#include "api/body_reader.hpp"
#include "api/list_page.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

Json worker_view(const core::Worker& worker, base::TimePoint now) {
    auto capabilities = base::parse_json(worker.capabilities);
    const bool alive = core::is_alive(worker, now);
    return {{"id", worker.id.text()},
            {"host", worker.host},
            {"version", worker.version},
            {"role", std::string(base::to_text(worker.role))},
            {"state", !alive ? "silent" : (worker.draining ? "draining" : "alive")},
            {"capabilities", capabilities ? *std::move(capabilities) : Json::object()},
            {"slots", worker.slots},
            {"maxSlots", worker.max_slots},
            {"busy", worker.busy},
            {"startedAt", base::format_time(worker.started_at)},
            {"heartbeatAt", base::format_time(worker.heartbeat_at)}};
}

Outcome workers(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const ListPage page(query);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto rows = context.deps.workers.list();
    if (!rows) return refuse(rows.error());
    const auto now = context.deps.clock.now();
    Json items = Json::array();
    for (const auto& worker : *rows) items.push_back(worker_view(worker, now));
    return page.answer(std::move(items),
                       [](const Json& item) { return base::json_string(item, "id"); });
}

Json queue_view(const core::QueueStatus& queue) {
    return {{"at", base::format_time(queue.at)},
            {"due", queue.due},
            {"waiting", queue.waiting},
            {"running", queue.running},
            {"blocked", queue.blocked},
            {"oldestDueSeconds", core::oldest_age(queue).count()},
            {"workers", queue.workers},
            {"desiredWorkers", queue.desired_workers},
            {"slots", queue.slots},
            {"maxSlots", queue.max_slots},
            {"busy", queue.busy},
            {"oldestTransactionSeconds", queue.oldest_transaction.count()}};
}

/// As it was last counted, every few seconds, by one process for all.
Outcome queue(RouteContext& context, const Exchange&) {
    const auto counted = context.deps.overview.queue();
    if (!counted) return refuse(counted.error());
    return json_answer(200, {{"queue", *counted ? queue_view(**counted) : Json()}});
}

Json alarm_view(const ports::AlarmRecord& record) {
    return {{"id", record.id.text()},
            {"kind", std::string(base::to_text(record.alarm.kind))},
            {"provider", record.alarm.subject.empty() ? Json() : Json(record.alarm.subject)},
            {"state", record.cleared_at ? "cleared" : "raised"},
            {"cause", record.alarm.cause},
            {"nextAction", record.alarm.next_action},
            {"raisedAt", base::format_time(record.raised_at)},
            {"clearedAt", time_view(record.cleared_at)}};
}

core::Wrong check_id_cursor(std::string_view text) {
    return base::is_uuid(text) ? core::Wrong{}
                               : core::Wrong{"must be the `next` of the page before"};
}

Outcome alarms(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto limit = static_cast<int>(query.number("limit", 50, 1, 200));
    const auto after = query.text("after", check_id_cursor);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    std::optional<base::AlarmId> cursor;
    if (after) cursor = base::AlarmId(*after);
    auto records = context.deps.alarms.list(cursor, limit + 1);
    if (!records) return refuse(records.error());
    Json next;
    if (records->size() > static_cast<std::size_t>(limit)) {
        records->pop_back();
        next = records->back().id.text();
    }
    Json items = Json::array();
    for (const auto& record : *records) items.push_back(alarm_view(record));
    return json_answer(200, {{"items", std::move(items)}, {"next", std::move(next)}});
}

Json live_view(const store::LiveOperation& live) {
    Json view = operation_summary(live.operation);
    view["userId"] = live.operation.user_id.text();
    view["botName"] = live.bot_name;
    view["step"] = live.step ? Json(std::string(base::to_text(*live.step))) : Json();
    view["message"] = live.message;
    view["stuck"] = Json();
    if (live.stuck) {
        const auto text = core::describe(*live.stuck);
        view["stuck"] = {{"reason", std::string(base::to_text(live.stuck->reason))},
                         {"cause", text.cause},
                         {"nextAction", text.next_action}};
    }
    return view;
}

Outcome operations(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto limit = static_cast<int>(query.number("limit", 50, 1, 200));
    const auto after = query.text("after", check_id_cursor);
    const bool stuck = query.flag("stuck");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto which = stuck ? store::Which::stuck : store::Which::all;
    const auto page = context.deps.overview.list(which, context.deps.settings.stuck,
                                                 context.deps.clock.now(), after, limit);
    if (!page) return refuse(page.error());
    Json items = Json::array();
    for (const auto& live : page->items) items.push_back(live_view(live));
    return page_answer(std::move(items), page->next);
}

}  // namespace

void add_admin_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/admin/queue", [&](const Exchange& e) { return queue(context, e); });
    router.add("GET", "/api/admin/workers", [&](const Exchange& e) { return workers(context, e); });
    router.add("GET", "/api/admin/alarms", [&](const Exchange& e) { return alarms(context, e); });
    router.add("GET", "/api/admin/operations",
               [&](const Exchange& e) { return operations(context, e); });
}

}  // namespace hatchery::api::routes
