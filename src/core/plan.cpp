#include "core/plan.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace hatchery::core {

namespace {

using std::chrono::days;

void put_default(std::vector<std::string>& places, const std::string& value) {
    for (auto& place : places) {
        if (place == default_place) place = value;
    }
    std::vector<std::string> once;
    for (auto& place : places) {
        if (std::ranges::find(once, place) == once.end()) once.push_back(std::move(place));
    }
    places = std::move(once);
}

Wrong check_place(PlanName name, const std::vector<std::string>& allowed, std::string_view what,
                  const std::string& place) {
    if (allowed.empty() || std::ranges::find(allowed, place) != allowed.end()) return std::nullopt;
    std::string list;
    for (const auto& one : allowed) list += (list.empty() ? "" : ", ") + one;
    return fmt::format("is no {} of the plan {}, which has {}", what, base::to_text(name), list);
}

std::string some_bots(std::int64_t count) {
    return fmt::format("{} {}", count, count == 1 ? "bot" : "bots");
}

base::Error exceeded(std::string message, std::string next_action) {
    return {.kind = base::ErrorKind::quota_exceeded,
            .message = std::move(message),
            .next_action = std::move(next_action)};
}

}  // namespace

Plans usual_plans() {
    const std::string own(default_place);
    return {
        {PlanName::starter,
         {.bots = 1, .server_types = {own}, .regions = {own}, .backups = 1, .logs_kept = days{7}}},
        {PlanName::pro,
         {.bots = 5,
          .server_types = {own, "cx23", "cx33", "cax11", "cax21", "s-1vcpu-2gb", "s-2vcpu-4gb"},
          .regions = {},
          .backups = 7,
          .logs_kept = days{30}}},
        {PlanName::enterprise,
         {.bots = 100, .server_types = {}, .regions = {}, .backups = 30, .logs_kept = days{365}}}};
}

Plans with_default_places(Plans plans, const std::string& region, const std::string& server_type) {
    for (auto& [name, plan] : plans) {
        put_default(plan.regions, region);
        put_default(plan.server_types, server_type);
    }
    return plans;
}

Wrong check_server_type(PlanName name, const Plan& plan, const std::string& type) {
    return check_place(name, plan.server_types, "server type", type);
}

Wrong check_region(PlanName name, const Plan& plan, const std::string& region) {
    return check_place(name, plan.regions, "region", region);
}

std::optional<base::Error> refuse_bot(PlanName name, const Plan& plan, std::int64_t bots) {
    if (bots < plan.bots) return std::nullopt;
    return exceeded(fmt::format("The plan {} has {}, and you have {}.", base::to_text(name),
                                some_bots(plan.bots), bots),
                    "Delete a bot, or take a larger plan.");
}

std::optional<base::Error> refuse_deploy(PlanName name, const Plan& plan, std::int64_t bots) {
    if (bots <= plan.bots) return std::nullopt;
    return exceeded(fmt::format("The plan {} has {}, and you have {}, so none gets a new server.",
                                base::to_text(name), some_bots(plan.bots), bots),
                    fmt::format("Delete {}, or take a larger plan.", some_bots(bots - plan.bots)));
}

}  // namespace hatchery::core
