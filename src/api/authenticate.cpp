#include "api/authenticate.hpp"

#include <algorithm>

#include "base/ids.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api {

namespace {

Problem unauthorized(std::string detail) {
    Problem problem = problem_of_status(401, std::move(detail));
    problem.next_action =
        "Send `Authorization: Bearer <API token>`; `hatchery token create` makes one.";
    return problem;
}

tl::expected<store::Principal, Problem> act_as(store::Principal principal,
                                               const std::string& user_id,
                                               store::TokenRepository& tokens) {
    if (!has_scope(principal, Scope::act_as)) return refuse(lacks_scope(Scope::act_as));
    if (!base::is_uuid(user_id)) return refuse(403, "`x-user-id` is not the id of a user.");
    auto user = tokens.find_user(base::UserId(user_id));
    if (!user && user.error().kind == base::ErrorKind::not_found) {
        return refuse(403, "`x-user-id` is not the id of a user.");
    }
    if (!user) return refuse(user.error());
    principal.user_id = user->id;
    principal.email = user->email;
    principal.role = user->role;
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

tl::expected<store::Principal, Problem> authenticate(const Exchange& exchange, Scope scope,
                                                     store::TokenRepository& tokens) {
    const std::string header = exchange.header("Authorization");
    if (header.empty()) return refuse(unauthorized("This needs an API token."));
    const auto blank = header.find(' ');
    const bool bearer = blank != std::string::npos &&
                        front::same_token(std::string_view(header).substr(0, blank), "Bearer");
    const std::string token = bearer ? header.substr(header.find_first_not_of(' ', blank)) : "";
    if (token.empty() || token.size() > 256) {
        return refuse(unauthorized("The Authorization header has no bearer token."));
    }
    auto principal = tokens.find_principal(crypto::sha256_hex(token));
    if (!principal && principal.error().kind == base::ErrorKind::unauthorized) {
        return refuse(unauthorized("The API token is unknown, expired or revoked."));
    }
    if (!principal) return refuse(principal.error());
    if (!has_scope(*principal, scope)) return refuse(lacks_scope(scope));
    // An empty one is a caller that has lost its user: it must not act as itself instead.
    if (const auto user_id = front::find_field(exchange.request.fields, "x-user-id")) {
        return act_as(std::move(*principal), std::string(*user_id), tokens);
    }
    return std::move(*principal);
}

}  // namespace hatchery::api
