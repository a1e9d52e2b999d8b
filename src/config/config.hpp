#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/secret.hpp"
#include "core/alarms.hpp"
#include "core/network.hpp"
#include "core/operation.hpp"
#include "core/own_machine.hpp"
#include "core/placement.hpp"
#include "core/pool_size.hpp"
#include "core/rate_limits.hpp"
#include "core/session.hpp"
#include "core/subscription.hpp"

namespace hatchery::config {

/// What the API's front lets in.
struct FrontConfig {
    /// Whose X-Forwarded-For is believed.
    std::vector<core::Network> proxies;
    /// Threads that answer requests.
    int threads = 0;
    std::size_t connections = 0;
    std::size_t connections_per_address = 0;
    std::size_t streams = 0;
    std::size_t streams_per_user = 0;
    /// Requests that wait for something; in a process never more than half of the connections that
    /// streams leave.
    std::size_t waits = 0;
    std::size_t waits_per_user = 0;
    std::size_t body_bytes = 0;
    std::size_t held_bytes = 0;
    std::chrono::seconds head_limit{0};
    std::chrono::seconds body_limit{0};
    std::chrono::seconds write_limit{0};
    std::chrono::seconds idle_limit{0};
};

/// Everything that the environment decides, validated once at the start and never changed after.
/// docs/operating.md names each variable; `hatchery config check` prints them.
struct Config {
    // Where we listen and how we are reached.
    std::string listen_host;
    std::uint16_t port = 0;
    /// The operator's own door, for /metrics; an empty host: there is none.
    std::string admin_host;
    std::uint16_t admin_port = 0;
    /// What Telegram and people reach, without a slash at its end.
    std::string public_url;
    base::LogLevel log_level = base::LogLevel::info;

    FrontConfig front;
    core::RateLimits rates;

    // The database and what seals secrets in it.
    base::Secret database_url;
    int database_connections = 0;
    /// 32-byte keys in base64; the first seals, all of them open.
    std::vector<base::Secret> master_keys;

    // The engine.
    /// Threads that run steps, at least; none in a process that only serves the API.
    int workers = 0;
    /// Threads at most.
    int max_workers = 0;
    /// A JSON object as text, see core/requirements.hpp; without what is offered by itself.
    std::string capabilities;
    std::chrono::seconds lease{0};
    std::map<core::OperationKind, std::chrono::seconds> deadlines;
    /// How long operations are kept after their end.
    std::chrono::days operations_kept{0};
    /// What becomes of machines with our label that no row knows.
    bool destroy_strays = true;
    std::chrono::seconds stray_grace{0};

    // The pool of processes, and who is told when it is in trouble.
    core::PoolPolicy pool;
    /// Program and arguments; empty: somebody else sizes the pool.
    std::vector<std::string> scale_command;
    core::AlarmPolicy alarms;
    base::Secret alarm_webhook_url;
    base::Secret alarm_webhook_secret;

    // Plans, and who says what users have paid for.
    core::BillingRules billing;
    /// Any of them signs; none: there is no webhook.
    std::vector<base::Secret> billing_secrets;

    // Servers.
    std::string provider;
    std::string region;
    std::string server_type;
    std::string image;
    std::string digitalocean_image;
    /// Where to go on to when a place is sold out.
    std::vector<core::Place> places;
    /// What a provider's servers may cost a month at most, in its currency.
    std::map<std::string, double> cost_ceilings;
    std::uint16_t ssh_port = 0;
    base::Secret hetzner_token;
    std::string hetzner_url;
    /// Where the firewalls of servers let SSH in from; CIDR forms, never empty.
    std::vector<std::string> ssh_sources;
    /// The operator's list of machines, and what it says; read for the service alone.
    std::string own_machines_file;
    std::vector<core::OwnMachine> own_machines;
    base::Secret digitalocean_token;
    std::string digitalocean_url;

    // OpenClaw and its models.
    std::string bundle_dir;
    std::string openclaw_version;
    std::map<std::string, std::string> model_aliases;
    base::Secret anthropic_key;
    base::Secret openai_key;
    base::Secret google_ai_key;

    // Telegram, sign-in, reporting.
    std::string telegram_url;
    /// The same as the bots' servers reach it.
    std::string server_telegram_url;
    std::string google_issuer_url;
    std::string google_client_id;
    base::Secret google_client_secret;
    /// Who becomes admin by signing in; compared without case.
    std::vector<std::string> admin_emails;
    core::SessionLimits session;
    base::Secret sentry_dsn;

    // The command line as a client of the API.
    std::string api_url;
    base::Secret api_token;
};

}  // namespace hatchery::config
