#include "api/authenticate.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "core/origin.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api {

namespace {

/// A role that was taken away takes its scopes along.
void keep_scopes_of_role(store::Principal& principal) {
    const auto allowed = scopes_of(principal.role);
    std::erase_if(principal.scopes, [&](const std::string& text) {
        return std::none_of(allowed.begin(), allowed.end(),
                            [&](Scope scope) { return scope_text(scope) == text; });
    });
}

Admission unauthorized(std::string detail) {
    Problem problem = problem_of_status(401, std::move(detail));
    problem.next_action =
        "Sign in, or send `Authorization: Bearer <API token>`; `hatchery token create` makes one.";
    return {.principal = {}, .refused = std::move(problem)};
}

/// What is good no longer was good once: whoever shows it did not guess.
Admission not_good(const base::Error& error, std::string detail) {
    Admission admission = unauthorized(std::move(detail));
    admission.guessed = error.code != store::credential_ended;
    return admission;
}

Admission forbidden(store::Principal principal, std::string detail) {
    return {.principal = std::move(principal),
            .refused = problem_of_status(403, std::move(detail))};
}

Admission lacks(store::Principal principal, Scope scope) {
    return {.principal = std::move(principal), .refused = lacks_scope(scope)};
}

/// The last question, the same for all: may this role use this route?
Admission of_role(store::Principal principal, const AccessRule& rule) {
    if (role_may(principal.role, rule)) return {.principal = std::move(principal), .refused = {}};
    const std::string role(base::to_text(principal.role));
    return forbidden(std::move(principal), "The role `" + role + "` may not use this.");
}

/// The only field of this name; nothing without one, and an empty text for several, so that nobody
/// can be meant by them.
std::optional<std::string> only_field(const front::Fields& fields, std::string_view name) {
    std::optional<std::string> found;
    for (const auto& [field, text] : fields) {
        if (front::same_token(field, name)) found = found ? std::string() : text;
    }
    return found;
}

store::Principal principal_of(const store::Session& session) {
    store::Principal principal{.user_id = session.user.id,
                               .email = session.user.email,
                               .role = session.user.role,
                               .name = session.user.name,
                               .scopes = {},
                               .token_id = {},
                               .session_id = session.id,
                               .service_user_id = {},
                               .sees_everything = session.user.role != store::UserRole::user,
                               .expires_at = session.times.expires_at};
    for (const Scope scope : scopes_of(principal.role)) {
        // Acting for others is for programs: a person's clicks are the person's own.
        if (scope != Scope::act_as) principal.scopes.emplace_back(scope_text(scope));
    }
    return principal;
}

}  // namespace

bool has_scope(const store::Principal& principal, Scope scope) {
    return std::find(principal.scopes.begin(), principal.scopes.end(), scope_text(scope)) !=
           principal.scopes.end();
}

Problem lacks_scope(Scope scope) {
    return problem_of_status(
        403, "The API token lacks the scope `" + std::string(scope_text(scope)) + "`.");
}

Authenticator::Authenticator(AuthenticatorOptions options, store::TokenRepository& tokens,
                             store::AccountRepository& accounts)
    : options_(std::move(options)),
      cookies_(options_.public_url),
      tokens_(tokens),
      accounts_(accounts) {}

Admission Authenticator::admit(const Exchange& exchange, const AccessRule& rule) const {
    // A program that sends a token means it, whatever cookies lie about.
    if (const auto header = only_field(exchange.request.fields, "Authorization")) {
        return by_token(exchange, *header, rule);
    }
    return by_session(exchange, rule);
}

ShownCaller Authenticator::shown_by(const Exchange& exchange) const {
    const auto& fields = exchange.request.fields;
    std::string shown;
    if (const auto header = only_field(fields, "Authorization")) {
        shown = "token\n" + *header;
    } else if (const auto secret = cookies_.find(fields, cookies_.session())) {
        shown = "session\n" + *secret;
    } else {
        return {};
    }
    ShownCaller caller{.credential = crypto::sha256_hex(shown), .acting = {}};
    const auto user_id = only_field(fields, "x-user-id");
    caller.acting =
        user_id ? crypto::sha256_hex(caller.credential + "\n" + *user_id) : caller.credential;
    return caller;
}

Admission Authenticator::by_token(const Exchange& exchange, const std::string& header,
                                  const AccessRule& rule) const {
    const auto blank = header.find(' ');
    const auto start = header.find_first_not_of(' ', blank);
    const bool bearer = blank != std::string::npos && start != std::string::npos &&
                        front::same_token(std::string_view(header).substr(0, blank), "Bearer");
    const std::string token = bearer ? header.substr(start) : "";
    if (token.empty() || token.size() > 256) {
        return unauthorized("The Authorization header has no bearer token.");
    }
    // Whoever may no longer do so could at most read on for a moment, and that only while this
    // process has not heard of it.
    const auto freshness = changes(rule) ? store::Freshness::current : store::Freshness::recent;
    auto found = tokens_.find_principal(crypto::sha256_hex(token), freshness);
    if (!found && found.error().kind == base::ErrorKind::unauthorized) {
        return not_good(found.error(), "The API token is unknown, expired or revoked.");
    }
    if (!found) return {.principal = {}, .refused = problem_of_error(found.error())};
    store::Principal& principal = *found;
    keep_scopes_of_role(principal);
    principal.sees_everything =
        principal.role != store::UserRole::user && has_scope(principal, Scope::admin);
    if (rule.door == Door::token && !has_scope(principal, rule.scope)) {
        return lacks(std::move(principal), rule.scope);
    }
    // An empty one is a caller that has lost its user: it must not act as itself instead.
    if (const auto user_id = only_field(exchange.request.fields, "x-user-id")) {
        return act_as(std::move(principal), *user_id, rule);
    }
    return of_role(std::move(principal), rule);
}

Admission Authenticator::act_as(store::Principal service, const std::string& user_id,
                                const AccessRule& rule) const {
    if (!has_scope(service, Scope::act_as)) return lacks(std::move(service), Scope::act_as);
    const auto nobody = [&] { return forbidden(service, "`x-user-id` is not the id of a user."); };
    if (!base::is_uuid(user_id)) return nobody();
    auto user = tokens_.find_user(base::UserId(user_id));
    if (!user && user.error().kind == base::ErrorKind::not_found) return nobody();
    if (!user) return {.principal = service, .refused = problem_of_error(user.error())};
    store::Principal principal = std::move(service);
    principal.service_user_id = principal.user_id;
    principal.user_id = user->id;
    principal.email = user->email;
    principal.name = user->name;
    // Whoever a service acts for, it acts as a customer: staff's rights are not lent.
    principal.role = store::UserRole::user;
    principal.sees_everything = false;
    keep_scopes_of_role(principal);
    return of_role(std::move(principal), rule);
}

Admission Authenticator::by_session(const Exchange& exchange, const AccessRule& rule) const {
    const auto& fields = exchange.request.fields;
    const auto secret = cookies_.find(fields, cookies_.session());
    if (!secret) return unauthorized("This needs a session or an API token.");
    auto session = accounts_.find_session(crypto::sha256_hex(*secret));
    if (!session && session.error().kind == base::ErrorKind::unauthorized) {
        return not_good(session.error(), "The session has ended.");
    }
    if (!session) return {.principal = {}, .refused = problem_of_error(session.error())};
    store::Principal principal = principal_of(*session);
    if (front::find_field(fields, "x-user-id")) {
        return forbidden(std::move(principal), "`x-user-id` is for service tokens only.");
    }
    if (changes(rule)) {
        const core::RequestOrigin origin{.origin = front::find_field(fields, "Origin"),
                                         .fetch_site = front::find_field(fields, "Sec-Fetch-Site")};
        if (auto wrong = core::check_origin(options_.public_url, origin)) {
            return forbidden(std::move(principal), std::move(*wrong));
        }
        if (!crypto::constant_time_equal(exchange.header("X-CSRF-Token"), csrf_token(*secret))) {
            Admission refused =
                forbidden(std::move(principal), "The CSRF token is missing or wrong.");
            refused.refused->next_action =
                "Send `csrfToken` of GET /api/auth/session as X-CSRF-Token.";
            return refused;
        }
    }
    return of_role(std::move(principal), rule);
}

}  // namespace hatchery::api
