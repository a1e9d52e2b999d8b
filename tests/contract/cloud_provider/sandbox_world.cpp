#include "contract/cloud_provider/sandbox_world.hpp"

#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "base/json_value.hpp"
#include "net/curl_transport.hpp"

namespace hatchery::contract {

namespace {

using namespace std::chrono_literals;
using providers::ResourceKind;

std::string_view http_method(Method method) {
    switch (method) {
        case Method::create:
        case Method::power:
        case Method::create_resource:
        case Method::change_resource:
            return "POST";
        case Method::remove:
        case Method::remove_resource:
            return "DELETE";
        case Method::find:
        case Method::get:
        case Method::list:
        case Method::offers:
        case Method::images:
        case Method::limits:
        case Method::list_resources:
        case Method::actions:
            return "GET";
    }
    return "*";
}

base::Call call() { return base::Call::within(30s); }

/// Asks again until it holds; the cloud's own actions take a moment.
template <typename Condition>
bool eventually(Condition condition) {
    const auto deadline = std::chrono::steady_clock::now() + 30s;
    while (std::chrono::steady_clock::now() < deadline) {
        if (condition()) return true;
        std::this_thread::sleep_for(20ms);
    }
    return false;
}

}  // namespace

SandboxWorld::SandboxWorld(SandboxCloud cloud, Route route)
    : cloud_(std::move(cloud)),
      transport_(net::make_curl_transport()),
      watch_(*transport_),
      sandbox_({.command = {HATCHERY_SANDBOX_PROGRAM, "--hosts", "none", "--boot-delay-ms", "100",
                            "--die-with-parent"},
                .capture_output = true}) {
    const auto ready = sandbox_.read_line(20s);
    if (!ready) throw std::runtime_error("the sandbox does not start");
    sandbox_url_ = base::json_string(*base::parse_json(*ready), cloud_.name);
    std::string url = sandbox_url_;
    if (route == Route::through_openapi_proxy) {
        const std::string upstream = url.substr(0, url.size() - cloud_.prefix_in_document.size());
        proxy_ = std::make_unique<OpenApiProxy>(openapi_document(cloud_.document), upstream);
        url = proxy_->url() + cloud_.prefix_in_document;
        expect_a_watchful_proxy();
    }
    provider_ = cloud_.make(url, watch_, clock_);
    direct_ = cloud_.make(sandbox_url_, *transport_, clock_);
}

void SandboxWorld::clear() {
    put_faults(no_faults());
    for (const char* installation : {"one", "two"}) {
        const auto listed = direct_->list_servers("installation", installation, call());
        if (!listed) throw std::runtime_error("clear: " + listed.error().message);
        for (const auto& server : *listed) remove(server.provider_server_id);
        remove_resources(installation);
    }
}

void SandboxWorld::remove_resources(const std::string& installation) {
    for (const auto kind : {ResourceKind::snapshot, ResourceKind::firewall, ResourceKind::ssh_key,
                            ResourceKind::primary_ip, ResourceKind::floating_ip}) {
        if (!direct_->can(providers::capability_of(kind))) continue;
        const auto listed = direct_->list_resources(kind, "installation", installation, call());
        if (!listed) throw std::runtime_error("clear: " + listed.error().message);
        for (const auto& resource : *listed) {
            if (direct_->delete_resource(kind, resource.id, call())) continue;
            throw std::runtime_error("clear: " + resource.name + " does not go");
        }
    }
}

bool SandboxWorld::comes_to(const std::string& id, providers::CloudServerStatus status) {
    return eventually([&] {
        const auto server = provider_->get_server(id, call());
        return server && *server && (*server)->status == status;
    });
}

void SandboxWorld::refuse_next(Method method, int status, const std::string& code) {
    put_faults(fmt::format(R"({{"error":[{{"method":"{}","status":{},"code":"{}","count":1}}]}})",
                           http_method(method), status, code));
}

void SandboxWorld::set_out_of_stock(const std::string& type, const std::string& region) {
    put_faults(fmt::format(R"({{"outOfStock":[{{"type":"{}","location":"{}"}}]}})", type, region));
}

void SandboxWorld::set_max_servers(int count) {
    put_faults(fmt::format(R"({{"quotaServers":{}}})", count));
}

void SandboxWorld::exhaust_requests() {
    put_faults(R"({"rateLimit":{"limit":3600,"remaining":0}})");
}

/// A proxy that objects to nothing proves nothing.
void SandboxWorld::expect_a_watchful_proxy() {
    ViolationWatch watch(*transport_);
    const auto refused =
        watch.send({.method = "POST",
                    .url = proxy_->url() + cloud_.prefix_in_document + cloud_.path_of_servers,
                    .bearer = base::Secret("contract-token"),
                    .body = R"({"name":"x"})"},
                   call());
    if (!refused || watch.violations().empty()) {
        throw std::runtime_error("the proxy lets a wrong request pass");
    }
}

void SandboxWorld::remove(const std::string& id) {
    const bool gone = eventually([&] {
        if (!direct_->delete_server(id, call())) return false;
        const auto server = direct_->get_server(id, call());
        return server && !*server;
    });
    if (!gone) throw std::runtime_error("a server does not go");
}

base::Json SandboxWorld::post(const std::string& path, const base::Json& body) {
    const auto response = transport_->send({.method = "POST",
                                            .url = sandbox_url_ + path,
                                            .headers = {{"Content-Type", "application/json"}},
                                            .bearer = base::Secret("contract-token"),
                                            .body = base::dump_json(body)},
                                           call());
    if (!response || response->status / 100 != 2) {
        throw std::runtime_error("the sandbox refuses " + path + ": " +
                                 (response ? response->body : response.error().message));
    }
    return base::parse_json(response->body).value();
}

void SandboxWorld::put_faults(const std::string& faults) {
    const auto response = transport_->send(
        {.method = "PUT", .url = sandbox_url_ + "/sandbox/faults", .body = faults}, call());
    if (!response || response->status / 100 != 2) {
        throw std::runtime_error("the sandbox takes no faults: " +
                                 (response ? response->body : response.error().message));
    }
}

std::string openapi_document(const std::string& name) {
    const char* const configured = std::getenv("HATCHERY_SPECS_DIR");
    const std::filesystem::path folder =
        configured != nullptr ? configured
                              : std::filesystem::path(HATCHERY_SOURCE_DIR) / "../shared/specs";
    const auto document = folder / (name + ".openapi.json");
    return std::filesystem::exists(document) ? std::filesystem::canonical(document).string()
                                             : std::string();
}

}  // namespace hatchery::contract
