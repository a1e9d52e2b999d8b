#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace hatchery::api {

/// What an API token may do; a token has any of them.
enum class Scope : std::uint8_t { bots_read, bots_write, deploy, admin, act_as };

[[nodiscard]] std::string_view scope_text(Scope scope);

enum class Door : std::uint8_t {
    open,           ///< anybody: health, and Telegram, which proves itself by its own secret
    operator_only,  ///< the admin listener; see RouterOptions for who else
    token,          ///< a principal whose token has the scope
};

/// Whether a route's handler waits for Telegram or a provider; see OutsideGate.
enum class Reach : std::uint8_t { inside, outside };

/// Who may use a route.
struct AccessRule {
    std::string_view method;
    /// As registered, with `:name` parts.
    std::string_view pattern;
    Door door;
    /// For Door::token.
    Scope scope = Scope::bots_read;
    Reach reach = Reach::inside;
};

/// The one table of who may use what. A route without a rule cannot be registered. Roles, sessions
/// with their CSRF token and rate limits become columns of it.
[[nodiscard]] std::span<const AccessRule> access_rules();
[[nodiscard]] std::optional<AccessRule> find_rule(std::string_view method,
                                                  std::string_view pattern);

}  // namespace hatchery::api
