#include "sandbox/hetzner/project.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr int kSshPort = 22;
/// A range opens so many of its ports at most: each is a listening socket.
constexpr int kMaxPortsARule = 64;

std::set<int> ports_of(const std::string& range) {
    int first = 0;
    int last = 0;
    const char* const end = range.data() + range.size();
    const auto [after, error] = std::from_chars(range.data(), end, first);
    if (error != std::errc{}) {
        return {};
    }
    last = first;
    if (after != end && *after == '-') {
        std::from_chars(after + 1, end, last);
    }
    std::set<int> ports;
    for (int port = first; port <= std::min(last, first + kMaxPortsARule - 1); ++port) {
        ports.insert(port);
    }
    return ports;
}

}  // namespace

std::string to_rfc3339(Time time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S+00:00", &parts);
    return {text, length};
}

std::string to_text(ServerStatus status) {
    switch (status) {
        case ServerStatus::initializing:
            return "initializing";
        case ServerStatus::starting:
            return "starting";
        case ServerStatus::running:
            return "running";
        case ServerStatus::off:
            return "off";
        case ServerStatus::deleting:
            return "deleting";
    }
    return "unknown";
}

std::string to_text(ActionStatus status) {
    switch (status) {
        case ActionStatus::running:
            return "running";
        case ActionStatus::success:
            return "success";
        case ActionStatus::error:
            return "error";
    }
    return "error";
}

json Action::to_json() const {
    json resource_list = json::array();
    for (const auto& [type, resource_id] : resources) {
        resource_list.push_back({{"id", resource_id}, {"type", type}});
    }
    json result{{"id", id},
                {"command", command},
                {"status", to_text(status)},
                {"started", to_rfc3339(started)},
                {"finished", nullptr},
                {"progress", status == ActionStatus::running ? 0 : 100},
                {"resources", std::move(resource_list)},
                {"error", nullptr}};
    if (finished) {
        result["finished"] = to_rfc3339(*finished);
    }
    if (status == ActionStatus::error) {
        result["error"] = {{"code", error_code}, {"message", error_message}};
    }
    return result;
}

bool Action::concerns(const std::string& type, std::int64_t id_of_resource) const {
    return std::find(resources.begin(), resources.end(), std::pair(type, id_of_resource)) !=
           resources.end();
}

json SshKey::to_json() const {
    return {{"id", id},
            {"name", name},
            {"fingerprint", fingerprint},
            {"public_key", public_key},
            {"labels", labels},
            {"created", to_rfc3339(created)}};
}

bool Firewall::covers(const Server& server) const {
    return servers.contains(server.id) ||
           std::any_of(selectors.begin(), selectors.end(), [&](const std::string& text) {
               const auto selector = LabelSelector::parse(text);
               return selector && selector->matches(server.labels);
           });
}

std::set<int> Firewall::open_ports() const {
    std::set<int> ports;
    for (const json& rule : rules) {
        if (rule.at("direction") == "in" && rule.at("protocol") == "tcp" &&
            rule.at("port").is_string()) {
            ports.merge(ports_of(rule.at("port").get<std::string>()));
        }
    }
    return ports;
}

json Project::server_json(const Server& server) const {
    json firewall_list = json::array();
    for (const auto& [id, firewall] : firewalls) {
        if (firewall.covers(server)) {
            firewall_list.push_back({{"id", id}, {"status", "applied"}});
        }
    }
    const json ipv4{{"id", server.id},
                    {"ip", server.ipv4},
                    {"blocked", false},
                    {"dns_ptr", "static." + server.ipv4 + ".clients.invalid"}};
    const bool locked =
        server.status == ServerStatus::initializing || server.status == ServerStatus::deleting;
    return {{"id", server.id},
            {"name", server.name},
            {"status", to_text(server.status)},
            {"created", to_rfc3339(server.created)},
            {"public_net",
             {{"ipv4", ipv4},
              {"ipv6", nullptr},
              {"floating_ips", json::array()},
              {"firewalls", std::move(firewall_list)}}},
            {"private_net", json::array()},
            {"server_type", server.server_type},
            {"location", server.location},
            {"image", server.image},
            {"iso", nullptr},
            {"rescue_enabled", false},
            {"locked", locked},
            {"backup_window", nullptr},
            {"outgoing_traffic", 0},
            {"ingoing_traffic", 0},
            {"included_traffic", server.server_type.at("prices").at(0).at("included_traffic")},
            {"protection", {{"delete", false}, {"rebuild", false}}},
            {"labels", server.labels},
            {"volumes", json::array()},
            {"load_balancers", json::array()},
            {"primary_disk_size", server.server_type.at("disk")},
            {"placement_group", nullptr}};
}

json Project::firewall_json(const Firewall& firewall) const {
    json applied_to = json::array();
    for (const std::int64_t id : firewall.servers) {
        applied_to.push_back({{"type", "server"}, {"server", {{"id", id}}}});
    }
    for (const std::string& text : firewall.selectors) {
        json covered = json::array();
        const auto selector = LabelSelector::parse(text);
        for (const auto& [id, server] : servers) {
            if (selector && selector->matches(server.labels)) {
                covered.push_back({{"type", "server"}, {"server", {{"id", id}}}});
            }
        }
        applied_to.push_back({{"type", "label_selector"},
                              {"label_selector", {{"selector", text}}},
                              {"applied_to_resources", std::move(covered)}});
    }
    return {{"id", firewall.id},         {"name", firewall.name},
            {"labels", firewall.labels}, {"created", to_rfc3339(firewall.created)},
            {"rules", firewall.rules},   {"applied_to", std::move(applied_to)}};
}

std::set<int> Project::open_ports(const Server& server) const {
    std::set<int> ports;
    bool any = false;
    for (const auto& [id, firewall] : firewalls) {
        if (firewall.covers(server)) {
            any = true;
            ports.merge(firewall.open_ports());
        }
    }
    return any ? ports : std::set<int>{kSshPort};
}

}  // namespace hatchery::sandbox
