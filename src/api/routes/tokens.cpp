#include <algorithm>

#include "api/access.hpp"
#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api::routes {

namespace {

using base::Json;

constexpr std::chrono::days usual_life{90};
constexpr std::chrono::days longest_life{366};
/// Live tokens of one user. No setting: it only bounds the list that a user has to look through,
/// and one who needs more can be two users.
constexpr std::int64_t most_tokens = 100;

Json token_view(const store::ApiToken& token) {
    return {{"id", token.id.text()},
            {"name", token.name},
            {"scopes", token.scopes},
            {"createdAt", base::format_time(token.created_at)},
            {"expiresAt", time_view(token.expires_at)},
            {"lastUsedAt", time_view(token.last_used_at)},
            {"revokedAt", time_view(token.revoked_at)}};
}

/// A caller gives away at most what it has itself: a token's scopes, or those of the user's role.
core::Wrong check_scope(const Exchange& exchange, std::string_view text) {
    if (!parse_scope(text)) {
        return "must be of bots:read, bots:write, deploy, account, admin and act-as";
    }
    const auto& principal = *exchange.principal;
    const bool of_session = !principal.session_id.empty();
    const auto allowed = scopes_of(principal.role);
    const bool has = of_session
                         ? std::any_of(allowed.begin(), allowed.end(),
                                       [&](Scope scope) { return scope_text(scope) == text; })
                         : std::find(principal.scopes.begin(), principal.scopes.end(), text) !=
                               principal.scopes.end();
    return has ? core::Wrong{} : core::Wrong{"may only hold scopes that you have yourself"};
}

/// When the new token ends; a token's child does not outlive it.
std::optional<base::TimePoint> read_expiry(BodyReader& body, const Exchange& exchange,
                                           base::TimePoint now) {
    std::optional<base::TimePoint> end;
    const auto check = [&](std::string_view text) -> core::Wrong {
        end = base::parse_time(text);
        if (!end) return "must be a time such as 2027-01-31T12:00:00Z";
        if (*end <= now || *end > now + longest_life) return "must be within the next 366 days";
        return std::nullopt;
    };
    (void)body.optional_text("expiresAt", check);
    if (!end) end = now + usual_life;
    const bool of_token = exchange.principal->session_id.empty();
    if (of_token && exchange.principal->expires_at) {
        end = std::min(*end, *exchange.principal->expires_at);
    }
    return end;
}

core::Wrong check_name(std::string_view text) { return core::check_bot_name(text); }

Outcome create(RouteContext& context, const Exchange& exchange) {
    // It would go on after the service's own token is revoked.
    if (!exchange.principal->service_user_id.empty()) {
        return refuse(403, "A service that acts for a user makes no API tokens for him.");
    }
    auto body = BodyReader::open(exchange);
    if (!body) return refuse(body.error());
    const auto now = context.deps.clock.now();
    const std::string name = body->text("name", check_name);
    const auto scopes = body->texts(
        "scopes", 6, [&](std::string_view text) { return check_scope(exchange, text); });
    const auto expires_at = read_expiry(*body, exchange, now);
    if (auto problem = body->finish()) return refuse(std::move(*problem));
    const std::string secret = "hat_" + base::random_token(context.deps.random, 32);
    auto token = context.deps.tokens.create({.id = base::ApiTokenId(exchange.effect_id),
                                             .lease = exchange.lease,
                                             .user_id = exchange.user(),
                                             .name = name,
                                             .hash_hex = crypto::sha256_hex(secret),
                                             .scopes = scopes,
                                             .expires_at = expires_at,
                                             .most_others = most_tokens - 1});
    if (!token) return refuse(token.error());
    exchange.target = token->id.text();
    Json view = token_view(*token);
    view["token"] = secret;
    return json_answer(201, view);
}

Outcome list(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto limit = static_cast<int>(query.number("limit", 50, 1, 200));
    const auto after = query.text("after", core::check_uuid);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    auto tokens = context.deps.tokens.list(
        exchange.user(), after ? std::optional(base::ApiTokenId(*after)) : std::nullopt, limit + 1);
    if (!tokens) return refuse(tokens.error());
    const bool more = tokens->size() > static_cast<std::size_t>(limit);
    if (more) tokens->pop_back();
    Json items = Json::array();
    for (const auto& token : *tokens) items.push_back(token_view(token));
    return json_answer(200, {{"items", std::move(items)},
                             {"next", more ? Json(tokens->back().id.text()) : Json()}});
}

Outcome revoke(RouteContext& context, const Exchange& exchange) {
    const auto revoked =
        context.deps.tokens.revoke(base::ApiTokenId(exchange.path.front()), exchange.user());
    if (!revoked) return refuse(revoked.error());
    Answer answer;
    answer.status = 204;
    return answer;
}

}  // namespace

void add_token_routes(Router& router, RouteContext& context) {
    router.add("POST", "/api/auth/tokens", [&](const Exchange& e) { return create(context, e); });
    router.add("GET", "/api/auth/tokens", [&](const Exchange& e) { return list(context, e); });
    router.add("DELETE", "/api/auth/tokens/:id",
               [&](const Exchange& e) { return revoke(context, e); });
}

}  // namespace hatchery::api::routes
