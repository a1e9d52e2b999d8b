#include "account_client.hpp"

#include <thread>

#include "support/catch.hpp"

namespace hatchery::sandbox_test {

using nlohmann::json;

json droplet_body(const std::string& name) {
    return {{"name", name},
            {"region", "fra1"},
            {"size", "s-1vcpu-1gb"},
            {"image", "debian-12-x64"},
            {"tags", json::array({"k:v"})}};
}

std::string header(const sandbox::ApiAnswer& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers) {
        if (key == name) {
            return value;
        }
    }
    return "";
}

AccountClient::AccountClient(std::chrono::milliseconds boot_delay)
    : api(fleet, {.boot_delay = boot_delay, .log = [](const std::string&) {}}) {}

sandbox::ApiAnswer AccountClient::call(const std::string& method, const std::string& path,
                                       const json& body, sandbox::ApiCall more) {
    more.method = method;
    more.path = "/v2" + path;
    more.authorization = token.empty() ? "" : "Bearer " + token;
    more.body = body.is_null() ? "" : body.dump();
    return api.handle(more);
}

json AccountClient::get(const std::string& path, sandbox::ApiCall more) {
    const auto answer = call("GET", path, nullptr, std::move(more));
    if (answer.status != 200) {
        FAIL("GET " << path << " -> " << answer.status << " " << answer.body.dump());
    }
    return answer.body;
}

json AccountClient::create(const std::string& name, const json& more) {
    json body = droplet_body(name);
    body.update(more.is_null() ? json::object() : more);
    const auto answer = call("POST", "/droplets", body);
    if (answer.status != 202) {
        FAIL("create -> " << answer.status << " " << answer.body.dump());
    }
    return answer.body["droplet"];
}

json AccountClient::wait_for_status(const json& id, const std::string& status) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    while (std::chrono::steady_clock::now() < deadline) {
        // Past the limits: an account may not ask much oftener than four times a second for long.
        json droplet = get("/sandbox/droplets/" + id.dump())["droplet"];
        if (droplet["status"] == status) {
            return droplet;
        }
        std::this_thread::yield();
    }
    FAIL("the Droplet never was " << status);
    return nullptr;
}

void AccountClient::set_faults(const json& faults) {
    REQUIRE(call("PUT", "/sandbox/faults", faults).status == 200);
}

}  // namespace hatchery::sandbox_test
