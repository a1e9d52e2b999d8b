#include <charconv>

#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

struct Month {
    std::string text;
    base::TimePoint begin;
    base::TimePoint end;
};

Month month_of(std::chrono::year_month month) {
    const auto begin = std::chrono::sys_days(month / std::chrono::day(1));
    const auto end = std::chrono::sys_days((month + std::chrono::months(1)) / std::chrono::day(1));
    return {.text = base::format_time(begin).substr(0, 7), .begin = begin, .end = end};
}

std::optional<int> number_of(std::string_view text) {
    int value = 0;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = read.ec == std::errc{} && read.ptr == text.data() + text.size();
    return whole && value >= 0 ? std::optional(value) : std::nullopt;
}

/// `2026-11`.
std::optional<std::chrono::year_month> parse_month(std::string_view text) {
    if (text.size() != 7 || text[4] != '-') return std::nullopt;
    const auto year = number_of(text.substr(0, 4));
    const auto month = number_of(text.substr(5));
    if (!year || !month || *year < 2000 || *month < 1 || *month > 12) return std::nullopt;
    return std::chrono::year(*year) / std::chrono::month(static_cast<unsigned>(*month));
}

/// What servers have cost in a month, up to now.
Outcome costs(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto now = context.deps.clock.now();
    const std::chrono::year_month_day today(std::chrono::floor<std::chrono::days>(now));
    std::chrono::year_month wanted = today.year() / today.month();
    (void)query.text("month", [&](std::string_view text) -> core::Wrong {
        const auto month = parse_month(text);
        if (!month) return "must be a month such as 2026-11";
        wanted = *month;
        return std::nullopt;
    });
    const auto by = query.choice<ports::CostsBy>("by").value_or(ports::CostsBy::bot);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto month = month_of(wanted);
    const auto sums =
        context.deps.ledger.costs(by, month.begin, std::max(month.begin, std::min(month.end, now)));
    if (!sums) return refuse(sums.error());
    Json items = Json::array();
    for (const auto& sum : *sums) {
        items.push_back({{"id", sum.key},
                         {"name", sum.name.empty() ? Json() : Json(sum.name)},
                         {"cost", money_view(sum.amount, sum.currency)},
                         {"servers", sum.servers}});
    }
    return json_answer(
        200, {{"month", month.text}, {"by", base::to_text(by)}, {"costs", std::move(items)}});
}

/// What the last sweep of each provider found.
Outcome sweeps(RouteContext& context) {
    const auto kept = context.deps.ledger.sweeps();
    if (!kept) return refuse(kept.error());
    Json items = Json::array();
    for (const auto& sweep : *kept) {
        Json item = base::parse_json(sweep.report).value_or(Json::object());
        item["provider"] = sweep.provider;
        item["sweptAt"] = base::format_time(sweep.at);
        items.push_back(std::move(item));
    }
    return json_answer(200, {{"providers", std::move(items)}});
}

Outcome ask_for_sweep(RouteContext& context) {
    const auto now = context.deps.clock.now();
    const auto asked = context.deps.ledger.ask_for_sweep(now);
    if (!asked) return refuse(asked.error());
    return json_answer(202, {{"askedAt", base::format_time(now)}});
}

}  // namespace

void add_cloud_ledger_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/admin/costs",
               [&](const Exchange& exchange) { return costs(context, exchange); });
    router.add("GET", "/api/cloud/sweep", [&](const Exchange&) { return sweeps(context); });
    router.add("POST", "/api/cloud/sweep", [&](const Exchange&) { return ask_for_sweep(context); });
}

}  // namespace hatchery::api::routes
