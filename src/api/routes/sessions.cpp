#include "api/cookies.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

/// Who the caller is; a program has no CSRF token because it needs none.
Outcome who_am_i(RouteContext& context, const Exchange& exchange) {
    const auto& principal = *exchange.principal;
    const Cookies cookies(context.deps.settings.public_url);
    Json csrf;
    if (!principal.session_id.empty()) {
        if (const auto secret = cookies.find(exchange.request.fields, cookies.session())) {
            csrf = csrf_token(*secret);
        }
    }
    return json_answer(
        200, {{"user",
               {{"id", principal.user_id.text()},
                {"email", principal.email},
                {"name", principal.name.empty() ? Json() : Json(principal.name)},
                {"role", std::string(base::to_text(principal.role))}}},
              {"scopes", principal.scopes},
              {"csrfToken", std::move(csrf)},
              {"expiresAt",
               principal.expires_at ? Json(base::format_time(*principal.expires_at)) : Json()}});
}

Outcome log_out(RouteContext& context, const Exchange& exchange) {
    const Cookies cookies(context.deps.settings.public_url);
    const auto secret = cookies.find(exchange.request.fields, cookies.session());
    if (exchange.principal->session_id.empty() || !secret) {
        Problem problem = problem_of_status(409, "An API token has no session to end.");
        problem.next_action = "Revoke it with DELETE /api/auth/tokens/:id.";
        return refuse(std::move(problem));
    }
    const auto ended = context.deps.accounts.end_session(crypto::sha256_hex(*secret));
    if (!ended) return refuse(ended.error());
    Answer answer;
    answer.status = 204;
    answer.headers.emplace_back("Set-Cookie", cookies.clear(cookies.session()));
    return answer;
}

}  // namespace

void add_session_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/auth/session",
               [&](const Exchange& exchange) { return who_am_i(context, exchange); });
    router.add("POST", "/api/auth/logout",
               [&](const Exchange& exchange) { return log_out(context, exchange); });
}

}  // namespace hatchery::api::routes
