#include "core/subscription.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::core;
using namespace std::chrono_literals;
using base::TimePoint;
using std::chrono::days;

namespace {

/// The end of the period, from which the tables count in hours.
const TimePoint period_end = base::parse_time("2026-03-01T10:00:00Z").value();
TimePoint at(int hours) { return period_end + std::chrono::hours(hours); }

/// Three days of notice and of grace, thirty of retention, one day of warning.
const BillingPolicy policy;

Subscription subscription(BillingStage stage, int entered_at = -1'000) {
    return {.user_id = base::UserId("u"),
            .plan = PlanName::pro,
            .period_end = period_end,
            .stage = stage,
            .stage_at = at(entered_at),
            .version = 7};
}

}  // namespace

TEST_CASE("a period that is not renewed goes through its stages at their times") {
    using enum BillingStage;
    struct Case {
        BillingStage stage;
        int entered_at;
        int now;
        std::optional<BillingStage> next;
    };
    const auto test = GENERATE(values<Case>({
        // Told three days before the end.
        {paid, -1'000, -73, std::nullopt},
        {paid, -1'000, -72, ending},
        {paid, -1'000, -1, ending},
        // Nobody looked before the end.
        {paid, -1'000, 0, grace},
        {paid, -1'000, 10'000, grace},
        {ending, -72, -1, std::nullopt},
        {ending, -72, 0, grace},
        // Three days of grace.
        {grace, 0, 71, std::nullopt},
        {grace, 0, 72, stopped},
        // Told late, by a Hatchery that was down or a clock that jumped: a day's warning.
        {grace, 100, 123, std::nullopt},
        {grace, 100, 124, stopped},
        {grace, 60, 83, std::nullopt},
        {grace, 60, 84, stopped},
        // 33 days after the end retention is over, and it is told three days before.
        {stopped, 72, 72 + 27 * 24 - 1, std::nullopt},
        {stopped, 72, 72 + 27 * 24, closing},
        {closing, 72 + 27 * 24, 72 + 30 * 24 - 1, std::nullopt},
        {closing, 72 + 27 * 24, 72 + 30 * 24, closed},
        {closing, 2'000, 2'071, std::nullopt},
        {closing, 2'000, 2'072, closed},
        {closed, 3'000, 100'000, std::nullopt},
    }));
    CAPTURE(base::to_text(test.stage), test.entered_at, test.now);
    const auto given = subscription(test.stage, test.entered_at);
    CHECK(next_stage(given, policy, at(test.now)) == test.next);
    // A query that looks for the bounds finds it exactly when it is due.
    const auto bounds = stage_bounds(test.stage, policy, at(test.now));
    const bool found = bounds && period_end <= bounds->period_end &&
                       (!bounds->stage_at || given.stage_at <= *bounds->stage_at);
    CHECK(found == test.next.has_value());
}

TEST_CASE("a subscription without an end never enters a stage") {
    for (const auto& [stage, name] : base::EnumNames<BillingStage>::names) {
        auto endless = subscription(stage);
        endless.period_end.reset();
        CHECK_FALSE(next_stage(endless, policy, at(1'000'000)));
        CHECK_FALSE(corrected_stage(endless, at(-1'000'000)));
        CHECK_FALSE(stops_at(endless, policy));
        CHECK_FALSE(destroys_at(endless, policy));
    }
}

TEST_CASE("without grace and retention each stage is still entered by itself") {
    const BillingPolicy none{.notice = 0s, .grace = 0s, .retention = 0s};
    auto given = subscription(BillingStage::paid);
    CHECK_FALSE(next_stage(given, none, period_end - 1s));
    for (const auto expected : {BillingStage::grace, BillingStage::stopped, BillingStage::closing,
                                BillingStage::closed}) {
        CHECK(next_stage(given, none, period_end) == expected);
        given.stage = expected;
        given.stage_at = period_end;
    }
}

TEST_CASE("what a clock that ran ahead has told is put right") {
    using enum BillingStage;
    struct Case {
        BillingStage stage;
        int entered_at;
        int now;
        std::optional<BillingStage> corrected;
    };
    const auto test = GENERATE(values<Case>({
        {paid, -1'000, -100, std::nullopt},
        {ending, 500, -100, std::nullopt},
        // The period has not ended.
        {grace, 8'760, -100, paid},
        {stopped, 8'760, -1, paid},
        {closing, 8'760, -1, paid},
        {closed, 8'760, -1, paid},
        // It has, but the warning was given in a time that has not come.
        {grace, 8'760, 1, grace},
        {closing, 8'760, 800, closing},
        {stopped, 8'760, 100, std::nullopt},
        {grace, 0, 1, std::nullopt},
        {closing, 799, 800, std::nullopt},
    }));
    CAPTURE(base::to_text(test.stage), test.entered_at, test.now);
    CHECK(corrected_stage(subscription(test.stage, test.entered_at), at(test.now)) ==
          test.corrected);
}

TEST_CASE("the clocks of several machines may differ a little") {
    const auto given = subscription(BillingStage::grace, 10);
    CHECK_FALSE(corrected_stage(given, at(10) - clock_tolerance));
    CHECK(corrected_stage(given, at(10) - clock_tolerance - 1s) == BillingStage::grace);
}

TEST_CASE("nobody is stopped without a day's warning, whatever the clock does") {
    // Every jump of a clock between two looks, forwards and back, in steps of odd length.
    for (int jump = -2'000; jump <= 2'000; jump += 37) {
        CAPTURE(jump);
        auto given = subscription(BillingStage::paid);
        TimePoint now = at(-100);
        std::optional<TimePoint> warned;
        for (int look = 0; look < 400; ++look) {
            now += look == 20 ? std::chrono::hours(jump) : std::chrono::hours(1);
            auto next = corrected_stage(given, now);
            if (!next) next = next_stage(given, policy, now);
            if (!next) continue;
            given.stage = *next;
            given.stage_at = now;
            if (*next == BillingStage::grace) warned = now;
            if (*next == BillingStage::paid) warned.reset();
            if (*next == BillingStage::stopped) {
                REQUIRE(warned);
                CHECK(now - *warned >= policy.warning);
                CHECK(now >= period_end + policy.grace);
            }
        }
    }
}

TEST_CASE("another end of the period undoes what had begun, and the same one nothing") {
    using enum BillingStage;
    const base::UserId user("u");
    const auto now = at(100);
    for (const auto& [stage, name] : base::EnumNames<BillingStage>::names) {
        CAPTURE(name);
        const auto before = subscription(stage);
        const auto same = change_subscription(
            before, user, {.plan = PlanName::enterprise, .period_end = period_end}, now);
        CHECK(same.subscription.plan == PlanName::enterprise);
        CHECK(same.subscription.stage == stage);
        CHECK(same.subscription.stage_at == before.stage_at);
        CHECK(same.subscription.version == 8);
        CHECK_FALSE(same.renewed);
        const auto renewed =
            change_subscription(before, user, {.plan = PlanName::pro, .period_end = at(800)}, now);
        CHECK(renewed.subscription.stage == paid);
        CHECK(renewed.subscription.stage_at == now);
        CHECK(renewed.renewed == (stage >= grace));
        const auto endless = change_subscription(before, user, {.plan = PlanName::pro}, now);
        CHECK(endless.subscription.stage == paid);
        CHECK(endless.renewed == (stage >= grace));
        const auto still_over =
            change_subscription(before, user, {.plan = PlanName::pro, .period_end = at(50)}, now);
        CHECK(still_over.subscription.stage == paid);
        CHECK_FALSE(still_over.renewed);
    }
    const auto first = change_subscription(std::nullopt, user, {.plan = PlanName::pro}, now);
    CHECK(first.subscription.stage == paid);
    CHECK(first.subscription.version == 1);
    CHECK_FALSE(first.renewed);
}

TEST_CASE("a user stands as the end of the period and the stage say") {
    using enum BillingStage;
    struct Case {
        BillingStage stage;
        SubscriptionStatus status;
        int now;
        Standing standing;
    };
    const auto test = GENERATE(values<Case>({
        {paid, SubscriptionStatus::active, -100, Standing::active},
        {ending, SubscriptionStatus::active, -10, Standing::active},
        {ending, SubscriptionStatus::cancelled, -10, Standing::cancelled},
        {paid, SubscriptionStatus::active, 0, Standing::grace},
        {grace, SubscriptionStatus::cancelled, 10, Standing::grace},
        // No look of the leader is needed for a start to be refused.
        {paid, SubscriptionStatus::active, 72, Standing::expired},
        {grace, SubscriptionStatus::active, 72, Standing::expired},
        {stopped, SubscriptionStatus::active, 80, Standing::expired},
        {closing, SubscriptionStatus::active, 800, Standing::expired},
        {closed, SubscriptionStatus::active, 9'000, Standing::expired},
    }));
    auto given = subscription(test.stage, 0);
    given.status = test.status;
    CAPTURE(base::to_text(test.stage), test.now);
    CHECK(standing(given, policy, at(test.now)) == test.standing);
    const auto refusal = refuse_running({}, given, at(test.now));
    CHECK(refusal.has_value() == (test.standing == Standing::expired));
}

TEST_CASE("a user without a subscription has the operator's default plan or none") {
    CHECK(standing(std::nullopt, policy, at(0)) == Standing::none);
    const BillingRules starter{.default_plan = PlanName::starter};
    CHECK(plan_of(starter, std::nullopt) == PlanName::starter);
    CHECK(plan_of(starter, subscription(BillingStage::paid)) == PlanName::pro);
    CHECK_FALSE(refuse_running(starter, std::nullopt, at(0)));
    const BillingRules none{.default_plan = std::nullopt};
    CHECK_FALSE(plan_of(none, std::nullopt));
    CHECK(refuse_running(none, std::nullopt, at(0)) == BillingRefusal::no_subscription);
    CHECK_FALSE(refuse_running(none, subscription(BillingStage::paid), at(-1)));
}

TEST_CASE("each stage is told with the time of what comes next") {
    using enum BillingStage;
    CHECK(announcement(subscription(ending, -72), policy) ==
          "The subscription pro ends at 2026-03-01 10:00 UTC. If it is not renewed, the bot is "
          "stopped at 2026-03-04 10:00 UTC.");
    CHECK(announcement(subscription(grace, 0), policy).find("2026-03-04 10:00 UTC") !=
          std::string::npos);
    // Told late, and stopped a day later.
    CHECK(announcement(subscription(grace, 72), policy).find("2026-03-05 10:00 UTC") !=
          std::string::npos);
    CHECK(announcement(subscription(stopped, 72), policy).find("2026-04-03 10:00 UTC") !=
          std::string::npos);
    for (const auto& [stage, name] : base::EnumNames<BillingStage>::names) {
        CHECK_FALSE(announcement(subscription(stage), policy).empty());
    }
}

TEST_CASE("attempts to stop a bot come less and less often") {
    CHECK(billing_stop_delay(1) == 1min);
    CHECK(billing_stop_delay(2) == 2min);
    CHECK(billing_stop_delay(6) == 32min);
    CHECK(billing_stop_delay(7) == 60min);
    CHECK(billing_stop_delay(1'000'000) == 60min);
}
