#include "net/request_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>

namespace hatchery::net {

namespace {

bool is_token(std::string_view text) {
    static constexpr std::string_view extra = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::ranges::all_of(text, [](char c) {
        return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
               extra.find(c) != std::string_view::npos;
    });
}

bool is_header_value(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

bool is_url_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}

std::string percent_encode(std::string_view text) {
    static constexpr std::string_view unreserved = "-._~:";
    std::string encoded;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (std::isalnum(byte) != 0 || unreserved.find(c) != std::string_view::npos) {
            encoded.push_back(c);
        } else {
            encoded += fmt::format("%{:02X}", byte);
        }
    }
    return encoded;
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
    if (what.empty()) return;
    for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + by.size())) {
        text.replace(at, what.size(), by);
    }
}

}  // namespace

base::Result<void> check_request(const ports::HttpRequest& request) {
    using base::ErrorKind;
    if (!request.url.starts_with("http://") && !request.url.starts_with("https://")) {
        return base::fail(ErrorKind::invalid, "an HTTP request needs an http or https URL");
    }
    if (!is_url_text(request.url)) {
        return base::fail(ErrorKind::invalid,
                          "the URL of an HTTP request holds characters that no URL may have");
    }
    if (!is_token(request.method)) {
        return base::fail(ErrorKind::invalid, "the method of an HTTP request is not a token");
    }
    for (const auto& [name, value] : request.headers) {
        if (!is_token(name) || !is_header_value(value)) {
            return base::fail(ErrorKind::invalid, "a header of an HTTP request is malformed");
        }
    }
    for (const auto& [name, value] : request.secret_headers) {
        if (!is_token(name) || !is_header_value(value.reveal())) {
            return base::fail(ErrorKind::invalid, "a header of an HTTP request is malformed");
        }
    }
    if (request.bearer && !is_header_value(request.bearer->reveal())) {
        return base::fail(ErrorKind::invalid, "the credential of an HTTP request is malformed");
    }
    return {};
}

std::string wire_url(const ports::HttpRequest& request) {
    std::string url = request.url;
    if (!request.url_secret) return url;
    const auto at = url.find(secret_place_holder);
    if (at != std::string::npos) {
        url.replace(at, secret_place_holder.size(), percent_encode(request.url_secret->reveal()));
    }
    return url;
}

std::string printable_target(const ports::HttpRequest& request) {
    return request.method + ' ' + request.url.substr(0, request.url.find('?'));
}

std::string without_secrets(std::string text, const ports::HttpRequest& request) {
    if (request.url_secret) {
        replace_all(text, request.url_secret->reveal(), secret_place_holder);
        replace_all(text, percent_encode(request.url_secret->reveal()), secret_place_holder);
    }
    if (request.bearer) replace_all(text, request.bearer->reveal(), secret_place_holder);
    for (const auto& header : request.secret_headers) {
        replace_all(text, header.second.reveal(), secret_place_holder);
    }
    return text;
}

std::string origin_of(std::string_view url) {
    const auto host = url.find("://") + 3;
    return std::string(url.substr(0, url.find_first_of("/?#", host)));
}

void add_header_line(ports::HttpResponse& response, std::string_view line) {
    while (!line.empty() && std::isspace(static_cast<unsigned char>(line.back())) != 0) {
        line.remove_suffix(1);
    }
    if (line.starts_with("HTTP/")) {
        response.headers.clear();
        return;
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
    auto value = line.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) {
        value.remove_prefix(1);
    }
    const auto [at, is_new] = response.headers.try_emplace(std::move(name), value);
    if (!is_new) at->second.append(", ").append(value);
}

}  // namespace hatchery::net
