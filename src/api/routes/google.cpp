#include <algorithm>

#include "api/body_reader.hpp"
#include "api/cookies.hpp"
#include "api/routes/routes.hpp"
#include "base/encoding.hpp"
#include "base/log.hpp"
#include "core/origin.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api::routes {

namespace {

constexpr std::chrono::minutes sign_in_life{10};
constexpr std::size_t longest_form = 8U << 10U;

/// What only this browser's cookie yields, of this one sign-in. So neither the PKCE verifier nor
/// the nonce is stored anywhere.
std::string derived(const std::string& browser_secret, const char* what, const std::string& state) {
    return base::base64url_encode(
        crypto::hmac_sha256(browser_secret, std::string(what) + ":" + state));
}

Problem not_set_up() {
    Problem problem = problem_of_status(503, "Sign-in with Google is not set up here.");
    problem.next_action = "The operator sets GOOGLE_CLIENT_ID and GOOGLE_CLIENT_SECRET.";
    return problem;
}

Problem again(int status, std::string detail) {
    Problem problem = problem_of_status(status, std::move(detail));
    problem.next_action = "Start again at /api/auth/google.";
    return problem;
}

Outcome begin(RouteContext& context, const Exchange& exchange) {
    auto* open_id = context.deps.open_id;
    if (open_id == nullptr) return refuse(not_set_up());
    QueryReader query(exchange);
    const auto return_to = query.text("returnTo", core::check_return_path);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const Cookies cookies(context.deps.settings.public_url);
    auto& random = context.deps.random;
    // Sign-ins in two tabs share the browser's cookie, so that the second does not end the first.
    const auto before = cookies.find(exchange.request.fields, cookies.sign_in());
    const std::string browser = before ? *before : base::random_token(random, 32);
    const std::string state = base::random_token(random, 32);
    const auto url = open_id->authorization_url({.state = state,
                                                 .nonce = derived(browser, "nonce", state),
                                                 .verifier = derived(browser, "pkce", state)},
                                                exchange.call(outside_limit));
    if (!url) return refuse(url.error());
    const auto begun = context.deps.accounts.begin_sign_in(
        {.state_hash = crypto::sha256_hex(state),
         .browser_hash = crypto::sha256_hex(browser),
         .return_to = return_to.value_or("/"),
         .expires_at = context.deps.clock.now() + sign_in_life});
    if (!begun) return refuse(begun.error());
    Answer answer;
    answer.status = 302;
    answer.headers = {{"Location", *url},
                      {"Set-Cookie", cookies.set(cookies.sign_in(), browser, sign_in_life)}};
    return answer;
}

/// A sign-in that went through the issuer, whichever way it ended.
void note_sign_in(RouteContext& context, const Exchange& exchange,
                  const std::optional<store::Session>& session, int status) {
    store::AuditEntry entry;
    entry.action = "sign in";
    entry.address = exchange.address;
    entry.outcome = status;
    entry.request_id = exchange.request.request_id;
    if (session) {
        entry.actor = store::AuditActor::user;
        entry.user_id = session->user.id;
        entry.actor_name = session->user.email;
        entry.session_id = session->id;
    }
    if (const auto noted = context.deps.audit.append(entry); !noted) {
        base::log_event(base::LogLevel::error, "audit_failed",
                        {{"route", entry.action}, {"message", noted.error().message}});
    }
}

std::optional<store::UserRole> granted_role(const RouteContext& context,
                                            const core::Identity& identity) {
    const auto& admins = context.deps.settings.admin_emails;
    const bool named = std::any_of(admins.begin(), admins.end(), [&](const std::string& email) {
        return core::same_email(email, identity.email);
    });
    return named ? std::optional(store::UserRole::admin) : std::nullopt;
}

/// The session of whom the issuer names, and its secret.
tl::expected<std::pair<store::Session, std::string>, Problem> signed_in(RouteContext& context,
                                                                        const Exchange& exchange,
                                                                        const std::string& browser,
                                                                        const std::string& state) {
    if (exchange.parameter("error")) {
        return refuse(again(403, "The sign-in was declined at Google."));
    }
    const auto code = exchange.parameter("code").value_or("");
    if (code.empty()) return refuse(again(400, "The answer of Google has no code."));
    auto* open_id = context.deps.open_id;
    const auto issuer = exchange.parameter("iss");
    if (issuer && *issuer != open_id->issuer() && *issuer != open_id->issuer() + "/") {
        return refuse(again(400, "The answer is not from Google."));
    }
    const auto identity = open_id->redeem({.code = code,
                                           .verifier = derived(browser, "pkce", state),
                                           .nonce = derived(browser, "nonce", state)},
                                          exchange.call(outside_limit));
    if (!identity && identity.error().kind == base::ErrorKind::unauthorized) {
        Problem problem = problem_of_status(403, identity.error().message);
        problem.next_action = identity.error().next_action;
        return refuse(std::move(problem));
    }
    if (!identity) return refuse(identity.error());
    auto& accounts = context.deps.accounts;
    const auto user = accounts.sign_in(*identity, granted_role(context, *identity));
    if (!user) return refuse(user.error());
    std::string secret = base::random_token(context.deps.random, 32);
    auto session = accounts.create_session(
        user->id, crypto::sha256_hex(secret),
        {.address = exchange.address, .user_agent = exchange.header("User-Agent")});
    if (!session) return refuse(session.error());
    return std::pair(std::move(*session), std::move(secret));
}

Outcome come_back(RouteContext& context, const Exchange& exchange) {
    if (context.deps.open_id == nullptr) return refuse(not_set_up());
    const Cookies cookies(context.deps.settings.public_url);
    const auto browser = cookies.find(exchange.request.fields, cookies.sign_in());
    const auto state = exchange.parameter("state").value_or("");
    if (!browser || state.empty() || exchange.query.count("state") != 1) {
        return refuse(again(400, "This sign-in is over or began in another browser."));
    }
    auto& accounts = context.deps.accounts;
    const auto return_to =
        accounts.take_sign_in(crypto::sha256_hex(state), crypto::sha256_hex(*browser));
    if (!return_to && return_to.error().kind == base::ErrorKind::not_found) {
        return refuse(again(400, "This sign-in is over or began in another browser."));
    }
    if (!return_to) return refuse(return_to.error());
    const auto done = signed_in(context, exchange, *browser, state);
    note_sign_in(context, exchange, done ? std::optional(done->first) : std::nullopt,
                 done ? 303 : done.error().status);
    if (!done) return refuse(done.error());
    // What the browser was before ends here: a session is never carried over into another sign-in.
    if (const auto old = cookies.find(exchange.request.fields, cookies.session())) {
        if (const auto ended = accounts.end_session(crypto::sha256_hex(*old)); !ended) {
            return refuse(ended.error());
        }
    }
    Answer answer;
    answer.status = 303;
    answer.headers = {{"Location", *return_to},
                      {"Set-Cookie", cookies.set(cookies.session(), done->second,
                                                 context.deps.settings.session.absolute)},
                      {"Set-Cookie", cookies.clear(cookies.sign_in())}};
    return answer;
}

/// An issuer that posts its answer does so from its own page, to which browsers give no SameSite
/// cookie; the way on by GET has it again.
Outcome posted(const Exchange& exchange) {
    const std::string& form = exchange.request.body;
    const bool plain = !form.empty() && form.size() <= longest_form &&
                       std::all_of(form.begin(), form.end(), [](char c) {
                           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                  (c >= '0' && c <= '9') ||
                                  std::string_view("-._~%+&=*").find(c) != std::string_view::npos;
                       });
    if (!plain) return refuse(again(400, "The answer of Google is not a form."));
    Answer answer;
    answer.status = 303;
    answer.headers = {{"Location", "/api/auth/callback/google?" + form}};
    return answer;
}

}  // namespace

void add_google_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/auth/google", [&](const Exchange& e) { return begin(context, e); });
    router.add("GET", "/api/auth/callback/google",
               [&](const Exchange& e) { return come_back(context, e); });
    router.add("POST", "/api/auth/callback/google", posted);
}

}  // namespace hatchery::api::routes
