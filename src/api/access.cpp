#include "api/access.hpp"

#include <algorithm>
#include <array>

namespace hatchery::api {

namespace {

constexpr auto rules = std::to_array<AccessRule>({
    {"GET", "/healthz", Door::open},
    {"GET", "/readyz", Door::open},
    {"GET", "/metrics", Door::operator_only},
    {"GET", "/openapi.json", Door::open},
    {"GET", "/docs", Door::open},
    {"POST", "/hooks/telegram/:publicId", Door::open},
    {"POST", "/hooks/billing", Door::open},

    {"GET", "/api/auth/google", Door::open, Scope::bots_read, Reach::outside},
    {"GET", "/api/auth/callback/google", Door::open, Scope::bots_read, Reach::outside},
    {"POST", "/api/auth/callback/google", Door::open},
    {"GET", "/api/auth/options", Door::open},
    {"GET", "/api/auth/session", Door::signed_in},
    {"GET", "/api/me", Door::token, Scope::bots_read},
    {"POST", "/api/auth/logout", Door::signed_in},
    {"GET", "/api/auth/sessions", Door::token, Scope::account},
    {"DELETE", "/api/auth/sessions", Door::token, Scope::account},
    {"DELETE", "/api/auth/sessions/:id", Door::token, Scope::account},
    {"POST", "/api/auth/tokens", Door::token, Scope::account},
    {"GET", "/api/auth/tokens", Door::token, Scope::account},
    {"DELETE", "/api/auth/tokens/:id", Door::token, Scope::account},

    {"POST", "/api/telegram/verify-token", Door::token, Scope::bots_write, Reach::outside},
    {"POST", "/api/telegram/set-webhook", Door::token, Scope::bots_write, Reach::outside},
    {"GET", "/api/telegram/bot-info", Door::token, Scope::bots_read, Reach::outside},

    {"POST", "/api/bots/create", Door::token, Scope::bots_write, Reach::outside},
    {"GET", "/api/bots", Door::token, Scope::bots_read},
    {"GET", "/api/bots/:id", Door::token, Scope::bots_read},
    {"GET", "/api/bots/:id/messages", Door::token, Scope::bots_read},
    {"GET", "/api/bots/:id/costs", Door::token, Scope::bots_read},
    {"GET", "/api/costs", Door::token, Scope::bots_read},
    {"PUT", "/api/bots/:id", Door::token, Scope::bots_write, Reach::outside},
    {"DELETE", "/api/bots/:id", Door::token, Scope::bots_write},

    {"POST", "/api/deploy", Door::token, Scope::deploy},
    {"GET", "/api/deploy/options", Door::token, Scope::bots_read, Reach::outside},
    {"GET", "/api/deploy/:botId/status", Door::token, Scope::bots_read},
    {"GET", "/api/deploy/:botId/logs", Door::token, Scope::bots_read},
    {"GET", "/api/deploy/:botId/events", Door::token, Scope::bots_read},
    {"POST", "/api/deploy/:botId/stop", Door::token, Scope::deploy},
    {"POST", "/api/deploy/:botId/start", Door::token, Scope::deploy},
    {"POST", "/api/deploy/:botId/restart", Door::token, Scope::deploy},
    {"POST", "/api/deploy/:botId/cancel", Door::token, Scope::deploy},

    {"GET", "/api/operations/:id", Door::token, Scope::bots_read},

    {"POST", "/api/jobs", Door::token, Scope::deploy},
    {"GET", "/api/jobs", Door::token, Scope::bots_read},
    {"GET", "/api/jobs/:id", Door::token, Scope::bots_read},
    {"POST", "/api/jobs/:id/cancel", Door::token, Scope::deploy},

    {"GET", "/api/cloud/available-regions", Door::token, Scope::bots_read, Reach::outside},
    {"GET", "/api/cloud/servers", Door::token, Scope::admin, Reach::outside},
    {"GET", "/api/cloud/projects", Door::token, Scope::admin},
    {"POST", "/api/cloud/provision", Door::token, Scope::admin, Reach::outside},
    {"DELETE", "/api/cloud/servers/:id", Door::token, Scope::admin, Reach::outside},
    {"GET", "/api/cloud/sweep", Door::token, Scope::admin},
    {"POST", "/api/cloud/sweep", Door::token, Scope::admin},
    {"GET", "/api/admin/costs", Door::token, Scope::admin},
    {"GET", "/api/admin/fleet", Door::token, Scope::admin},
    {"GET", "/api/admin/logs", Door::token, Scope::admin},
    {"GET", "/api/admin/queue", Door::token, Scope::admin},
    {"GET", "/api/admin/workers", Door::token, Scope::admin},
    {"GET", "/api/admin/alarms", Door::token, Scope::admin},
    {"GET", "/api/admin/operations", Door::token, Scope::admin},

    {"GET", "/api/admin/audit", Door::token, Scope::admin},
    {"GET", "/api/admin/plans", Door::token, Scope::admin},
    {"GET", "/api/admin/users", Door::token, Scope::admin},
    {"GET", "/api/admin/users/:id", Door::token, Scope::admin},
    {"GET", "/api/admin/users/:id/subscription", Door::token, Scope::admin},
    {"PUT", "/api/admin/users/:id/subscription", Door::token, Scope::admin},
});

constexpr auto user_scopes =
    std::to_array<Scope>({Scope::bots_read, Scope::bots_write, Scope::deploy, Scope::account});
constexpr auto support_scopes =
    std::to_array<Scope>({Scope::bots_read, Scope::account, Scope::admin});
constexpr auto all_scopes =
    std::to_array<Scope>({Scope::bots_read, Scope::bots_write, Scope::deploy, Scope::account,
                          Scope::admin, Scope::act_as});

}  // namespace

std::string_view scope_text(Scope scope) {
    switch (scope) {
        case Scope::bots_read:
            return "bots:read";
        case Scope::bots_write:
            return "bots:write";
        case Scope::deploy:
            return "deploy";
        case Scope::account:
            return "account";
        case Scope::admin:
            return "admin";
        case Scope::act_as:
            return "act-as";
    }
    return "?";
}

std::optional<Scope> parse_scope(std::string_view text) {
    for (const Scope scope : all_scopes) {
        if (scope_text(scope) == text) return scope;
    }
    return std::nullopt;
}

std::span<const Scope> scopes_of(store::UserRole role) {
    switch (role) {
        case store::UserRole::user:
            return user_scopes;
        case store::UserRole::support:
            return support_scopes;
        case store::UserRole::admin:
            return all_scopes;
    }
    return {};
}

bool role_may(store::UserRole role, const AccessRule& rule) {
    if (rule.door != Door::token) return true;
    const auto scopes = scopes_of(role);
    if (std::find(scopes.begin(), scopes.end(), rule.scope) == scopes.end()) return false;
    return role != store::UserRole::support || !changes(rule) || rule.scope == Scope::account;
}

std::span<const AccessRule> access_rules() { return rules; }

std::optional<AccessRule> find_rule(std::string_view method, std::string_view pattern) {
    for (const auto& rule : rules) {
        if (rule.method == method && rule.pattern == pattern) return rule;
    }
    return std::nullopt;
}

}  // namespace hatchery::api
