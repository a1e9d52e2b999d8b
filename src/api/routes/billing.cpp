#include <algorithm>
#include <mutex>

#include "api/account_view.hpp"
#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "api/routes/subscription_body.hpp"
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

core::Wrong check_event_id(std::string_view text) {
    const bool fits = text.size() <= 200 && std::all_of(text.begin(), text.end(), [](char c) {
                          return c > ' ' && c < '\x7f';
                      });
    return fits && !text.empty()
               ? core::Wrong{}
               : core::Wrong{"must be 1 to 200 printable ASCII characters without blanks"};
}

store::BillingEvent read_event(BodyReader& body, const std::string& text, base::TimePoint now) {
    store::BillingEvent event{.body_hash = crypto::sha256_hex(text)};
    event.id = body.text("id", check_event_id);
    (void)body.text("createdAt", [&](std::string_view time) -> core::Wrong {
        const auto at = base::parse_time(time);
        if (!at) return "must be a time such as 2027-01-31T12:00:00Z";
        if (*at > now + core::billing_tolerance) return "must not lie ahead";
        event.created_at = *at;
        return std::nullopt;
    });
    if (const auto id = body.optional_text("userId", core::check_uuid)) {
        event.user = base::UserId(*id);
    }
    event.email = body.optional_text("email", core::check_email).value_or("");
    const bool unclear = body.is_wrong("userId") || body.is_wrong("email");
    if (!unclear && event.user.has_value() == !event.email.empty()) {
        body.wrong("userId", event.user ? "must not come with email: one of both names the user"
                                        : "or email must name the user");
    }
    event.change = read_subscription_change(body);
    return event;
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
    const auto event = read_event(*body, exchange.request.body, now);
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
