#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "sandbox/digitalocean/digitalocean_api.hpp"
#include "sandbox/hosts/simulated_fleet.hpp"

namespace hatchery::sandbox_test {

/// The API over simulated hosts, and calls to it as one account.
class AccountClient {
public:
    explicit AccountClient(std::chrono::milliseconds boot_delay = {});

    sandbox::ApiAnswer call(const std::string& method, const std::string& path,
                            const nlohmann::json& body = nullptr, sandbox::ApiCall more = {});
    /// The body of a GET that must succeed.
    nlohmann::json get(const std::string& path, sandbox::ApiCall more = {});
    /// A Droplet from a body with these fields added to a right one; fails the test when refused.
    nlohmann::json create(const std::string& name, const nlohmann::json& more = {});
    /// Fails the test when the Droplet does not get there within some seconds.
    nlohmann::json wait_for_status(const nlohmann::json& id, const std::string& status);
    void set_faults(const nlohmann::json& faults);

    std::string token = "account-1";
    sandbox::SimulatedFleet fleet;
    sandbox::DigitalOceanApi api;
};

/// The body of a right POST /v2/droplets.
nlohmann::json droplet_body(const std::string& name);

/// The value of a header; empty when there is none.
std::string header(const sandbox::ApiAnswer& answer, const std::string& name);

}  // namespace hatchery::sandbox_test
