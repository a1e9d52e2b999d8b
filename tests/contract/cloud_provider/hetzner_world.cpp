#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <stdexcept>
#include <thread>

#include "base/json_value.hpp"
#include "contract/cloud_provider/cloud_world.hpp"
#include "contract/cloud_provider/openapi_proxy.hpp"
#include "net/curl_transport.hpp"
#include "providers/hetzner/hetzner_provider.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::contract {

namespace {

using namespace std::chrono_literals;

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
            return "GET";
    }
    return "*";
}

class HetznerWorld final : public CloudWorld {
public:
    explicit HetznerWorld(Route route) {
        const auto ready = sandbox_.read_line(20s);
        if (!ready) throw std::runtime_error("the sandbox does not start");
        sandbox_url_ = base::json_string(*base::parse_json(*ready), "hetzner");
        std::string url = sandbox_url_;
        if (route == Route::through_openapi_proxy) {
            proxy_ = std::make_unique<OpenApiProxy>(openapi_document("hetzner-cloud"), url);
            url = proxy_->url();
            expect_a_watchful_proxy();
        }
        provider_ = providers::make_hetzner_provider(
            {.base_url = url, .token = base::Secret("contract-token")}, watch_, clock_);
        direct_ = providers::make_hetzner_provider(
            {.base_url = sandbox_url_, .token = base::Secret("contract-token")}, *transport_,
            clock_);
    }

    providers::CloudProvider& provider() override { return *provider_; }
    providers::CreateServer plain_request(const std::string& name) override {
        return {.name = name,
                .region = "fsn1",
                .type = "cx23",
                .image = "debian-12",
                .labels = {{"installation", "one"}, {"bot", "some-bot"}},
                .user_data = base::Secret("#cloud-config\n")};
    }

    void clear() override {
        put_faults("{}");
        for (const char* installation : {"one", "two"}) {
            const auto listed = direct_->list_servers("installation", installation, call());
            if (!listed) throw std::runtime_error("clear: " + listed.error().message);
            for (const auto& server : *listed) remove(server.provider_server_id);
        }
    }

    bool runs_in_time(const std::string& id) override {
        return eventually([&] {
            const auto server = provider_->get_server(id, call());
            return server && *server && (*server)->status == providers::CloudServerStatus::running;
        });
    }
    void lose_next_create_answer() override { put_faults(R"({"createAnswerLost":1})"); }
    void refuse_next(Method method, int status, const std::string& code) override {
        put_faults(
            fmt::format(R"({{"error":[{{"method":"{}","status":{},"code":"{}","count":1}}]}})",
                        http_method(method), status, code));
    }
    void set_out_of_stock(const std::string& type, const std::string& region) override {
        put_faults(
            fmt::format(R"({{"outOfStock":[{{"type":"{}","location":"{}"}}]}})", type, region));
    }
    void set_max_servers(int count) override {
        put_faults(fmt::format(R"({{"quotaServers":{}}})", count));
    }
    void exhaust_requests() override {
        put_faults(R"({"rateLimit":{"limit":3600,"remaining":0}})");
    }
    std::string violations() override { return watch_.violations(); }

private:
    /// A proxy that objects to nothing proves nothing.
    void expect_a_watchful_proxy() {
        ViolationWatch watch(*transport_);
        const auto refused = watch.send({.method = "POST",
                                         .url = proxy_->url() + "/servers",
                                         .bearer = base::Secret("contract-token"),
                                         .body = R"({"name":"x"})"},
                                        call());
        if (!refused || watch.violations().empty()) {
            throw std::runtime_error("the proxy lets a wrong request pass");
        }
    }

    static base::Call call() { return base::Call::within(30s); }

    /// Asks again until it holds; the cloud's own actions take a moment.
    template <typename Condition>
    static bool eventually(Condition condition) {
        const auto deadline = std::chrono::steady_clock::now() + 30s;
        while (std::chrono::steady_clock::now() < deadline) {
            if (condition()) return true;
            std::this_thread::sleep_for(20ms);
        }
        return false;
    }

    void remove(const std::string& id) {
        const bool gone = eventually([&] {
            if (!direct_->delete_server(id, call())) return false;
            const auto server = direct_->get_server(id, call());
            return server && !*server;
        });
        if (!gone) throw std::runtime_error("a server does not go");
    }

    void put_faults(const std::string& faults) {
        const auto response = transport_->send(
            {.method = "PUT", .url = sandbox_url_ + "/sandbox/faults", .body = faults}, call());
        if (!response || response->status / 100 != 2) {
            throw std::runtime_error("the sandbox takes no faults: " +
                                     (response ? response->body : response.error().message));
        }
    }

    base::SystemClock clock_;
    std::unique_ptr<ports::HttpTransport> transport_ = net::make_curl_transport();
    ViolationWatch watch_{*transport_};
    support::ChildProcess sandbox_{{.command = {HATCHERY_SANDBOX_PROGRAM, "--hosts", "none",
                                                "--boot-delay-ms", "100", "--die-with-parent"},
                                    .capture_output = true}};
    std::string sandbox_url_;
    std::unique_ptr<OpenApiProxy> proxy_;
    std::unique_ptr<providers::CloudProvider> provider_;
    /// Past the proxy, for what is no part of a check.
    std::unique_ptr<providers::CloudProvider> direct_;
};

}  // namespace

std::unique_ptr<CloudWorld> make_hetzner_world(Route route) {
    return std::make_unique<HetznerWorld>(route);
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
