#include "providers/rest/client.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/json_value.hpp"
#include "ports/header_number.hpp"
#include "providers/rest/errors.hpp"

namespace hatchery::providers::rest {

namespace {

/// A project holds far fewer things than the pages that are read.
constexpr int max_pages = 400;
constexpr std::size_t max_answer_bytes = 8U << 20U;

}  // namespace

std::string query_escape(std::string_view text) {
    static constexpr std::string_view unreserved = "-._~";
    std::string escaped;
    for (const char c : text) {
        const bool plain = std::isalnum(static_cast<unsigned char>(c)) != 0 ||
                           unreserved.find(c) != std::string_view::npos;
        if (plain) {
            escaped.push_back(c);
        } else {
            escaped += fmt::format("%{:02X}", static_cast<unsigned char>(c));
        }
    }
    return escaped;
}

base::Result<void> check_id(std::string_view provider, const std::string& id) {
    const bool is_number = !id.empty() && id.size() <= 19 &&
                           std::ranges::all_of(id, [](char c) { return c >= '0' && c <= '9'; });
    if (is_number) return {};
    return base::fail(base::ErrorKind::invalid, fmt::format("A {} id is a number.", provider));
}

std::string id_text(const base::Json& id) {
    if (id.is_number_integer()) return std::to_string(id.get<long long>());
    return id.is_string() ? id.get<std::string>() : std::string();
}

Client::Client(const Dialect& dialect, Entrance access, ports::HttpTransport& transport,
               const base::Clock& clock)
    : dialect_(dialect), access_(std::move(access)), transport_(transport), clock_(clock) {
    while (access_.base_url.ends_with('/')) access_.base_url.pop_back();
}

base::Result<base::Json> Client::get(std::string_view what, const std::string& path,
                                     const base::Call& call) {
    ports::HttpRequest request;
    request.url = access_.base_url + path;
    return send(std::move(request), {.what = what, .access = Access::reads}, call);
}

base::Result<base::Json> Client::post(std::string_view what, const std::string& path,
                                      const base::Json& body, const base::Call& call) {
    return write(what, "POST", path, body, call);
}

base::Result<base::Json> Client::put(std::string_view what, const std::string& path,
                                     const base::Json& body, const base::Call& call) {
    return write(what, "PUT", path, body, call);
}

base::Result<base::Json> Client::remove(std::string_view what, const std::string& path,
                                        const base::Call& call) {
    return write(what, "DELETE", path, base::Json(), call);
}

base::Result<base::Json> Client::write(std::string_view what, std::string_view method,
                                       const std::string& path, const base::Json& body,
                                       const base::Call& call) {
    ports::HttpRequest request;
    request.method = method;
    request.url = access_.base_url + path;
    // Calls that take no body are described without one.
    if (!body.is_null()) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = base::dump_json(body);
    }
    return send(std::move(request), {.what = what, .access = Access::writes}, call);
}

base::Result<std::vector<base::Json>> Client::get_all(std::string_view what,
                                                      const std::string& path,
                                                      const std::string& key,
                                                      const base::Call& call) {
    std::vector<base::Json> items;
    const char separator = path.find('?') == std::string::npos ? '?' : '&';
    long long page = 1;
    for (int pages = 0; pages < max_pages; ++pages) {
        auto answer = get(
            what, fmt::format("{}{}page={}&per_page={}", path, separator, page, dialect_.per_page),
            call);
        if (!answer) return base::fail(std::move(answer.error()));
        const base::Json& found = base::json_member(*answer, key);
        if (!found.is_array()) {
            return base::fail(
                base::ErrorKind::bad_response,
                fmt::format("{}'s answer to \"{}\" lacks \"{}\".", dialect_.provider, what, key));
        }
        items.insert(items.end(), found.begin(), found.end());
        const auto next = dialect_.next_page(*answer, page);
        if (!next) return items;
        if (*next <= page) break;
        page = *next;
    }
    // Half a list taken for a whole one would make servers look lost.
    return base::fail(
        base::ErrorKind::bad_response,
        fmt::format("{}'s answer to \"{}\" has pages without end.", dialect_.provider, what));
}

std::optional<RequestBudget> Client::budget() const {
    const std::scoped_lock lock(mutex_);
    return budget_;
}

base::Result<base::Json> Client::send(ports::HttpRequest request, const CallSubject& subject,
                                      const base::Call& call) {
    request.bearer = access_.token;
    request.headers.emplace_back("Accept", "application/json");
    request.max_response_bytes = max_answer_bytes;
    auto response = transport_.send(request, call);
    if (!response) {
        return base::fail(
            transport_failure(dialect_.provider, subject, std::move(response.error())));
    }
    keep_budget(*response);
    if (response->status / 100 != 2)
        return base::fail(dialect_.refusal(subject, *response, clock_.now()));
    if (response->status == 204) return base::Json();
    auto answer = base::parse_json(response->body, max_answer_bytes);
    if (!answer) return base::fail(nonsense(dialect_.provider, subject, *response));
    return std::move(*answer);
}

void Client::keep_budget(const ports::HttpResponse& response) {
    const auto limit = ports::header_number(response, "ratelimit-limit");
    const auto remaining = ports::header_number(response, "ratelimit-remaining");
    if (!limit || !remaining) return;
    const std::scoped_lock lock(mutex_);
    budget_ = RequestBudget{.limit = static_cast<long>(*limit),
                            .remaining = static_cast<long>(*remaining),
                            .seen_at = clock_.now()};
}

}  // namespace hatchery::providers::rest
