#include "watched_wire.hpp"

#include <algorithm>

namespace hatchery::cloud_faults {

namespace {

constexpr std::size_t longest_answer = 8U << 20U;

/// Hetzner has it in the server, DigitalOcean in a list of networks.
std::string address_of(const base::Json& machine) {
    const auto& net = base::json_member(machine, "public_net");
    if (net.is_object()) return base::json_string(base::json_member(net, "ipv4"), "ip");
    for (const auto& network : base::json_member(base::json_member(machine, "networks"), "v4")) {
        if (base::json_string(network, "type") == "public") {
            return base::json_string(network, "ip_address");
        }
    }
    return {};
}

std::string planted_key(const std::string& user_data) {
    const std::string field = R"("ed25519_public":")";
    const auto start = user_data.find(field);
    if (start == std::string::npos) return {};
    const auto begin = start + field.size();
    return user_data.substr(begin, user_data.find('"', begin) - begin);
}

}  // namespace

base::Result<ports::HttpResponse> WatchedWire::send(const ports::HttpRequest& request,
                                                    const base::Call& call) {
    // Also of a create whose answer never comes.
    if (request.method == "POST") learn_key(request.body);
    auto response = inner_.send(request, call);
    if (!response) return response;
    const std::scoped_lock lock(mutex_);
    if (response->status == 429) ++refusals_;
    if (request.method == "GET") read_.push_back(request.url);
    if (response->status / 100 != 2) return response;
    if (request.method == "DELETE") forget_machine(request.url);
    if (const auto answer = base::parse_json(response->body, longest_answer)) {
        learn_machines(*answer);
    }
    return response;
}

void WatchedWire::plant_wrong_keys(int machines) {
    const std::scoped_lock lock(mutex_);
    wrong_keys_ = machines;
}

int WatchedWire::reused_addresses() const {
    const std::scoped_lock lock(mutex_);
    return reused_;
}

int WatchedWire::refusals() const {
    const std::scoped_lock lock(mutex_);
    return refusals_;
}

int WatchedWire::reads_of(const std::string& what) const {
    const std::scoped_lock lock(mutex_);
    return static_cast<int>(std::ranges::count_if(
        read_, [&](const std::string& url) { return url.find(what) != std::string::npos; }));
}

void WatchedWire::learn_key(const std::string& body) {
    const auto request = base::parse_json(body, longest_answer);
    if (!request) return;
    const auto key = planted_key(base::json_string(*request, "user_data"));
    if (key.empty()) return;
    const std::scoped_lock lock(mutex_);
    planted_[base::json_string(*request, "name")] = key;
}

void WatchedWire::learn_machines(const base::Json& answer) {
    for (const auto* one : {"server", "droplet"}) {
        const auto& machine = base::json_member(answer, one);
        if (machine.is_object()) learn_machine(machine);
    }
    for (const auto* many : {"servers", "droplets"}) {
        const auto& machines = base::json_member(answer, many);
        if (!machines.is_array()) continue;
        for (const auto& machine : machines) learn_machine(machine);
    }
}

void WatchedWire::learn_machine(const base::Json& machine) {
    const auto status = base::json_string(machine, "status");
    const auto key = planted_.find(base::json_string(machine, "name"));
    const auto address = address_of(machine);
    if ((status != "running" && status != "active") || address.empty()) return;
    if (key == planted_.end()) return;
    const auto id = std::to_string(base::json_int(machine, "id"));
    if (at_[address] == id) return;
    at_[address] = id;
    if (!last_at_[address].empty() && last_at_[address] != id) ++reused_;
    last_at_[address] = id;
    const bool wrong = wrong_keys_ > 0;
    if (wrong) --wrong_keys_;
    hosts_.replace_server(address);
    hosts_.add_server(address, wrong ? "ssh-ed25519 NOBODYPLANTEDTHIS" : key->second);
}

void WatchedWire::forget_machine(const std::string& url) {
    const auto id = url.substr(url.rfind('/') + 1);
    for (auto& [address, machine] : at_) {
        if (machine != id) continue;
        machine.clear();
        hosts_.take_down(address);
    }
}

}  // namespace hatchery::cloud_faults
