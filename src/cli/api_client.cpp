#include "cli/api_client.hpp"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/ids.hpp"

namespace hatchery::cli {

namespace {

using base::ErrorKind;
using base::Json;

/// A deploy verifies its token with Telegram while we wait.
constexpr base::Milliseconds call_limit{75'000};

ErrorKind kind_of(int status) {
    switch (status) {
        case 401:
        case 402:
        case 403:
            return ErrorKind::unauthorized;
        case 404:
            return ErrorKind::not_found;
        case 409:
        case 412:
            return ErrorKind::conflict;
        case 429:
            return ErrorKind::rate_limited;
        case 502:
        case 503:
        case 504:
            return ErrorKind::unavailable;
        default:
            return status >= 400 && status < 500 ? ErrorKind::invalid : ErrorKind::internal;
    }
}

/// RFC 9457 as the API writes it. An answer that is no problem+json came from something else.
base::Error read_problem(const ports::HttpResponse& response, const std::string& base_url) {
    base::Error error{.kind = kind_of(response.status)};
    const auto body = base::parse_json(response.body);
    if (!body || !body->is_object() || !body->contains("code")) {
        error.kind = response.status >= 500 ? ErrorKind::unavailable : ErrorKind::bad_response;
        error.message = fmt::format("{} answered with status {} and no explanation.", base_url,
                                    response.status);
        error.next_action = "Check that HATCHERY_API_URL is Hatchery's address.";
        return error;
    }
    error.message = base::json_string(*body, "detail", base::json_string(*body, "title"));
    error.next_action = base::json_string(*body, "nextAction");
    // Whoever types a command has no tag to renew; the command reads it anew.
    if (response.status == 412) error.next_action = "Run the command again.";
    error.code = base::json_string(*body, "code");
    for (const auto& wrong : base::json_member(*body, "errors")) {
        error.message += fmt::format("\n  {}: {}", base::json_string(wrong, "field"),
                                     base::json_string(wrong, "message"));
    }
    const auto operation = base::json_string(*body, "operationId");
    if (!operation.empty()) {
        error.message += fmt::format(" (operation {})", operation);
        error.context.emplace_back("operation", operation);
    }
    return error;
}

}  // namespace

std::string percent_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~';
        encoded +=
            plain ? std::string(1, c) : fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

base::Result<Json> ApiClient::send(ports::HttpRequest request, std::string* tag) {
    request.url = base_url_ + request.url;
    request.bearer = token_;
    request.headers.emplace_back("Accept", "application/json");
    auto response = http_.send(request, base::Call::within(call_limit));
    if (!response) {
        base::Error error = std::move(response).error();
        error.message = error.kind == ErrorKind::unavailable
                            ? fmt::format("The API at {} does not answer.", base_url_)
                            : fmt::format("The API at {} failed: {}", base_url_, error.message);
        error.next_action =
            "Is `hatchery serve` running there? HATCHERY_API_URL names the address.";
        return base::fail(std::move(error));
    }
    if (response->status < 200 || response->status >= 300) {
        return base::fail(read_problem(*response, base_url_));
    }
    if (tag != nullptr) {
        const auto given = response->headers.find("etag");
        *tag = given == response->headers.end() ? std::string{} : given->second;
    }
    if (response->body.empty()) return Json::object();
    auto body = base::parse_json(response->body, 16U << 20U);
    if (!body) {
        return base::fail(ErrorKind::bad_response,
                          fmt::format("{} answered with something that is not JSON.", base_url_),
                          "Check that HATCHERY_API_URL is Hatchery's address.");
    }
    return body;
}

base::Result<Json> ApiClient::get(const std::string& path) { return send({.url = path}); }

base::Result<Json> ApiClient::get_tagged(const std::string& path, std::string& tag) {
    return send({.url = path}, &tag);
}

base::Result<Json> ApiClient::post(const std::string& path, const Json& body) {
    return send({.method = "POST",
                 .url = path,
                 .headers = {{"Content-Type", "application/json"}},
                 .body = base::dump_json(body)});
}

base::Result<Json> ApiClient::post(const std::string& path) {
    return send({.method = "POST", .url = path});
}

base::Result<Json> ApiClient::put(const std::string& path, const Json& body,
                                  const std::string& if_match) {
    ports::HttpRequest request{.method = "PUT",
                               .url = path,
                               .headers = {{"Content-Type", "application/json"}},
                               .body = base::dump_json(body)};
    if (!if_match.empty()) request.headers.emplace_back("If-Match", if_match);
    return send(std::move(request));
}

base::Result<Json> ApiClient::remove(const std::string& path) {
    return send({.method = "DELETE", .url = path});
}

base::Result<std::vector<Json>> ApiClient::all(const std::string& path, Json* first) {
    std::vector<Json> items;
    std::string cursor;
    do {
        const std::string page = path + (path.find('?') == std::string::npos ? "?" : "&") +
                                 "limit=200" +
                                 (cursor.empty() ? "" : "&after=" + percent_encoded(cursor));
        auto answer = get(page);
        if (!answer) return base::fail(std::move(answer).error());
        for (const auto& item : base::json_member(*answer, "items")) items.push_back(item);
        const bool is_first = cursor.empty();
        cursor = base::json_string(*answer, "next");
        if (is_first && first != nullptr) *first = *std::move(answer);
    } while (!cursor.empty());
    return items;
}

base::Result<Json> ApiClient::find_bot(const std::string& id_or_name) {
    if (base::is_uuid(id_or_name)) return get("/api/bots/" + id_or_name);
    auto bots = all("/api/bots");
    if (!bots) return base::fail(std::move(bots).error());
    const Json* found = nullptr;
    for (const Json& bot : *bots) {
        if (base::json_string(bot, "name") != id_or_name) continue;
        if (found != nullptr) {
            return base::fail(ErrorKind::conflict,
                              fmt::format("Several bots are called '{}'.", id_or_name),
                              "Give the id that `hatchery bots` shows.");
        }
        found = &bot;
    }
    if (found == nullptr) {
        return base::fail(ErrorKind::not_found,
                          fmt::format("There is no bot called '{}'.", id_or_name),
                          "`hatchery bots` lists them.");
    }
    return *found;
}

}  // namespace hatchery::cli
