#pragma once

#include "config/config.hpp"
#include "config/values.hpp"

/// Settings that have a form of their own. Each puts the value into the config, or answers what
/// would be right.
namespace hatchery::config {

// Where we listen, how we are reached, what we seal with: readers_service.cpp.
[[nodiscard]] Wrong read_listen(const std::string& text, Config& config);
/// HOST:PORT, an IPv6 address in brackets.
[[nodiscard]] Wrong read_admin_listen(const std::string& text, Config& config);
[[nodiscard]] Wrong read_public_url(const std::string& text, Config& config);
[[nodiscard]] Wrong read_log_level(const std::string& text, Config& config);
[[nodiscard]] Wrong read_database_url(const std::string& text, Config& config);
[[nodiscard]] Wrong read_master_keys(const std::string& text, Config& config);
[[nodiscard]] Wrong read_sentry_dsn(const std::string& text, Config& config);

// The pool, servers and what runs on them: readers_engine.cpp.
[[nodiscard]] Wrong read_capabilities(const std::string& text, Config& config);
[[nodiscard]] Wrong read_scale_command(const std::string& text, Config& config);
[[nodiscard]] Wrong read_alarm_url(const std::string& text, Config& config);
[[nodiscard]] Wrong read_alarm_secret(const std::string& text, Config& config);
[[nodiscard]] Wrong read_provider(const std::string& text, Config& config);
[[nodiscard]] Wrong read_stray_servers(const std::string& text, Config& config);
[[nodiscard]] Wrong read_places(const std::string& text, Config& config);
[[nodiscard]] Wrong read_cost_ceilings(const std::string& text, Config& config);
[[nodiscard]] Wrong read_version(const std::string& text, Config& config);
/// NAME=PROVIDER/MODEL, comma-separated.
[[nodiscard]] Wrong read_aliases(const std::string& text, Config& config);

// Who may what: readers_users.cpp.
[[nodiscard]] Wrong read_plan_limits(const std::string& text, Config& config);
[[nodiscard]] Wrong read_default_plan(const std::string& text, Config& config);
/// Several, comma-separated, while one takes the place of another.
[[nodiscard]] Wrong read_billing_secrets(const std::string& text, Config& config);
/// E-mail addresses, comma-separated.
[[nodiscard]] Wrong read_admin_emails(const std::string& text, Config& config);
[[nodiscard]] Wrong read_ssh_sources(const std::string& text, Config& config);
/// CIDR networks, comma-separated.
[[nodiscard]] Wrong read_proxies(const std::string& text, Config& config);

}  // namespace hatchery::config
