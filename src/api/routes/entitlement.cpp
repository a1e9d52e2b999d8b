#include "api/routes/entitlement.hpp"

namespace hatchery::api::routes {

namespace {

using core::BillingRefusal;
using core::OperationKind;

struct UnpaidText {
    const char* cause;
    const char* next_action;
};

UnpaidText text_of(BillingRefusal refusal) {
    switch (refusal) {
        case BillingRefusal::subscription_expired:
            return {"The subscription has expired.",
                    "Renew it; GET /api/me tells until when stopped bots are kept."};
        case BillingRefusal::no_subscription:
            return {"This account has no plan.", "Take a plan first."};
    }
    return {"", ""};
}

base::Error unpaid_error(BillingRefusal refusal) {
    const auto text = text_of(refusal);
    return {.kind = base::ErrorKind::quota_exceeded,
            .message = text.cause,
            .next_action = text.next_action,
            .code = std::string(base::to_text(refusal))};
}

/// Nothing for an account that may have one more bot.
std::optional<base::Error> refusal_of_bot(const core::BillingRules& rules,
                                          const std::optional<core::Subscription>& subscription,
                                          std::int64_t bots, base::TimePoint now) {
    if (const auto refusal = core::refuse_running(rules, subscription, now)) {
        return unpaid_error(*refusal);
    }
    const auto name = core::plan_of(rules, subscription);
    return core::refuse_bot(*name, rules.plans.at(*name), bots);
}

/// Whether the operation makes something run, which must be paid for.
bool runs_something(OperationKind kind) {
    switch (kind) {
        case OperationKind::deploy:
        case OperationKind::start:
        case OperationKind::restart:
        case OperationKind::reconfigure:
            return true;
        case OperationKind::stop:
        case OperationKind::destroy:
        case OperationKind::chat:
            return false;
    }
    return false;
}

std::string or_default(const std::string& text, const std::string& otherwise) {
    return text.empty() ? otherwise : text;
}

/// Nothing when the provider has not told what it sells.
std::vector<core::KnownPlace> known_places(RouteContext& context, const Exchange& exchange,
                                           const std::string& provider) {
    const auto cloud = context.deps.clouds.find(provider);
    if (cloud == context.deps.clouds.end()) return {};
    const auto offers = context.deps.offers.offers(*cloud->second, exchange.call(outside_limit));
    if (!offers) return {};
    return providers::known_places(provider, *offers);
}

/// Field by field what the plan does not have.
std::vector<FieldProblem> wrong_places(RouteContext& context, const Exchange& exchange,
                                       core::PlanName name, const core::Bot& bot) {
    const core::Plan& plan = context.deps.settings.billing.plans.at(name);
    const auto defaults = context.place_defaults();
    std::vector<FieldProblem> wrong;
    const std::string provider = or_default(bot.provider, defaults.provider);
    const std::string region = or_default(bot.region, defaults.region);
    const std::string type = or_default(bot.server_type, defaults.server_type);
    if (!region.empty()) {
        auto said = core::check_region(name, plan, region);
        // A default outside is left for another place.
        if (!said && plan.eu_only && !bot.region.empty()) {
            const auto known = known_places(context, exchange, provider);
            said = core::check_eu(name, plan, {provider, region, type}, known);
        }
        if (said) wrong.push_back({"region", *said});
    }
    if (!type.empty()) {
        if (auto said = core::check_server_type(name, plan, type)) {
            wrong.push_back({"serverType", *said});
        }
    }
    return wrong;
}

}  // namespace

void check_place_of_plan(BodyReader& body, RouteContext& context, const Exchange& exchange,
                         const store::Account& account, const core::Bot& bot) {
    const auto& rules = context.deps.settings.billing;
    const auto name = core::plan_of(rules, account.subscription);
    if (!name) return;
    for (auto& wrong : wrong_places(context, exchange, *name, bot)) {
        if (!body.is_wrong(wrong.field)) body.wrong(wrong.field, std::move(wrong.message));
    }
}

Problem admission_problem(const base::Error& error) {
    Problem problem = problem_of_error(error);
    if (!base::parse_enum<BillingRefusal>(error.code)) return problem;
    problem.status = 402;
    problem.code = "forbidden";
    problem.extra.emplace_back("reason", error.code);
    return problem;
}

std::optional<Problem> refuse_new_bot(const RouteContext& context, const store::Account& account) {
    const auto error = refusal_of_bot(context.deps.settings.billing, account.subscription,
                                      account.bots, context.deps.clock.now());
    if (!error) return std::nullopt;
    return admission_problem(*error);
}

store::AdmitBot admit_bot(const RouteContext& context) {
    return [&rules = context.deps.settings.billing, &clock = context.deps.clock](
               const std::optional<core::Subscription>& subscription,
               std::int64_t bots) -> base::Result<void> {
        if (auto error = refusal_of_bot(rules, subscription, bots, clock.now())) {
            return base::fail(std::move(*error));
        }
        return {};
    };
}

std::optional<Problem> refuse_operation(RouteContext& context, const Exchange& exchange,
                                        const core::Bot& bot, OperationKind kind) {
    if (!runs_something(kind)) return std::nullopt;
    // The bot's user pays, whoever asks.
    const auto account = context.deps.subscriptions.account(bot.user_id);
    if (!account) return problem_of_error(account.error());
    const auto& rules = context.deps.settings.billing;
    if (const auto refusal =
            core::refuse_running(rules, account->subscription, context.deps.clock.now())) {
        return admission_problem(unpaid_error(*refusal));
    }
    if (kind != OperationKind::deploy) return std::nullopt;
    const auto name = *core::plan_of(rules, account->subscription);
    if (const auto error = core::refuse_deploy(name, rules.plans.at(name), account->bots)) {
        return problem_of_error(*error);
    }
    auto wrong = wrong_places(context, exchange, name, bot);
    if (wrong.empty()) return std::nullopt;
    return refuse_fields(std::move(wrong)).value();
}

std::optional<Problem> refuse_cancel(const RouteContext& context, const base::UserId& user,
                                     OperationKind kind) {
    if (kind != OperationKind::stop) return std::nullopt;
    const auto account = context.deps.subscriptions.account(user);
    if (!account) return problem_of_error(account.error());
    const auto refusal = core::refuse_running(context.deps.settings.billing, account->subscription,
                                              context.deps.clock.now());
    if (!refusal) return std::nullopt;
    return admission_problem(unpaid_error(*refusal));
}

}  // namespace hatchery::api::routes
