#pragma once

#include <chrono>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "sandbox/hetzner/hetzner_api.hpp"
#include "sandbox/hosts/simulated_fleet.hpp"

namespace hatchery::sandbox_test {

/// The API over simulated hosts, and calls to it as one project.
class ApiClient {
public:
    explicit ApiClient(std::chrono::milliseconds boot_delay = {});

    sandbox::ApiAnswer call(const std::string& method, const std::string& path_and_query,
                            const nlohmann::json& body = nullptr);
    /// The body of a GET that must succeed.
    nlohmann::json get(const std::string& path_and_query);
    /// A server from a body with these fields added to a right one; fails the test when refused.
    nlohmann::json create(const std::string& name, const nlohmann::json& more = {});
    /// Fails the test when the server does not get there within some seconds.
    void wait_for_status(const nlohmann::json& id, const std::string& status);
    void wait_for_action(const nlohmann::json& id, const std::string& status);
    void set_faults(const nlohmann::json& faults);

    std::string token = "project-1";
    sandbox::SimulatedFleet fleet;
    sandbox::HetznerApi api;
};

/// The body of a right POST /servers.
nlohmann::json server_body(const std::string& name);

/// {"error":{"code":…}}
std::string error_code(const sandbox::ApiAnswer& answer);

/// Names of the fields that an invalid_input or uniqueness_error complains about.
std::vector<std::string> error_fields(const sandbox::ApiAnswer& answer);

/// Asks again and again until it is true or some seconds are over.
bool eventually(const std::function<bool()>& question);

}  // namespace hatchery::sandbox_test
