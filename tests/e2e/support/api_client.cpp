#include "e2e/support/api_client.hpp"

#include <httplib.h>

namespace hatchery::e2e {

ApiClient::ApiClient(const std::string& base_url, std::string bearer) : bearer_(std::move(bearer)) {
    const auto path = base_url.find('/', base_url.find("//") + 2);
    origin_ = base_url.substr(0, path);
    if (path != std::string::npos) prefix_ = base_url.substr(path);
}

Answer ApiClient::send(const std::string& method, const std::string& path, const base::Json* body,
                       const std::string& key) const {
    httplib::Client client(origin_);
    client.set_read_timeout(std::chrono::seconds(90));
    httplib::Request request;
    request.method = method;
    request.path = prefix_ + path;
    if (!bearer_.empty()) request.set_header("Authorization", "Bearer " + bearer_);
    if (!key.empty()) request.set_header("Idempotency-Key", key);
    if (body != nullptr) {
        request.body = base::dump_json(*body);
        request.set_header("Content-Type", "application/json");
    }
    const auto result = client.send(request);
    if (!result) return {};
    auto parsed = base::parse_json(result->body, 64U << 20U);
    return {.status = result->status, .body = parsed ? *std::move(parsed) : base::Json()};
}

std::string ApiClient::text(const std::string& path) const {
    httplib::Client client(origin_);
    const auto result = client.Get(prefix_ + path);
    return result ? result->body : "";
}

}  // namespace hatchery::e2e
