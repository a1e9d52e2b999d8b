#include "api/access.hpp"

#include <array>

namespace hatchery::api {

namespace {

constexpr auto rules = std::to_array<AccessRule>({
    {"GET", "/healthz", Door::open},
    {"GET", "/readyz", Door::open},
    {"GET", "/metrics", Door::operator_only},
    {"GET", "/openapi.json", Door::open},
    {"POST", "/hooks/telegram/:publicId", Door::open},

    {"POST", "/api/telegram/verify-token", Door::token, Scope::bots_write, Reach::outside},
    {"POST", "/api/telegram/set-webhook", Door::token, Scope::bots_write, Reach::outside},
    {"GET", "/api/telegram/bot-info", Door::token, Scope::bots_read, Reach::outside},

    {"POST", "/api/bots/create", Door::token, Scope::bots_write, Reach::outside},
    {"GET", "/api/bots", Door::token, Scope::bots_read},
    {"GET", "/api/bots/:id", Door::token, Scope::bots_read},
    {"PUT", "/api/bots/:id", Door::token, Scope::bots_write, Reach::outside},
    {"DELETE", "/api/bots/:id", Door::token, Scope::bots_write},

    {"POST", "/api/deploy", Door::token, Scope::deploy},
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
    {"GET", "/api/admin/workers", Door::token, Scope::admin},
    {"GET", "/api/admin/alarms", Door::token, Scope::admin},
    {"GET", "/api/admin/operations", Door::token, Scope::admin},
});

}  // namespace

std::string_view scope_text(Scope scope) {
    switch (scope) {
        case Scope::bots_read:
            return "bots:read";
        case Scope::bots_write:
            return "bots:write";
        case Scope::deploy:
            return "deploy";
        case Scope::admin:
            return "admin";
        case Scope::act_as:
            return "act-as";
    }
    return "?";
}

std::span<const AccessRule> access_rules() { return rules; }

std::optional<AccessRule> find_rule(std::string_view method, std::string_view pattern) {
    for (const auto& rule : rules) {
        if (rule.method == method && rule.pattern == pattern) return rule;
    }
    return std::nullopt;
}

}  // namespace hatchery::api
