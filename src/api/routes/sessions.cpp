#include "api/body_reader.hpp"
#include "api/cookies.hpp"
#include "api/list_page.hpp"
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

Json session_view(const store::SessionView& session, const Exchange& exchange) {
    const auto text_or_null = [](const std::string& text) {
        return text.empty() ? Json() : Json(text);
    };
    return {{"id", session.id.text()},
            {"current", session.id == exchange.principal->session_id},
            {"createdAt", base::format_time(session.created_at)},
            {"lastUsedAt", base::format_time(session.times.last_used_at)},
            {"expiresAt", base::format_time(session.times.expires_at)},
            {"address", text_or_null(session.origin.address)},
            {"userAgent", text_or_null(session.origin.user_agent)}};
}

Outcome list(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto limit = static_cast<int>(query.number("limit", 50, 1, 200));
    const auto after = query.text("after", core::check_cursor);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto page = context.deps.accounts.sessions(exchange.user(), after, limit);
    if (!page) return refuse(page_problem(query, page.error()));
    Json items = Json::array();
    for (const auto& session : page->items) items.push_back(session_view(session, exchange));
    return page_answer(std::move(items), page->next);
}

/// Signs out everywhere, or with `others=true` everywhere else.
Outcome end_all(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const bool others = query.flag("others");
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const auto& current = exchange.principal->session_id;
    const bool keeps = others && !current.empty();
    const auto ended = context.deps.accounts.end_sessions_of(
        exchange.user(), keeps ? std::optional(current) : std::nullopt);
    if (!ended) return refuse(ended.error());
    Answer answer = json_answer(200, {{"ended", *ended}});
    if (!keeps && !current.empty()) {
        const Cookies cookies(context.deps.settings.public_url);
        answer.headers.emplace_back("Set-Cookie", cookies.clear(cookies.session()));
    }
    return answer;
}

Outcome end_one(RouteContext& context, const Exchange& exchange) {
    const auto ended = context.deps.accounts.end_session_of(exchange.user(),
                                                            core::SessionId(exchange.path.front()));
    // An earlier run of this request that broke off may have ended it.
    const bool gone = !ended && ended.error().kind == base::ErrorKind::not_found;
    if (!ended && !(exchange.resumed && gone)) return refuse(ended.error());
    Answer answer;
    answer.status = 204;
    return answer;
}

}  // namespace

void add_session_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/auth/session",
               [&](const Exchange& exchange) { return who_am_i(context, exchange); });
    router.add("POST", "/api/auth/logout",
               [&](const Exchange& exchange) { return log_out(context, exchange); });
    router.add("GET", "/api/auth/sessions", [&](const Exchange& e) { return list(context, e); });
    router.add("DELETE", "/api/auth/sessions",
               [&](const Exchange& e) { return end_all(context, e); });
    router.add("DELETE", "/api/auth/sessions/:id",
               [&](const Exchange& e) { return end_one(context, e); });
}

}  // namespace hatchery::api::routes
