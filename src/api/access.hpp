#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "store/token_repository.hpp"

namespace hatchery::api {

/// What an API token may do; a token has any of them.
enum class Scope : std::uint8_t {
    bots_read,   ///< read bots, their deployments and operations
    bots_write,  ///< create, change and delete bots
    deploy,      ///< deploy, stop, start, restart, cancel
    account,     ///< see, make and revoke the user's API tokens
    admin,       ///< the fleet, and what belongs to others; for staff
    act_as,      ///< act for the user named in x-user-id; for a service of an admin
};

[[nodiscard]] std::string_view scope_text(Scope scope);

enum class Door : std::uint8_t {
    open,           ///< anybody: health, and Telegram and billing, which prove themselves
    operator_only,  ///< the admin listener; see RouterOptions for who else
    signed_in,      ///< every principal, whatever its scopes
    token,          ///< a principal whose role, and whose token if it has one, has the scope
};

/// Whether a route's handler waits for Telegram or a provider; see OutsideGate.
enum class Reach : std::uint8_t { inside, outside };

/// Who may use a route.
struct AccessRule {
    std::string_view method;
    /// As registered, with `:name` parts.
    std::string_view pattern;
    Door door;
    /// For Door::token. What the roles may is role_may.
    Scope scope = Scope::bots_read;
    Reach reach = Reach::inside;
};

/// Whether the route changes something: such a route wants a CSRF token of a session, is refused to
/// support, and is written to the audit log.
[[nodiscard]] constexpr bool changes(const AccessRule& rule) { return rule.method != "GET"; }

/// The scopes that a user of this role has in a session, and may give to a token.
[[nodiscard]] std::span<const Scope> scopes_of(store::UserRole role);
/// Whether a user of this role may use the route: it has the scope, and support changes nothing but
/// its own account.
[[nodiscard]] bool role_may(store::UserRole role, const AccessRule& rule);
[[nodiscard]] std::optional<Scope> parse_scope(std::string_view text);

/// The one table of who may use what. A route without a rule cannot be registered.
[[nodiscard]] std::span<const AccessRule> access_rules();
[[nodiscard]] std::optional<AccessRule> find_rule(std::string_view method,
                                                  std::string_view pattern);

}  // namespace hatchery::api
