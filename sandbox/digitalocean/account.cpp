#include "sandbox/digitalocean/account.hpp"

#include <algorithm>
#include <charconv>
#include <ctime>

namespace hatchery::sandbox::ocean {
namespace {

using nlohmann::json;

constexpr int kSshPort = 22;
/// A range opens so many of its ports at most: each is a listening socket.
constexpr int kMaxPortsARule = 64;

std::set<int> ports_of(const std::string& range) {
    int first = 0;
    const char* const end = range.data() + range.size();
    const auto [after, error] = std::from_chars(range.data(), end, first);
    if (error != std::errc{} || first == 0) {
        return {};
    }
    int last = first;
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

std::string to_text(Time time) {
    const std::time_t seconds = std::chrono::system_clock::to_time_t(time);
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char text[40];
    const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
    return {text, length};
}

json SshKey::to_json() const {
    return {{"id", id}, {"fingerprint", fingerprint}, {"public_key", public_key}, {"name", name}};
}

bool Firewall::covers(const Droplet& droplet) const {
    return droplets.contains(droplet.id) ||
           std::any_of(tags.begin(), tags.end(),
                       [&](const std::string& tag) { return droplet.tags.contains(tag); });
}

std::set<int> Firewall::open_ports() const {
    std::set<int> ports;
    for (const json& rule : inbound) {
        if (rule.at("protocol") == "tcp") {
            ports.merge(ports_of(rule.at("ports").get<std::string>()));
        }
    }
    return ports;
}

json Firewall::to_json() const {
    return {{"id", id},
            {"name", name},
            {"status", "succeeded"},
            {"created_at", to_text(created)},
            {"pending_changes", json::array()},
            {"inbound_rules", inbound},
            {"outbound_rules", outbound},
            {"droplet_ids", droplets},
            {"tags", tags}};
}

std::set<int> Account::open_ports(const Droplet& droplet) const {
    std::set<int> ports;
    bool any = false;
    for (const auto& [id, firewall] : firewalls) {
        if (firewall.covers(droplet)) {
            any = true;
            ports.merge(firewall.open_ports());
        }
    }
    return any ? ports : std::set<int>{kSshPort};
}

}  // namespace hatchery::sandbox::ocean
