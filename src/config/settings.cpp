#include "config/settings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <vector>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "config/read_plans.hpp"
#include "core/requirements.hpp"
#include "core/sentry_dsn.hpp"

namespace hatchery::config {

namespace {

using Wrong = std::optional<std::string>;

bool only(std::string_view text, std::string_view allowed) {
    return text.find_first_not_of(allowed) == std::string_view::npos;
}

bool printable(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < '\x7f'; });
}

std::optional<long long> number(std::string_view text) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

template <typename T>
Wrong read_number(const std::string& text, long long least, long long most, T& into) {
    const auto value = number(text);
    if (!value || *value < least || *value > most) {
        return fmt::format("must be a whole number from {} to {}", least, most);
    }
    into = static_cast<T>(*value);
    return std::nullopt;
}

Wrong read_seconds(const std::string& text, long long least, long long most,
                   std::chrono::seconds& into) {
    long long value = 0;
    Wrong wrong = read_number(text, least, most, value);
    if (!wrong) into = std::chrono::seconds(value);
    return wrong;
}

struct UrlParts {
    std::string_view scheme;
    std::string_view host;
    std::string_view port;
    std::string_view path;
};

/// Nothing when it is no http or https URL, or carries a user name, a query or a fragment.
std::optional<UrlParts> split_url(std::string_view url) {
    UrlParts parts;
    const auto colon = url.find("://");
    if (colon == std::string_view::npos || !printable(url)) return std::nullopt;
    parts.scheme = url.substr(0, colon);
    if (parts.scheme != "http" && parts.scheme != "https") return std::nullopt;
    std::string_view rest = url.substr(colon + 3);
    if (rest.find_first_of("?#@\\\"<> ") != std::string_view::npos) return std::nullopt;
    const auto slash = rest.find('/');
    if (slash != std::string_view::npos) parts.path = rest.substr(slash);
    std::string_view authority = rest.substr(0, slash);
    const auto bracket = authority.rfind(']');
    const auto port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    parts.host = authority.substr(0, port);
    if (port != std::string_view::npos) {
        parts.port = authority.substr(port + 1);
        const auto value = number(parts.port);
        if (!value || *value < 1 || *value > 65535) return std::nullopt;
    }
    if (parts.host.empty()) return std::nullopt;
    return parts;
}

bool is_loopback_host(std::string_view host) {
    if (host == "localhost" || host == "[::1]" || host == "::1") return true;
    return host.starts_with("127.") && only(host, "0123456789.");
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

/// A service's base URL. Plain http is for this machine only: tokens travel to it.
Wrong read_url(const std::string& text, std::string& into) {
    const auto parts = split_url(text);
    if (!parts) {
        return "must be a URL such as https://host.example or https://host.example:8443/path, "
               "without user name, query or fragment";
    }
    into = without_slash(text);
    return std::nullopt;
}

Wrong read_service_url(const std::string& text, std::string& into) {
    if (auto wrong = read_url(text, into)) return wrong;
    const auto parts = split_url(text);
    if (parts->scheme != "https" && !is_loopback_host(parts->host)) {
        return "must begin with https://; plain http is accepted for this machine's loopback "
               "address only, because tokens travel over it";
    }
    return std::nullopt;
}

Wrong read_public_url(const std::string& text, Config& config) {
    if (auto wrong = read_service_url(text, config.public_url)) return wrong;
    const auto parts = split_url(text);
    const bool telegram_reaches = parts->port.empty() || parts->port == "443" ||
                                  parts->port == "80" || parts->port == "88" ||
                                  parts->port == "8443";
    if (!is_loopback_host(parts->host) && !telegram_reaches) {
        return "has a port that Telegram does not call; use 443, 80, 88 or 8443";
    }
    return std::nullopt;
}

Wrong read_secret(const std::string& text, base::Secret& into) {
    if (!printable(text)) return "holds a blank, a line break or another unprintable character";
    into = base::Secret(text);
    return std::nullopt;
}

Wrong read_database_url(const std::string& text, Config& config) {
    const bool url = text.starts_with("postgresql://") || text.starts_with("postgres://");
    const bool pairs = text.find('=') != std::string::npos && text.find("://") == std::string::npos;
    if (!url && !pairs) {
        return "must be like postgresql://user:password@host:5432/database, or libpq's "
               "\"host=… dbname=…\"";
    }
    config.database_url = base::Secret(text);
    return std::nullopt;
}

Wrong read_master_keys(const std::string& text, Config& config) {
    std::string_view rest = text;
    for (int position = 1;; ++position) {
        const auto comma = rest.find(',');
        std::string_view part = rest.substr(0, comma);
        const auto first = part.find_first_not_of(' ');
        part = first == std::string_view::npos ? std::string_view{} : part.substr(first);
        part = part.substr(0, part.find_last_not_of(' ') + 1);
        auto key = base::base64_decode(part);
        if (!key || key->size() != 32) {
            return fmt::format(
                "key {} is not 32 bytes in base64; make one with: openssl rand -base64 32",
                position);
        }
        // Both base64 alphabets are read; kept is one spelling, so that a repeated key is found.
        base::Secret canonical(base::base64_encode(*key));
        for (const base::Secret& other : config.master_keys) {
            if (other.equals(canonical.reveal())) {
                return fmt::format("key {} is there twice", position);
            }
        }
        config.master_keys.push_back(std::move(canonical));
        if (comma == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(comma + 1);
    }
}

bool is_listen_host(std::string_view text) {
    return text == "localhost" || (!text.empty() && only(text, "0123456789abcdefABCDEF.:"));
}

Wrong read_listen(const std::string& text, Config& config) {
    if (!is_listen_host(text)) {
        return "must be an IP address: 127.0.0.1 for this machine only, 0.0.0.0 for all";
    }
    config.listen_host = text;
    return std::nullopt;
}

/// HOST:PORT, an IPv6 address in brackets.
Wrong read_admin_listen(const std::string& text, Config& config) {
    const Wrong wrong = "must be an IP address and a port, such as 127.0.0.1:9090 or [::1]:9090";
    const auto colon = text.rfind(':');
    if (colon == std::string::npos) return wrong;
    std::string_view host = std::string_view(text).substr(0, colon);
    const bool bracketed = host.starts_with('[') && host.ends_with(']');
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto port = number(std::string_view(text).substr(colon + 1));
    const bool v6 = host.find(':') != std::string_view::npos;
    if (!is_listen_host(host) || v6 != bracketed || !port || *port < 0 || *port > 65535) {
        return wrong;
    }
    config.admin_host = host;
    config.admin_port = static_cast<std::uint16_t>(*port);
    return std::nullopt;
}

Wrong read_word(const std::string& text, std::string& into) {
    const bool fits = text.size() <= 63 &&
                      only(text.substr(0, 1), "abcdefghijklmnopqrstuvwxyz0123456789") &&
                      only(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    if (!fits) return "must be a name of letters a-z, digits, '.', '_' and '-'";
    into = text;
    return std::nullopt;
}

Wrong read_provider(const std::string& text, Config& config) {
    if (text != "hetzner") return "must be hetzner";
    config.provider = text;
    return std::nullopt;
}

Wrong read_stray_servers(const std::string& text, Config& config) {
    if (text != "destroy" && text != "report") return "must be destroy or report";
    config.destroy_strays = text == "destroy";
    return std::nullopt;
}

Wrong read_path(const std::string& text, std::string& into) {
    if (text.find('\0') != std::string::npos || !text.starts_with('/')) {
        return "must be an absolute path";
    }
    into = text;
    return std::nullopt;
}

Wrong read_version(const std::string& text, Config& config) {
    const auto parts = std::count(text.begin(), text.end(), '.');
    const bool fits = parts == 2 && text.front() != '.' && text.back() != '.' &&
                      text.find("..") == std::string::npos &&
                      only(text.substr(0, text.find('-')), "0123456789.") && printable(text) &&
                      text.find('/') == std::string::npos;
    if (!fits) return "must be a version such as 2026.9.6";
    config.openclaw_version = text;
    return std::nullopt;
}

Wrong read_aliases(const std::string& text, Config& config) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string_view pair = rest.substr(0, comma);
        const auto equals = pair.find('=');
        const auto slash = pair.find('/');
        if (equals == std::string_view::npos || equals == 0 || slash == std::string_view::npos ||
            slash <= equals + 1 || slash + 1 == pair.size() || !printable(pair)) {
            return "must be like claude-opus=anthropic/claude-opus-5,gpt-5=openai/gpt-5.6";
        }
        config.model_aliases[std::string(pair.substr(0, equals))] = pair.substr(equals + 1);
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    }
    return std::nullopt;
}

Wrong read_capabilities(const std::string& text, Config& config) {
    const auto json = base::parse_json(text, 16U << 10U);
    if (!json) return "must be a JSON object such as {\"region\": \"fsn1\", \"memoryGb\": 64}";
    if (const auto checked = core::check_capabilities(*json); !checked) {
        return "is wrong: " + checked.error().message;
    }
    config.capabilities = text;
    return std::nullopt;
}

Wrong read_scale_command(const std::string& text, Config& config) {
    if (text.find_first_of("'\"\\$`|;&<>") != std::string::npos) {
        return "is not read by a shell: give a program and plain arguments, and put the rest into "
               "a script; the number of processes becomes its last argument";
    }
    std::string_view rest = text;
    while (true) {
        const auto begin = rest.find_first_not_of(' ');
        if (begin == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(begin);
        config.scale_command.emplace_back(rest.substr(0, rest.find(' ')));
        rest.remove_prefix(config.scale_command.back().size());
    }
}

Wrong read_webhook_url(const std::string& text, Config& config) {
    std::string url;
    if (auto wrong = read_service_url(text, url)) return wrong;
    if (url.find_first_of("%{}") != std::string::npos) return "must hold no '%', '{' or '}'";
    config.alarm_webhook_url = base::Secret(url);
    return std::nullopt;
}

Wrong read_webhook_secret(const std::string& text, Config& config) {
    if (text.size() < 16)
        return "must have 16 characters at least; make one with: openssl rand -hex 32";
    return read_secret(text, config.alarm_webhook_secret);
}

Wrong read_plans_into(const std::string& text, Config& config) {
    config.billing.plans = core::usual_plans();
    return read_plans(text, config.billing.plans);
}

Wrong read_default_plan(const std::string& text, Config& config) {
    config.billing.default_plan = base::parse_enum<core::PlanName>(text);
    if (config.billing.default_plan || text == "none") return std::nullopt;
    return "must be starter, pro, enterprise or none";
}

template <std::chrono::seconds core::BillingPolicy::* member>
Wrong read_billing_seconds(const std::string& text, Config& config) {
    return read_seconds(text, 0, 3'650 * 86'400LL, config.billing.policy.*member);
}

/// Several while one takes the place of another.
Wrong read_billing_secrets(const std::string& text, Config& config) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        const std::string secret(rest.substr(0, comma));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        if (secret.size() < 16 || !printable(secret)) {
            return "must be one or more secrets, comma-separated, of 16 printable characters at "
                   "least each; make one with: openssl rand -hex 32";
        }
        config.billing_secrets.emplace_back(secret);
    }
    return std::nullopt;
}

template <int core::PoolPolicy::* member>
Wrong read_pool_number(const std::string& text, Config& config) {
    return read_number(text, 1, 10'000, config.pool.*member);
}

template <base::Milliseconds core::PoolPolicy::* member>
Wrong read_pool_seconds(const std::string& text, Config& config) {
    std::chrono::seconds value{0};
    Wrong wrong = read_seconds(text, 0, 86'400, value);
    if (!wrong) config.pool.*member = value;
    return wrong;
}

/// E-mail addresses, comma-separated.
Wrong read_admin_emails(const std::string& text, Config& config) {
    std::string_view rest = text;
    while (!rest.empty()) {
        const auto comma = rest.find(',');
        std::string email(rest.substr(0, comma));
        rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
        std::erase(email, ' ');
        const auto at = email.find('@');
        if (!printable(email) || at == 0 || at == std::string::npos || at + 1 == email.size()) {
            return "must be e-mail addresses like ada@example.org,bob@example.org";
        }
        config.admin_emails.push_back(std::move(email));
    }
    return std::nullopt;
}

Wrong read_log_level(const std::string& text, Config& config) {
    using base::LogLevel;
    constexpr auto levels =
        std::to_array<std::pair<std::string_view, LogLevel>>({{"debug", LogLevel::debug},
                                                              {"info", LogLevel::info},
                                                              {"warning", LogLevel::warning},
                                                              {"error", LogLevel::error}});
    for (const auto& [name, level] : levels) {
        if (name == text) {
            config.log_level = level;
            return std::nullopt;
        }
    }
    return "must be debug, info, warning or error";
}

template <core::OperationKind kind>
Wrong read_deadline(const std::string& text, Config& config) {
    return read_seconds(text, 10, 86'400, config.deadlines[kind]);
}

template <std::string Config::* member>
Wrong read_service_url_into(const std::string& text, Config& config) {
    return read_service_url(text, config.*member);
}
Wrong read_sentry_dsn(const std::string& text, Config& config) {
    if (!text.empty() && !core::parse_sentry_dsn(text)) {
        return "must be https://KEY@HOST/PROJECT, as the Sentry project's client keys show it";
    }
    return read_secret(text, config.sentry_dsn);
}
template <base::Secret Config::* member>
Wrong read_secret_into(const std::string& text, Config& config) {
    return read_secret(text, config.*member);
}
template <std::string Config::* member>
Wrong read_word_into(const std::string& text, Config& config) {
    return read_word(text, config.*member);
}

using core::OperationKind;

const std::array
    all_settings =
        {
            Setting{"HATCHERY_LISTEN", "127.0.0.1", false, {}, {}, read_listen},
            Setting{"PORT",
                    "8080",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_number(text, 0, 65535, config.port);
                    }},
            Setting{"HATCHERY_ADMIN_LISTEN", "", false, {}, {}, read_admin_listen},
            Setting{"HATCHERY_PUBLIC_URL", "", false, Need::service,
                    "set it to the https:// address at which Telegram reaches this machine",
                    read_public_url},
            Setting{"HATCHERY_LOG_LEVEL", "info", false, {}, {}, read_log_level},
            Setting{"DATABASE_URL", "", true, Need::database,
                    "set it to postgresql://user:password@host:5432/database", read_database_url},
            Setting{"HATCHERY_DATABASE_CONNECTIONS",
                    "16",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_number(text, 2, 200, config.database_connections);
                    }},
            Setting{"HATCHERY_MASTER_KEY", "", true, Need::service,
                    "make one with: openssl rand -base64 32", read_master_keys},
            Setting{"HATCHERY_WORKERS",
                    "32",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_number(text, 0, 256, config.workers);
                    }},
            Setting{"HATCHERY_WORKERS_MAX",
                    "",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_number(text, 1, 256, config.max_workers);
                    }},
            Setting{"HATCHERY_WORKER_CAPABILITIES", "{}", false, {}, {}, read_capabilities},
            Setting{"HATCHERY_POOL_JOBS_PER_WORKER",
                    "5",
                    false,
                    {},
                    {},
                    read_pool_number<&core::PoolPolicy::jobs_per_worker>},
            Setting{"HATCHERY_POOL_MIN",
                    "1",
                    false,
                    {},
                    {},
                    read_pool_number<&core::PoolPolicy::min_workers>},
            Setting{"HATCHERY_POOL_MAX",
                    "50",
                    false,
                    {},
                    {},
                    read_pool_number<&core::PoolPolicy::max_workers>},
            Setting{"HATCHERY_POOL_OUT_SECONDS",
                    "60",
                    false,
                    {},
                    {},
                    read_pool_seconds<&core::PoolPolicy::out_after>},
            Setting{"HATCHERY_POOL_IN_SECONDS",
                    "300",
                    false,
                    {},
                    {},
                    read_pool_seconds<&core::PoolPolicy::in_after>},
            Setting{"HATCHERY_SCALE_COMMAND", "", false, {}, {}, read_scale_command},
            Setting{"HATCHERY_ALARM_QUEUE_JOBS",
                    "100",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_number(text, 1, 1'000'000, config.alarms.queue_depth);
                    }},
            Setting{"HATCHERY_ALARM_OLDEST_JOB_SECONDS",
                    "300",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_seconds(text, 10, 86'400, config.alarms.oldest_job);
                    }},
            Setting{"HATCHERY_ALARM_TRANSACTION_SECONDS",
                    "600",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_seconds(text, 10, 86'400, config.alarms.oldest_transaction);
                    }},
            Setting{"HATCHERY_ALARM_WEBHOOK_URL", "", true, {}, {}, read_webhook_url},
            Setting{"HATCHERY_ALARM_WEBHOOK_SECRET", "", true, {}, {}, read_webhook_secret},
            Setting{"HATCHERY_LEASE_SECONDS",
                    "30",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_seconds(text, 2, 3'600, config.lease);
                    }},
            Setting{"HATCHERY_DEADLINE_DEPLOY_SECONDS",
                    "1800",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::deploy>},
            Setting{"HATCHERY_DEADLINE_STOP_SECONDS",
                    "600",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::stop>},
            Setting{"HATCHERY_DEADLINE_START_SECONDS",
                    "900",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::start>},
            Setting{"HATCHERY_DEADLINE_RESTART_SECONDS",
                    "900",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::restart>},
            Setting{"HATCHERY_DEADLINE_RECONFIGURE_SECONDS",
                    "900",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::reconfigure>},
            Setting{"HATCHERY_DEADLINE_DESTROY_SECONDS",
                    "900",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::destroy>},
            Setting{"HATCHERY_DEADLINE_CHAT_SECONDS",
                    "300",
                    false,
                    {},
                    {},
                    read_deadline<OperationKind::chat>},
            Setting{"HATCHERY_PLANS", "{}", false, {}, {}, read_plans_into},
            Setting{"HATCHERY_DEFAULT_PLAN", "enterprise", false, {}, {}, read_default_plan},
            Setting{"HATCHERY_BILLING_NOTICE_SECONDS",
                    "259200",
                    false,
                    {},
                    {},
                    read_billing_seconds<&core::BillingPolicy::notice>},
            Setting{"HATCHERY_BILLING_GRACE_SECONDS",
                    "259200",
                    false,
                    {},
                    {},
                    read_billing_seconds<&core::BillingPolicy::grace>},
            Setting{"HATCHERY_BILLING_RETENTION_SECONDS",
                    "2592000",
                    false,
                    {},
                    {},
                    read_billing_seconds<&core::BillingPolicy::retention>},
            Setting{"HATCHERY_BILLING_WEBHOOK_SECRET", "", true, {}, {}, read_billing_secrets},
            Setting{"HATCHERY_PROVIDER", "hetzner", false, {}, {}, read_provider},
            Setting{
                "HATCHERY_DEFAULT_REGION", "fsn1", false, {}, {}, read_word_into<&Config::region>},
            Setting{"HATCHERY_DEFAULT_SERVER_TYPE",
                    "cx23",
                    false,
                    {},
                    {},
                    read_word_into<&Config::server_type>},
            Setting{"HATCHERY_STRAY_SERVERS", "destroy", false, {}, {}, read_stray_servers},
            Setting{"HATCHERY_STRAY_GRACE_SECONDS",
                    "600",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_seconds(text, 3, 86'400, config.stray_grace);
                    }},
            Setting{"HATCHERY_IMAGE", "debian-12", false, {}, {}, read_word_into<&Config::image>},
            Setting{"HATCHERY_SSH_PORT",
                    "22",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_number(text, 1, 65535, config.ssh_port);
                    }},
            Setting{
                "HETZNER_API_TOKEN", "", true, {}, {}, read_secret_into<&Config::hetzner_token>},
            Setting{"HETZNER_API_URL",
                    "https://api.hetzner.cloud/v1",
                    false,
                    {},
                    {},
                    read_service_url_into<&Config::hetzner_url>},
            Setting{"DIGITALOCEAN_API_TOKEN",
                    "",
                    true,
                    {},
                    {},
                    read_secret_into<&Config::digitalocean_token>},
            Setting{"DIGITALOCEAN_API_URL",
                    "https://api.digitalocean.com/v2",
                    false,
                    {},
                    {},
                    read_service_url_into<&Config::digitalocean_url>},
            Setting{"HATCHERY_BUNDLE_DIR",
                    "/var/lib/hatchery/bundles",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_path(text, config.bundle_dir);
                    }},
            Setting{"HATCHERY_OPENCLAW_VERSION", "2026.9.6", false, {}, {}, read_version},
            Setting{"HATCHERY_MODEL_ALIASES",
                    "claude-opus=anthropic/claude-opus-5,gpt-5=openai/gpt-5.6,"
                    "gemini=google/gemini-3.1-pro-preview",
                    false,
                    {},
                    {},
                    read_aliases},
            Setting{
                "ANTHROPIC_API_KEY", "", true, {}, {}, read_secret_into<&Config::anthropic_key>},
            Setting{"OPENAI_API_KEY", "", true, {}, {}, read_secret_into<&Config::openai_key>},
            Setting{
                "GOOGLE_AI_API_KEY", "", true, {}, {}, read_secret_into<&Config::google_ai_key>},
            Setting{"TELEGRAM_API_URL",
                    "https://api.telegram.org",
                    false,
                    {},
                    {},
                    read_service_url_into<&Config::telegram_url>},
            Setting{"HATCHERY_SERVER_TELEGRAM_API_URL",
                    "",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_url(text, config.server_telegram_url);
                    }},
            Setting{"GOOGLE_ISSUER_URL",
                    "https://accounts.google.com",
                    false,
                    {},
                    {},
                    read_service_url_into<&Config::google_issuer_url>},
            Setting{"GOOGLE_CLIENT_ID",
                    "",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        config.google_client_id = text;
                        return printable(text) ? Wrong{} : Wrong{"holds a blank or a line break"};
                    }},
            Setting{"GOOGLE_CLIENT_SECRET",
                    "",
                    true,
                    {},
                    {},
                    read_secret_into<&Config::google_client_secret>},
            Setting{"HATCHERY_ADMIN_EMAILS", "", false, {}, {}, read_admin_emails},
            Setting{"HATCHERY_SESSION_IDLE_SECONDS",
                    "43200",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_seconds(text, 300, 30 * 86'400, config.session.idle);
                    }},
            Setting{"HATCHERY_SESSION_MAX_SECONDS",
                    "2592000",
                    false,
                    {},
                    {},
                    [](const std::string& text, Config& config) {
                        return read_seconds(text, 300, 366 * 86'400, config.session.absolute);
                    }},
            Setting{"SENTRY_DSN", "", true, {}, {}, read_sentry_dsn},
            Setting{"HATCHERY_API_URL", "", false, {}, {}, read_service_url_into<&Config::api_url>},
            Setting{"HATCHERY_TOKEN", "", true, Need::client,
                    "make one with: hatchery token create --user you@example.com",
                    read_secret_into<&Config::api_token>},
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
