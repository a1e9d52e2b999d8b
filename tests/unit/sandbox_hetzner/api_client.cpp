#include "api_client.hpp"

#include <thread>

#include "support/catch.hpp"

namespace hatchery::sandbox_test {
namespace {

constexpr auto kPatience = std::chrono::seconds(10);

}  // namespace

bool eventually(const std::function<bool()>& question) {
    const auto deadline = std::chrono::steady_clock::now() + kPatience;
    while (std::chrono::steady_clock::now() < deadline) {
        if (question()) {
            return true;
        }
        std::this_thread::yield();
    }
    return question();
}

nlohmann::json server_body(const std::string& name) {
    return {{"name", name}, {"server_type", "cpx22"}, {"image", "debian-12"}};
}

std::string error_code(const sandbox::ApiAnswer& answer) {
    return answer.body.is_object() && answer.body.contains("error")
               ? answer.body["error"]["code"].get<std::string>()
               : "";
}

std::vector<std::string> error_fields(const sandbox::ApiAnswer& answer) {
    std::vector<std::string> names;
    for (const auto& field : answer.body.at("error").at("details").at("fields")) {
        names.push_back(field.at("name").get<std::string>());
    }
    return names;
}

ApiClient::ApiClient(std::chrono::milliseconds boot_delay)
    : api(fleet, {.boot_delay = boot_delay, .log = [](const std::string&) {}}) {}

sandbox::ApiAnswer ApiClient::call(const std::string& method, const std::string& path_and_query,
                                   const nlohmann::json& body) {
    sandbox::ApiCall call;
    call.method = method;
    const auto mark = path_and_query.find('?');
    call.path = "/v1" + path_and_query.substr(0, mark);
    std::string rest = mark == std::string::npos ? "" : path_and_query.substr(mark + 1);
    while (!rest.empty()) {
        const auto end = rest.find('&');
        const std::string pair = rest.substr(0, end);
        const auto equals = pair.find('=');
        call.query.emplace(pair.substr(0, equals), pair.substr(equals + 1));
        rest = end == std::string::npos ? "" : rest.substr(end + 1);
    }
    call.authorization = token.empty() ? "" : "Bearer " + token;
    call.body = body.is_null() ? "" : body.dump();
    return api.handle(call);
}

nlohmann::json ApiClient::get(const std::string& path_and_query) {
    const auto answer = call("GET", path_and_query);
    INFO(path_and_query << " " << answer.body.dump());
    REQUIRE(answer.status == 200);
    return answer.body;
}

nlohmann::json ApiClient::create(const std::string& name, const nlohmann::json& more) {
    auto body = server_body(name);
    if (more.is_object()) {
        body.update(more);
    }
    const auto answer = call("POST", "/servers", body);
    INFO(answer.body.dump());
    REQUIRE(answer.status == 201);
    return answer.body;
}

void ApiClient::wait_for_status(const nlohmann::json& id, const std::string& status) {
    INFO("server " << id.dump() << " should become " << status);
    REQUIRE(eventually([&] { return get("/servers/" + id.dump())["server"]["status"] == status; }));
}

void ApiClient::wait_for_action(const nlohmann::json& id, const std::string& status) {
    INFO("action " << id.dump() << " should become " << status);
    REQUIRE(eventually([&] { return get("/actions/" + id.dump())["action"]["status"] == status; }));
}

void ApiClient::set_faults(const nlohmann::json& faults) {
    REQUIRE(call("PUT", "/sandbox/faults", faults).status == 200);
}

}  // namespace hatchery::sandbox_test
