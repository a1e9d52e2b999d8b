#include "api/routes/subscription_body.hpp"

namespace hatchery::api::routes {

core::SubscriptionChange read_subscription_change(BodyReader& body) {
    core::SubscriptionChange change;
    (void)body.text("plan", [&](std::string_view text) -> core::Wrong {
        const auto plan = base::parse_enum<core::PlanName>(text);
        if (!plan) return "must be starter, pro or enterprise";
        change.plan = *plan;
        return std::nullopt;
    });
    (void)body.optional_text("status", [&](std::string_view text) -> core::Wrong {
        const auto status = base::parse_enum<core::SubscriptionStatus>(text);
        if (!status) return "must be active or cancelled";
        change.status = *status;
        return std::nullopt;
    });
    bool endless = false;
    const auto end = body.nullable_text(
        "periodEnd",
        [&](std::string_view text) -> core::Wrong {
            change.period_end = base::parse_time(text);
            if (change.period_end) return std::nullopt;
            return "must be a time such as 2027-01-31T12:00:00Z, or null for no end";
        },
        endless);
    // Forgotten, it would be a gift.
    if (!end && !endless && !body.is_wrong("periodEnd")) {
        body.wrong("periodEnd", "is required: a time, or null for no end");
    }
    return change;
}

}  // namespace hatchery::api::routes
