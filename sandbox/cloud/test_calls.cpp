#include "sandbox/cloud/test_calls.hpp"

#include "sandbox/cloud/routing.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

/// Mishaps of one host.
ApiAnswer answer_host_call(const ApiCall& call, const std::vector<std::string_view>& segments,
                           Fleet& fleet) {
    std::int64_t id = 0;
    if (segments.size() == 3 && segments[0] == "hosts" && call.method == "POST" &&
        is_id(segments[1], id)) {
        if (segments[2] == "freeze" || segments[2] == "thaw") {
            fleet.freeze(id, segments[2] == "freeze");
            return {.status = 204, .body = nullptr};
        }
        if (segments[2] == "powercut") {
            fleet.power_off(id);
            return {.status = 204, .body = nullptr};
        }
        if (segments[2] == "reset-connections") {
            fleet.reset_connections(id);
            return {.status = 204, .body = nullptr};
        }
    }
    throw ApiError{404, "not_found", "the sandbox has no such route", nullptr};
}

}  // namespace

ApiAnswer answer_test_call(const ApiCall& call, const std::string& what, Fleet& fleet,
                           RequestLog& requests) {
    if (what == "requests" && call.method == "GET") {
        return {.body = requests.to_json()};
    }
    if (what == "requests" && call.method == "DELETE") {
        requests.reset();
        return {.status = 204, .body = nullptr};
    }
    if (what == "hosts" && call.method == "GET") {
        json hosts = json::array();
        for (const HostInfo& host : fleet.list()) {
            hosts.push_back({{"id", host.id},
                             {"name", host.name},
                             {"publicIp", host.public_ipv4},
                             {"upperDir", host.upper_dir.empty() ? json() : json(host.upper_dir)}});
        }
        return {.body = {{"hosts", std::move(hosts)}}};
    }
    return answer_host_call(call, split_path("/" + what), fleet);
}

}  // namespace hatchery::sandbox
