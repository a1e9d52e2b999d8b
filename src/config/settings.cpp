#include "config/settings.hpp"

#include <algorithm>
#include <array>
#include <vector>

#include "config/readers.hpp"
#include "config/table.hpp"

namespace hatchery::config {

namespace {

using core::AlarmPolicy;
using core::BillingPolicy;
using core::OperationKind;
using core::PoolPolicy;
using core::SessionLimits;

template <int PoolPolicy::* member>
Wrong pool_size(const std::string& text, Config& config) {
    return number_at<1, 10'000, &Config::pool, member>(text, config);
}

template <base::Milliseconds PoolPolicy::* member>
Wrong pool_time(const std::string& text, Config& config) {
    return seconds_at<0, 86'400, &Config::pool, member>(text, config);
}

template <auto member>
Wrong alarm_age(const std::string& text, Config& config) {
    return seconds_at<10, 86'400, &Config::alarms, member>(text, config);
}

template <std::chrono::seconds BillingPolicy::* member>
Wrong billing_time(const std::string& text, Config& config) {
    return seconds_at<0, 3'650 * 86'400LL, &Config::billing, &core::BillingRules::policy, member>(
        text, config);
}

const std::array all_settings = {
    // Where we listen, and how we are reached.
    plain("HATCHERY_LISTEN", "127.0.0.1", read_listen),
    plain("PORT", "8080", number_at<0, 65535, &Config::port>),
    plain("HATCHERY_ADMIN_LISTEN", "", read_admin_listen),
    needed(Need::service, "set it to the https:// address at which Telegram reaches this machine",
           plain("HATCHERY_PUBLIC_URL", "", read_public_url)),
    plain("HATCHERY_LOG_LEVEL", "info", read_log_level),
    // The database, and what seals secrets in it.
    needed(Need::database, "set it to postgresql://user:password@host:5432/database",
           secret("DATABASE_URL", read_database_url)),
    plain("HATCHERY_DATABASE_CONNECTIONS", "16", number_at<2, 200, &Config::database_connections>),
    needed(Need::service, "make one with: openssl rand -base64 32",
           secret("HATCHERY_MASTER_KEY", read_master_keys)),
    // Threads, processes, and who is told when they are in trouble.
    plain("HATCHERY_WORKERS", "32", number_at<0, 256, &Config::workers>),
    plain("HATCHERY_WORKERS_MAX", "", number_at<1, 256, &Config::max_workers>),
    plain("HATCHERY_WORKER_CAPABILITIES", "{}", read_capabilities),
    plain("HATCHERY_POOL_JOBS_PER_WORKER", "5", pool_size<&PoolPolicy::jobs_per_worker>),
    plain("HATCHERY_POOL_MIN", "1", pool_size<&PoolPolicy::min_workers>),
    plain("HATCHERY_POOL_MAX", "50", pool_size<&PoolPolicy::max_workers>),
    plain("HATCHERY_POOL_OUT_SECONDS", "60", pool_time<&PoolPolicy::out_after>),
    plain("HATCHERY_POOL_IN_SECONDS", "300", pool_time<&PoolPolicy::in_after>),
    plain("HATCHERY_SCALE_COMMAND", "", read_scale_command),
    plain("HATCHERY_ALARM_QUEUE_JOBS", "100",
          number_at<1, 1'000'000, &Config::alarms, &AlarmPolicy::queue_depth>),
    plain("HATCHERY_ALARM_OLDEST_JOB_SECONDS", "300", alarm_age<&AlarmPolicy::oldest_job>),
    plain("HATCHERY_ALARM_TRANSACTION_SECONDS", "600", alarm_age<&AlarmPolicy::oldest_transaction>),
    secret("HATCHERY_ALARM_WEBHOOK_URL", read_alarm_url),
    secret("HATCHERY_ALARM_WEBHOOK_SECRET", read_alarm_secret),
    // How long things may take.
    plain("HATCHERY_LEASE_SECONDS", "30", seconds_at<2, 3'600, &Config::lease>),
    plain("HATCHERY_DEADLINE_DEPLOY_SECONDS", "1800", deadline_of<OperationKind::deploy>),
    plain("HATCHERY_DEADLINE_STOP_SECONDS", "600", deadline_of<OperationKind::stop>),
    plain("HATCHERY_DEADLINE_START_SECONDS", "900", deadline_of<OperationKind::start>),
    plain("HATCHERY_DEADLINE_RESTART_SECONDS", "900", deadline_of<OperationKind::restart>),
    plain("HATCHERY_DEADLINE_RECONFIGURE_SECONDS", "900", deadline_of<OperationKind::reconfigure>),
    plain("HATCHERY_DEADLINE_DESTROY_SECONDS", "900", deadline_of<OperationKind::destroy>),
    plain("HATCHERY_DEADLINE_CHAT_SECONDS", "300", deadline_of<OperationKind::chat>),
    // Replays of a request with an Idempotency-Key, which name its operation, come within a day.
    plain("HATCHERY_OPERATIONS_KEPT_DAYS", "90", days_at<2, 3'650, &Config::operations_kept>),
    // What users have paid for.
    plain("HATCHERY_PLANS", "{}", read_plan_limits),
    plain("HATCHERY_DEFAULT_PLAN", "enterprise", read_default_plan),
    plain("HATCHERY_BILLING_NOTICE_SECONDS", "259200", billing_time<&BillingPolicy::notice>),
    plain("HATCHERY_BILLING_GRACE_SECONDS", "259200", billing_time<&BillingPolicy::grace>),
    plain("HATCHERY_BILLING_RETENTION_SECONDS", "2592000", billing_time<&BillingPolicy::retention>),
    secret("HATCHERY_BILLING_WEBHOOK_SECRET", read_billing_secrets),
    // Servers, and what runs on them.
    plain("HATCHERY_PROVIDER", "hetzner", read_provider),
    plain("HATCHERY_DEFAULT_REGION", "", word_at<&Config::region>),
    plain("HATCHERY_DEFAULT_SERVER_TYPE", "", word_at<&Config::server_type>),
    plain("HATCHERY_STRAY_SERVERS", "destroy", read_stray_servers),
    plain("HATCHERY_STRAY_GRACE_SECONDS", "600", seconds_at<3, 86'400, &Config::stray_grace>),
    plain("HATCHERY_IMAGE", "debian-12", word_at<&Config::image>),
    plain("HATCHERY_DIGITALOCEAN_IMAGE", "debian-12-x64", word_at<&Config::digitalocean_image>),
    plain("HATCHERY_PLACES", "", read_places),
    plain("HATCHERY_COST_CEILINGS", "", read_cost_ceilings),
    plain("HATCHERY_SSH_PORT", "22", number_at<1, 65535, &Config::ssh_port>),
    secret("HETZNER_API_TOKEN", secret_at<&Config::hetzner_token>),
    plain("HETZNER_API_URL", "https://api.hetzner.cloud/v1", service_url_at<&Config::hetzner_url>),
    plain("HATCHERY_SSH_SOURCES", "0.0.0.0/0,::/0", read_ssh_sources),
    secret("DIGITALOCEAN_API_TOKEN", secret_at<&Config::digitalocean_token>),
    plain("DIGITALOCEAN_API_URL", "https://api.digitalocean.com/v2",
          service_url_at<&Config::digitalocean_url>),
    plain("HATCHERY_STATIC_SERVERS", "", path_at<&Config::own_machines_file>),
    plain("HATCHERY_BUNDLE_DIR", "/var/lib/hatchery/bundles", path_at<&Config::bundle_dir>),
    plain("HATCHERY_OPENCLAW_VERSION", "2026.9.6", read_version),
    plain("HATCHERY_MODEL_ALIASES",
          "claude-opus=anthropic/claude-opus-5,gpt-5=openai/gpt-5.6,"
          "gemini=google/gemini-3.1-pro-preview",
          read_aliases),
    secret("ANTHROPIC_API_KEY", secret_at<&Config::anthropic_key>),
    secret("OPENAI_API_KEY", secret_at<&Config::openai_key>),
    secret("GOOGLE_AI_API_KEY", secret_at<&Config::google_ai_key>),
    // Telegram, sign-in, reporting.
    plain("TELEGRAM_API_URL", "https://api.telegram.org", service_url_at<&Config::telegram_url>),
    plain("HATCHERY_SERVER_TELEGRAM_API_URL", "", url_at<&Config::server_telegram_url>),
    plain("GOOGLE_ISSUER_URL", "https://accounts.google.com",
          service_url_at<&Config::google_issuer_url>),
    plain("GOOGLE_CLIENT_ID", "", printable_at<&Config::google_client_id>),
    secret("GOOGLE_CLIENT_SECRET", secret_at<&Config::google_client_secret>),
    plain("HATCHERY_ADMIN_EMAILS", "", read_admin_emails),
    plain("HATCHERY_SESSION_IDLE_SECONDS", "43200",
          seconds_at<300, 30 * 86'400, &Config::session, &SessionLimits::idle>),
    plain("HATCHERY_SESSION_MAX_SECONDS", "2592000",
          seconds_at<300, 366 * 86'400, &Config::session, &SessionLimits::absolute>),
    secret("SENTRY_DSN", read_sentry_dsn),
    // The command line as a client of the API.
    plain("HATCHERY_API_URL", "", service_url_at<&Config::api_url>),
    needed(Need::client, "run: hatchery login (hatchery token create makes a token)",
           secret("HATCHERY_TOKEN", secret_at<&Config::api_token>)),
};

}  // namespace

std::span<const Setting> settings() {
    static const std::vector<Setting> all = [] {
        std::vector<Setting> joined(all_settings.begin(), all_settings.end());
        const auto front = front_settings();
        // Beside where it listens.
        const auto place = std::find_if(joined.begin(), joined.end(), [](const Setting& setting) {
            return setting.name == "HATCHERY_PUBLIC_URL";
        });
        joined.insert(place, front.begin(), front.end());
        return joined;
    }();
    return all;
}

bool is_loopback_url(std::string_view url) {
    const auto parts = split_url(url);
    return parts && is_loopback_host(parts->host);
}

}  // namespace hatchery::config
