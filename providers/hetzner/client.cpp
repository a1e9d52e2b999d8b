#include "providers/hetzner/client.hpp"

#include <fmt/format.h>

#include <charconv>

#include "base/json_value.hpp"
#include "providers/hetzner/codec.hpp"

namespace hatchery::providers::hetzner {

namespace {

/// Hetzner's largest page. A project holds far fewer servers than the pages that are read.
constexpr int servers_per_page = 50;
constexpr int max_pages = 400;
constexpr std::size_t max_answer_bytes = 4U << 20U;

std::optional<long> header_number(const ports::HttpResponse& response, const std::string& name) {
    const auto found = response.headers.find(name);
    if (found == response.headers.end()) return std::nullopt;
    long value = 0;
    const std::string& text = found->second;
    const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
    return read.ec == std::errc{} ? std::optional(value) : std::nullopt;
}

}  // namespace

Client::Client(HetznerOptions options, ports::HttpTransport& transport, const base::Clock& clock)
    : options_(std::move(options)), transport_(transport), clock_(clock) {
    while (options_.base_url.ends_with('/')) options_.base_url.pop_back();
}

base::Result<base::Json> Client::get(std::string_view what, const std::string& path,
                                     const base::Call& call) {
    ports::HttpRequest request;
    request.url = options_.base_url + path;
    return send(std::move(request), {.what = what, .access = Access::reads}, call);
}

base::Result<base::Json> Client::post(std::string_view what, const std::string& path,
                                      const base::Json& body, const base::Call& call) {
    ports::HttpRequest request;
    request.method = "POST";
    request.url = options_.base_url + path;
    // Hetzner describes no body for calls that take none.
    if (!body.is_null()) {
        request.headers.emplace_back("Content-Type", "application/json");
        request.body = base::dump_json(body);
    }
    return send(std::move(request), {.what = what, .access = Access::writes}, call);
}

base::Result<base::Json> Client::remove(std::string_view what, const std::string& path,
                                        const base::Call& call) {
    ports::HttpRequest request;
    request.method = "DELETE";
    request.url = options_.base_url + path;
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
            what, fmt::format("{}{}page={}&per_page={}", path, separator, page, servers_per_page),
            call);
        if (!answer) return base::fail(std::move(answer.error()));
        const base::Json& found = base::json_member(*answer, key);
        if (!found.is_array()) {
            return base::fail(base::ErrorKind::bad_response,
                              fmt::format("Hetzner's answer to \"{}\" lacks \"{}\".", what, key));
        }
        items.insert(items.end(), found.begin(), found.end());
        const auto next = next_page(*answer);
        if (!next) return items;
        if (*next <= page) break;
        page = *next;
    }
    // Half a list taken for a whole one would make servers look lost.
    return base::fail(base::ErrorKind::bad_response,
                      fmt::format("Hetzner's answer to \"{}\" has pages without end.", what));
}

std::optional<RequestBudget> Client::budget() const {
    const std::scoped_lock lock(mutex_);
    return budget_;
}

base::Result<base::Json> Client::send(ports::HttpRequest request, const CallSubject& subject,
                                      const base::Call& call) {
    request.bearer = options_.token;
    request.headers.emplace_back("Accept", "application/json");
    request.max_response_bytes = max_answer_bytes;
    auto response = transport_.send(request, call);
    if (!response) {
        return base::fail(transport_failure(subject, std::move(response.error())));
    }
    keep_budget(*response);
    if (response->status / 100 != 2) return base::fail(refusal(subject, *response));
    if (response->status == 204) return base::Json();
    auto answer = base::parse_json(response->body, max_answer_bytes);
    if (!answer) return base::fail(nonsense(subject, *response));
    return std::move(*answer);
}

void Client::keep_budget(const ports::HttpResponse& response) {
    const auto limit = header_number(response, "ratelimit-limit");
    const auto remaining = header_number(response, "ratelimit-remaining");
    if (!limit || !remaining) return;
    const std::scoped_lock lock(mutex_);
    budget_ = RequestBudget{.limit = *limit, .remaining = *remaining, .seen_at = clock_.now()};
}

}  // namespace hatchery::providers::hetzner
