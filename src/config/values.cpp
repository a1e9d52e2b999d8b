#include "config/values.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace hatchery::config {

namespace {

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(' ');
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(' ') - first + 1);
}

std::string without_slash(std::string url) {
    while (url.ends_with('/')) url.pop_back();
    return url;
}

}  // namespace

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

std::vector<std::string_view> comma_list(std::string_view text) {
    std::vector<std::string_view> parts;
    do {
        const auto comma = text.find(',');
        parts.push_back(trimmed(text.substr(0, comma)));
        text = comma == std::string_view::npos ? std::string_view{} : text.substr(comma + 1);
    } while (!trimmed(text).empty());
    return parts;
}

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

Wrong read_whole(std::string_view text, long long least, long long most, long long& into) {
    const auto value = number(text);
    if (!value || *value < least || *value > most) {
        return fmt::format("must be a whole number from {} to {}", least, most);
    }
    into = *value;
    return std::nullopt;
}

Wrong read_url(const std::string& text, std::string& into) {
    if (!split_url(text)) {
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

Wrong read_secret(const std::string& text, base::Secret& into) {
    if (!printable(text)) return "holds a blank, a line break or another unprintable character";
    into = base::Secret(text);
    return std::nullopt;
}

Wrong read_word(const std::string& text, std::string& into) {
    constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz0123456789";
    const bool fits = text.size() <= 63 && letters.find(text.front()) != std::string_view::npos &&
                      only(text, "abcdefghijklmnopqrstuvwxyz0123456789._-");
    if (!fits) return "must be a name of letters a-z, digits, '.', '_' and '-'";
    into = text;
    return std::nullopt;
}

Wrong read_path(const std::string& text, std::string& into) {
    if (text.find('\0') != std::string::npos || !text.starts_with('/')) {
        return "must be an absolute path";
    }
    into = text;
    return std::nullopt;
}

Wrong read_printable(const std::string& text, std::string& into) {
    if (!printable(text)) return "holds a blank or a line break";
    into = text;
    return std::nullopt;
}

}  // namespace hatchery::config
