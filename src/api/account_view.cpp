#include "api/account_view.hpp"

#include "api/views.hpp"
#include "base/json_value.hpp"

namespace hatchery::api {

namespace {

using base::Json;

Json list_or_null(const std::vector<std::string>& list) {
    return list.empty() ? Json() : Json(list);
}

template <typename E>
Json text_of(E value) {
    return std::string(base::to_text(value));
}

}  // namespace

Json plan_view(const core::BillingRules& rules, const std::optional<core::PlanName>& name) {
    if (!name) return {};
    const core::Plan& plan = rules.plans.at(*name);
    return {{"name", text_of(*name)},
            {"bots", plan.bots},
            {"serverTypes", list_or_null(plan.server_types)},
            {"regions", list_or_null(plan.regions)},
            {"backups", plan.backups},
            {"logDays", plan.logs_kept.count()}};
}

Json subscription_view(const core::BillingRules& rules,
                       const std::optional<core::Subscription>& subscription, base::TimePoint now) {
    Json view = {{"plan", nullptr},      {"standing", nullptr}, {"status", nullptr},
                 {"periodEnd", nullptr}, {"stopsAt", nullptr},  {"destroysAt", nullptr}};
    if (const auto plan = core::plan_of(rules, subscription)) view["plan"] = text_of(*plan);
    view["standing"] = text_of(core::standing(subscription, rules.policy, now));
    if (!subscription) return view;
    view["status"] = text_of(subscription->status);
    view["periodEnd"] = time_view(subscription->period_end);
    view["stopsAt"] = time_view(core::stops_at(*subscription, rules.policy));
    view["destroysAt"] = time_view(core::destroys_at(*subscription, rules.policy));
    return view;
}

Json account_view(const core::BillingRules& rules, const store::Account& account,
                  base::TimePoint now) {
    const auto& user = account.user;
    return {{"id", user.id.text()},
            {"email", user.email},
            {"name", user.name},
            {"role", text_of(user.role)},
            {"createdAt", base::format_time(user.created_at)},
            {"plan", plan_view(rules, core::plan_of(rules, account.subscription))},
            {"usage", {{"bots", account.bots}, {"servers", account.servers}}},
            {"subscription", subscription_view(rules, account.subscription, now)}};
}

}  // namespace hatchery::api
