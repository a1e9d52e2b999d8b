#include "sandbox/telegram/webhook_rules.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>

namespace hatchery::sandbox::telegram {
namespace {

struct UrlParts {
    std::string scheme;
    std::string host;
    int port = 0;
};

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

bool is_clean(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return c > 0x20 && c < 0x7F; });
}

std::optional<int> parse_port(std::string_view digits, int otherwise) {
    if (digits.empty()) return otherwise;
    int port = 0;
    const auto [end, problem] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    const bool valid =
        problem == std::errc() && end == digits.data() + digits.size() && port > 0 && port < 65536;
    return valid ? std::optional<int>(port) : std::nullopt;
}

std::optional<UrlParts> split_url(std::string_view url) {
    const std::size_t colon = url.find("://");
    if (colon == std::string_view::npos || !is_clean(url) || url.size() > 2048) {
        return std::nullopt;
    }
    UrlParts parts{.scheme = lower(url.substr(0, colon)), .host = {}};
    const std::string_view rest = url.substr(colon + 3);
    std::string_view authority = rest.substr(0, rest.find_first_of("/?#"));
    if (authority.find('@') != std::string_view::npos) return std::nullopt;
    std::string_view port_text;
    const std::size_t bracket = authority.find(']');
    const std::size_t port_at =
        authority.find(':', bracket == std::string_view::npos ? 0 : bracket);
    if (port_at != std::string_view::npos) {
        port_text = authority.substr(port_at + 1);
        authority = authority.substr(0, port_at);
    }
    parts.host = lower(authority);
    const auto port = parse_port(port_text, parts.scheme == "http" ? 80 : 443);
    if (parts.host.empty() || !port) return std::nullopt;
    parts.port = *port;
    return parts;
}

bool is_loopback(const std::string& host) {
    if (host == "localhost" || host == "[::1]") return true;
    const bool only_digits = host.find_first_not_of("0123456789.") == std::string::npos;
    return only_digits && host.starts_with("127.");
}

}  // namespace

std::string webhook_url_problem(std::string_view url) {
    const auto parts = split_url(url);
    if (!parts || (parts->scheme != "https" && parts->scheme != "http")) {
        return "invalid webhook URL specified";
    }
    if (is_loopback(parts->host)) return {};
    if (parts->scheme != "https") {
        return "bad webhook: An HTTPS URL must be provided for webhook";
    }
    if (parts->port != 443 && parts->port != 80 && parts->port != 88 && parts->port != 8443) {
        return "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443";
    }
    return {};
}

std::string secret_token_problem(std::string_view secret) {
    if (secret.size() > 256) return "secret token is too long";
    const bool clean = std::all_of(secret.begin(), secret.end(), [](unsigned char c) {
        return std::isalnum(c) != 0 || c == '_' || c == '-';
    });
    return clean ? std::string() : "secret token contains unallowed characters";
}

}  // namespace hatchery::sandbox::telegram
