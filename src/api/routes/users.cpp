#include <map>

#include "api/account_view.hpp"
#include "api/body_reader.hpp"
#include "api/list_page.hpp"
#include "api/routes/routes.hpp"
#include "api/routes/subscription_body.hpp"
#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

Json view_of(const RouteContext& context, const store::Account& account) {
    return account_view(context.deps.settings.billing, account, context.deps.clock.now());
}

Outcome me(RouteContext& context, const Exchange& exchange) {
    const auto account = context.deps.subscriptions.account(exchange.user());
    if (!account) return refuse(account.error());
    return json_answer(200, view_of(context, *account));
}

Outcome list(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    store::AccountQuery wanted;
    wanted.limit = static_cast<int>(query.number("limit", 50, 1, 200));
    wanted.after = query.text("after", core::check_cursor);
    wanted.email = query.text("email", core::check_email);
    wanted.plan = query.choice<core::PlanName>("plan");
    wanted.standing = query.choice<core::Standing>("standing");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto page = context.deps.subscriptions.accounts(wanted);
    if (!page) return refuse(page_problem(query, page.error()));
    Json items = Json::array();
    for (const auto& account : page->items) items.push_back(view_of(context, account));
    return page_answer(std::move(items), page->next);
}

/// What each plan holds, as this process is configured.
Outcome plans(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const ListPage page(query);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto& rules = context.deps.settings.billing;
    std::map<std::string_view, Json> by_name;
    for (const auto& [name, plan] : rules.plans) {
        by_name.emplace(base::to_text(name), plan_view(rules, name));
    }
    Json items = Json::array();
    for (auto& [name, view] : by_name) items.push_back(std::move(view));
    return page.answer(std::move(items),
                       [](const Json& plan) { return base::json_string(plan, "name"); });
}

Outcome one(RouteContext& context, const Exchange& exchange) {
    const auto account = context.deps.subscriptions.account(base::UserId(exchange.path.front()));
    if (!account) return refuse(account.error());
    return json_answer(200, view_of(context, *account));
}

Outcome subscription(RouteContext& context, const Exchange& exchange) {
    const auto account = context.deps.subscriptions.account(base::UserId(exchange.path.front()));
    if (!account) return refuse(account.error());
    return json_answer(200, subscription_view(context.deps.settings.billing, account->subscription,
                                              context.deps.clock.now()));
}

Outcome set_subscription(RouteContext& context, const Exchange& exchange) {
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto change = read_subscription_change(*body);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    const auto set = context.deps.subscriptions.set(base::UserId(exchange.path.front()), change);
    if (!set) return refuse(set.error());
    exchange.target = set->user_id.text() + " plan=" + std::string(base::to_text(set->plan));
    base::log_event(base::LogLevel::info, "subscription_set",
                    {{"user", set->user_id.text()},
                     {"plan", base::to_text(set->plan)},
                     {"by", exchange.user().text()},
                     {"request", exchange.request.request_id}});
    return json_answer(
        200, subscription_view(context.deps.settings.billing, *set, context.deps.clock.now()));
}

}  // namespace

void add_user_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/me", [&](const Exchange& e) { return me(context, e); });
    router.add("GET", "/api/admin/plans", [&](const Exchange& e) { return plans(context, e); });
    router.add("GET", "/api/admin/users", [&](const Exchange& e) { return list(context, e); });
    router.add("GET", "/api/admin/users/:id", [&](const Exchange& e) { return one(context, e); });
    router.add("GET", "/api/admin/users/:id/subscription",
               [&](const Exchange& e) { return subscription(context, e); });
    router.add("PUT", "/api/admin/users/:id/subscription",
               [&](const Exchange& e) { return set_subscription(context, e); });
}

}  // namespace hatchery::api::routes
