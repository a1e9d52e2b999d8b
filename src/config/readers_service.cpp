#include <fmt/format.h>

#include <array>

#include "base/encoding.hpp"
#include "config/readers.hpp"
#include "core/sentry_dsn.hpp"

namespace hatchery::config {

namespace {

bool is_listen_host(std::string_view text) {
    return text == "localhost" || (!text.empty() && only(text, "0123456789abcdefABCDEF.:"));
}

}  // namespace

Wrong read_listen(const std::string& text, Config& config) {
    if (!is_listen_host(text)) {
        return "must be an IP address: 127.0.0.1 for this machine only, 0.0.0.0 for all";
    }
    config.listen_host = text;
    return std::nullopt;
}

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
    int position = 0;
    for (const std::string_view part : comma_list(text)) {
        ++position;
        auto bytes = base::base64_decode(part);
        const base::Secret key(bytes ? std::move(*bytes) : std::string{});
        if (key.reveal().size() != 32) {
            return fmt::format(
                "key {} is not 32 bytes in base64; make one with: openssl rand -base64 32",
                position);
        }
        // Both base64 alphabets are read; kept is one spelling, so that a repeated key is found.
        base::Secret canonical(base::base64_encode(key.reveal()));
        for (const base::Secret& other : config.master_keys) {
            if (other.equals(canonical.reveal())) {
                return fmt::format("key {} is there twice", position);
            }
        }
        config.master_keys.push_back(std::move(canonical));
    }
    return std::nullopt;
}

Wrong read_sentry_dsn(const std::string& text, Config& config) {
    if (!core::parse_sentry_dsn(text)) {
        return "must be https://KEY@HOST/PROJECT, as the Sentry project's client keys show it";
    }
    return read_secret(text, config.sentry_dsn);
}

}  // namespace hatchery::config
