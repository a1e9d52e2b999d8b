#include <algorithm>
#include <mutex>

#include "api/account_view.hpp"
#include "api/body_reader.hpp"
#include "api/routes/billing_body.hpp"
#include "api/routes/routes.hpp"
#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "base/log.hpp"
#include "core/billing_signature.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// Far more than an event has.
constexpr std::size_t most_bytes = 64U << 10U;

Problem bad_signature(std::string detail) {
    Problem problem = problem_of_status(401, std::move(detail));
    problem.next_action =
        "Sign `TIME.BODY` by HMAC-SHA256 with HATCHERY_BILLING_WEBHOOK_SECRET, and send "
        "`X-Billing-Signature: t=TIME,v1=HEX` with the Unix time of now.";
    return problem;
}

/// Whether one of the secrets made one of the signatures; every pair is compared, in constant time.
bool is_signed(const std::vector<base::Secret>& secrets, const core::BillingSignature& signature,
               const std::string& body) {
    const std::string text = signature.timestamp + "." + body;
    bool found = false;
    for (const auto& secret : secrets) {
        const std::string expected = base::hex_encode(crypto::hmac_sha256(secret.reveal(), text));
        for (const auto& given : signature.signatures) {
            const bool equal = crypto::constant_time_equal(expected, given);
            found = found || equal;
        }
    }
    return found;
}

std::optional<Problem> refuse_signature(const RouteContext& context, const Exchange& exchange) {
    const auto& secrets = context.deps.settings.billing_secrets;
    if (secrets.empty()) {
        // Not a 404: a billing service tries this again, and nothing that it said is lost.
        Problem problem = problem_of_status(503, "The billing webhook has not been set up.");
        problem.next_action = "The operator may set HATCHERY_BILLING_WEBHOOK_SECRET.";
        problem.retry_after_s = 600;
        problem.expected = true;
        // Once: anybody can knock here, and as often as he likes.
        static std::once_flag told;
        std::call_once(told, [] {
            base::log_event(base::LogLevel::info, "billing_webhook_not_set_up",
                            {{"next", "set HATCHERY_BILLING_WEBHOOK_SECRET"}});
        });
        return problem;
    }
    // Everything that is cheap comes before the signature: until then nobody knows who asks.
    if (exchange.request.body.size() > most_bytes) {
        return problem_of_status(413, "The event has more than 64 KiB.");
    }
    const auto signature =
        core::read_billing_signature(exchange.header(core::billing_signature_header));
    if (!signature) return bad_signature("The signature's header is missing or malformed.");
    if (!core::is_recent(*signature, context.deps.clock.now())) {
        return bad_signature("The signature is from more than five minutes ago or ahead.");
    }
    if (!is_signed(secrets, *signature, exchange.request.body)) {
        return bad_signature("The signature does not fit the body.");
    }
    return std::nullopt;
}

void note(const RouteContext& context, const Exchange& exchange, int status) {
    const auto noted = context.deps.audit.append({.actor = store::AuditActor::billing,
                                                  .actor_name = "billing webhook",
                                                  .action = "POST /hooks/billing",
                                                  .target = exchange.target,
                                                  .address = exchange.address,
                                                  .outcome = status,
                                                  .request_id = exchange.request.request_id});
    if (noted) return;
    base::log_event(base::LogLevel::error, "audit_failed",
                    {{"route", "/hooks/billing"},
                     {"request", exchange.request.request_id},
                     {"message", noted.error().message}});
}

Outcome take(RouteContext& context, const Exchange& exchange) {
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto now = context.deps.clock.now();
    const auto event = read_billing_event(*body, exchange.request.body, now);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    if (event.user) exchange.target = event.user->text();
    const auto answer = context.deps.subscriptions.apply(event);
    if (!answer) {
        Problem problem = problem_of_error(answer.error());
        if (answer.error().kind == base::ErrorKind::not_found) {
            problem.next_action =
                "Send the event again once the user has signed in here, or name another user.";
            problem.errors = {{event.user ? "userId" : "email", "is no user of this installation"}};
        }
        return refuse(std::move(problem));
    }
    const std::string user = answer->subscription.user_id.text();
    const std::string plan(base::to_text(answer->subscription.plan));
    exchange.target = user + " plan=" + plan;
    base::log_event(base::LogLevel::info, "billing_event",
                    {{"event_id", event.id},
                     {"effect", base::to_text(answer->effect)},
                     {"user", user},
                     {"plan", plan},
                     {"request", exchange.request.request_id}});
    return json_answer(200, {{"effect", std::string(base::to_text(answer->effect))},
                             {"userId", user},
                             {"subscription", subscription_view(context.deps.settings.billing,
                                                                answer->subscription, now)}});
}

Outcome receive(RouteContext& context, const Exchange& exchange) {
    // Who cannot sign is nobody: such a request goes to the log, not to the audit log, which
    // anybody could fill otherwise.
    if (auto problem = refuse_signature(context, exchange)) return refuse(std::move(*problem));
    Outcome outcome = take(context, exchange);
    note(context, exchange, outcome ? outcome->status : outcome.error().status);
    return outcome;
}

}  // namespace

void add_billing_routes(Router& router, RouteContext& context) {
    router.add("POST", "/hooks/billing",
               [&](const Exchange& exchange) { return receive(context, exchange); });
}

}  // namespace hatchery::api::routes
