#include <algorithm>

#include "api/list_page.hpp"
#include "api/routes/event_filters.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

constexpr std::chrono::hours usual_reach{24};

/// No line is kept for longer.
std::chrono::days longest_kept(const core::BillingRules& billing) {
    std::chrono::days longest{0};
    for (const auto& [name, plan] : billing.plans) longest = std::max(longest, plan.logs_kept);
    return longest;
}

/// Lines of all bots, newest first.
Outcome search(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto now = context.deps.clock.now();
    store::EventSearch wanted{.now = now,
                              .since = now - usual_reach,
                              .step = query.choice<core::StepKind>("step"),
                              .level = query.choice<core::EventLevel>("level"),
                              .text = query.text("q", check_search).value_or(""),
                              .after = query.text("after", core::check_cursor),
                              .limit = static_cast<int>(query.number("limit", 50, 1, 200))};
    (void)query.text("since", [&](std::string_view text) -> core::Wrong {
        const auto since = base::parse_time(text);
        if (!since) return "must be a time such as 2027-01-31T12:00:00Z";
        wanted.since = *since;
        return std::nullopt;
    });
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    wanted.since = std::max(wanted.since, now - longest_kept(context.deps.settings.billing));
    const auto page = context.deps.events.search(wanted);
    if (!page) return refuse(page_problem(query, page.error()));
    Json items = Json::array();
    for (const auto& found : page->items) {
        Json line = event_view(found.event);
        line["botId"] = found.bot.text();
        line["botName"] = found.bot_name;
        items.push_back(std::move(line));
    }
    return page_answer(std::move(items), page->next);
}

}  // namespace

void add_log_search_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/admin/logs", [&](const Exchange& e) { return search(context, e); });
}

}  // namespace hatchery::api::routes
