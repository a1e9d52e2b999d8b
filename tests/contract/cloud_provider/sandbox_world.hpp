#pragma once

#include <functional>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "contract/cloud_provider/cloud_world.hpp"
#include "contract/cloud_provider/openapi_proxy.hpp"
#include "ports/http_transport.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::contract {

/// What differs between the sandbox's clouds.
struct SandboxCloud {
    /// Its key in the sandbox's ready line.
    std::string name;
    /// The published API description.
    std::string document;
    /// What the description's paths already carry: `/v2`.
    std::string prefix_in_document;
    /// A POST to this path of the API with `{"name":"x"}` is wrong.
    std::string path_of_servers;
    std::function<std::unique_ptr<providers::CloudProvider>(
        const std::string& url, ports::HttpTransport& transport, const base::Clock& clock)>
        make;
};

/// An adapter with the sandbox behind it.
class SandboxWorld : public CloudWorld {
public:
    SandboxWorld(SandboxCloud cloud, Route route);

    providers::CloudProvider& provider() override { return *provider_; }
    void clear() override;
    bool runs_in_time(const std::string& id) override {
        return comes_to(id, providers::CloudServerStatus::running);
    }
    bool comes_to(const std::string& id, providers::CloudServerStatus status) override;
    void lose_next_create_answer() override { put_faults(R"({"createAnswerLost":1})"); }
    void refuse_next(Method method, int status, const std::string& code) override;
    bool lock_next_delete() override {
        put_faults(R"({"deleteLocked":1})");
        return true;
    }
    void set_out_of_stock(const std::string& type, const std::string& region) override;
    void set_max_servers(int count) override;
    void exhaust_requests() override;
    std::string violations() override { return watch_.violations(); }

protected:
    /// The answer to a POST to this path of the API, past the proxy.
    base::Json post(const std::string& path, const base::Json& body);
    void put_faults(const std::string& faults);
    /// The faults of a world in which nothing goes wrong.
    [[nodiscard]] virtual std::string no_faults() const { return "{}"; }

private:
    void expect_a_watchful_proxy();
    void remove(const std::string& id);
    void remove_resources(const std::string& installation);

    SandboxCloud cloud_;
    base::SystemClock clock_;
    std::unique_ptr<ports::HttpTransport> transport_;
    ViolationWatch watch_;
    support::ChildProcess sandbox_;
    std::string sandbox_url_;
    std::unique_ptr<OpenApiProxy> proxy_;
    std::unique_ptr<providers::CloudProvider> provider_;
    /// Past the proxy, for what is no part of a check.
    std::unique_ptr<providers::CloudProvider> direct_;
};

}  // namespace hatchery::contract
