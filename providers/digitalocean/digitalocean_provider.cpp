#include "providers/digitalocean/digitalocean_provider.hpp"

#include <fmt/format.h>

#include <atomic>
#include <set>
#include <tuple>
#include <utility>

#include "base/json_value.hpp"
#include "providers/digitalocean/codec.hpp"
#include "providers/digitalocean/errors.hpp"
#include "providers/digitalocean/tags.hpp"
#include "providers/rest/client.hpp"

namespace hatchery::providers {

namespace {

using base::ErrorKind;
using base::Json;

constexpr std::string_view provider = "DigitalOcean";

const rest::Dialect dialect{.provider = provider,
                            .per_page = 200,
                            .refusal = digitalocean::refusal,
                            .next_page = digitalocean::next_page};

struct ResourcePath {
    std::string_view path;
    std::string_view query;
    std::string_view one;
    std::string_view many;
    /// In a sentence.
    std::string_view word;
};

ResourcePath path_of(ResourceKind kind) {
    switch (kind) {
        case ResourceKind::snapshot:
            return {"/snapshots", "?resource_type=droplet", "snapshot", "snapshots", "snapshot"};
        case ResourceKind::firewall:
            return {"/firewalls", "", "firewall", "firewalls", "firewall"};
        case ResourceKind::ssh_key:
            return {"/account/keys", "", "ssh_key", "ssh_keys", "SSH key"};
        case ResourceKind::primary_ip:
        case ResourceKind::floating_ip:
            break;
    }
    return {};
}

std::string_view type_of(PowerAction action) {
    switch (action) {
        case PowerAction::on:
            return "power_on";
        case PowerAction::off:
            return "power_off";
        case PowerAction::shutdown:
            return "shutdown";
        case PowerAction::reboot:
            return "reboot";
        case PowerAction::reset:
            return "power_cycle";
    }
    return {};
}

base::Error no_labelled_addresses() {
    base::Error error{.kind = ErrorKind::invalid, .effect = base::Effect::none};
    error.message = "DigitalOcean's addresses bear no tags.";
    error.code = code_not_offered;
    return error;
}

/// Ids are numbers that grow.
bool is_older(const CloudServer& left, const CloudServer& right) {
    const auto rank = [](const CloudServer& server) {
        return std::tuple(server.created_at, server.provider_server_id.size(),
                          server.provider_server_id);
    };
    return rank(left) < rank(right);
}

class DigitalOcean final : public CloudProvider {
public:
    DigitalOcean(DigitalOceanOptions options, ports::HttpTransport& transport,
                 const base::Clock& clock)
        : client_(dialect, {std::move(options.base_url), std::move(options.token)}, transport,
                  clock) {}

    std::string name() const override { return "digitalocean"; }
    bool has_unique_names() const override { return false; }
    bool wants_ssh_key() const override { return true; }
    /// Its reserved IPs bear no tags: see idle_addresses().
    bool can(Capability capability) const override { return capability != Capability::addresses; }
    std::optional<RequestBudget> budget() const override { return client_.budget(); }

    base::Result<CloudServer> create_server(const CreateServer& request,
                                            const base::Call& call) override {
        const auto body = digitalocean::encode_create(request);
        if (!body) return base::fail(body.error());
        const std::string what = "create the server";
        auto answer = client_.post(what, "/droplets", *body, call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto server = digitalocean::decode_droplet(base::json_member(*answer, "droplet"));
        if (!server || server->name != request.name) return base::fail(unreadable(what));
        server->create_actions = digitalocean::decode_create_actions(*answer);
        return std::move(*server);
    }

    base::Result<std::optional<CloudServer>> find_server(const std::string& server_name,
                                                         const base::Call& call) override {
        const auto tag = digitalocean::create_tag(server_name);
        if (!tag) return base::fail(tag.error());
        auto found = list(*tag, fmt::format("find the server {}", server_name), call);
        if (!found) return base::fail(std::move(found.error()));
        // Should there be more than one, every look must find the same.
        std::optional<CloudServer> oldest;
        for (CloudServer& server : *found) {
            if (server.name != server_name) continue;
            if (!oldest || is_older(server, *oldest)) oldest = std::move(server);
        }
        return oldest;
    }

    base::Result<std::optional<CloudServer>> get_server(const std::string& provider_server_id,
                                                        const base::Call& call) override {
        if (auto checked = rest::check_id(provider, provider_server_id); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const std::string what = fmt::format("show the server {}", provider_server_id);
        auto answer = client_.get(what, "/droplets/" + provider_server_id, call);
        if (!answer && answer.error().code == "not_found") return std::nullopt;
        if (!answer) return base::fail(std::move(answer.error()));
        auto server = digitalocean::decode_droplet(base::json_member(*answer, "droplet"));
        if (!server) {
            return base::fail(ErrorKind::bad_response,
                              fmt::format("DigitalOcean's answer to \"{}\" makes no sense.", what));
        }
        return server;
    }

    base::Result<std::vector<CloudServer>> list_servers(const std::string& label,
                                                        const std::string& value,
                                                        const base::Call& call) override {
        const auto tag = digitalocean::tag_of(label, value);
        if (!tag) return base::fail(tag.error());
        auto listed = list(*tag, "list the servers with the label " + label, call);
        if (!listed) return listed;
        pages_ = listed->size() / static_cast<std::size_t>(dialect.per_page) + 1;
        // What we delete by comes from here: tags are compared without regard to case there, and
        // must be exactly ours here.
        std::erase_if(*listed, [&](const CloudServer& server) {
            const auto found = server.labels.find(label);
            return found == server.labels.end() || found->second != value;
        });
        return listed;
    }

    base::Result<std::vector<CloudServer>> list_project(const base::Call& call) override {
        return list_at("/droplets", "list all servers", call);
    }

    /// Tags can be asked for one at a time only: one by one while the whole list has more pages.
    base::Result<std::vector<CloudServer>> look_at(const WantedServers& wanted,
                                                   const base::Call& call) override {
        if (wanted.servers.size() <= pages_) return CloudProvider::look_at(wanted, call);
        auto listed = list_servers(wanted.of_all.first, wanted.of_all.second, call);
        if (!listed) return listed;
        std::set<std::string_view> ids;
        for (const auto& one : wanted.servers) ids.insert(one.provider_server_id);
        std::erase_if(*listed, [&](const CloudServer& server) {
            return !ids.contains(server.provider_server_id);
        });
        return listed;
    }

    /// It has no call for several.
    std::size_t actions_a_request() const override { return 1; }

    base::Result<std::vector<core::CloudAction>> actions(std::span<const std::string> ids,
                                                         const base::Call& call) override {
        std::vector<core::CloudAction> seen;
        for (const auto& id : ids) {
            if (auto checked = rest::check_id(provider, id); !checked) {
                return base::fail(std::move(checked.error()));
            }
            auto answer =
                client_.get(fmt::format("look at the action {}", id), "/actions/" + id, call);
            if (!answer && answer.error().code == "not_found") continue;
            if (!answer && seen.empty()) return base::fail(std::move(answer.error()));
            if (!answer) return seen;
            auto action = digitalocean::decode_action(base::json_member(*answer, "action"));
            if (action && action->id == id) seen.push_back(std::move(*action));
        }
        return seen;
    }

    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override {
        if (auto checked = rest::check_id(provider, provider_server_id); !checked) return checked;
        return remove(fmt::format("delete the server {}", provider_server_id),
                      "/droplets/" + provider_server_id, call);
    }

    base::Result<void> change_power(const std::string& provider_server_id, PowerAction action,
                                    const base::Call& call) override {
        if (auto checked = rest::check_id(provider, provider_server_id); !checked) return checked;
        auto answer =
            client_.post(fmt::format("change the power of the server {}", provider_server_id),
                         fmt::format("/droplets/{}/actions", provider_server_id),
                         {{"type", type_of(action)}}, call);
        if (!answer) return base::fail(std::move(answer.error()));
        return {};
    }

    base::Result<std::vector<Offer>> offers(const base::Call& call) override {
        auto regions = client_.get_all("list the regions", "/regions", "regions", call);
        if (!regions) return base::fail(std::move(regions.error()));
        std::map<std::string, digitalocean::Region> known;
        for (const Json& item : *regions) {
            auto region = digitalocean::decode_region(item);
            if (region) known[region->slug] = std::move(*region);
        }
        auto sizes = client_.get_all("list the sizes", "/sizes", "sizes", call);
        if (!sizes) return base::fail(std::move(sizes.error()));
        std::vector<Offer> all;
        for (const Json& size : *sizes) {
            auto some = digitalocean::decode_offers(size, known);
            all.insert(all.end(), std::make_move_iterator(some.begin()),
                       std::make_move_iterator(some.end()));
        }
        return all;
    }

    base::Result<std::vector<CloudImage>> images(const base::Call& call) override {
        auto items =
            client_.get_all("list the images", "/images?type=distribution", "images", call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudImage> all;
        for (const Json& item : *items) {
            if (auto image = digitalocean::decode_image(item)) all.push_back(std::move(*image));
        }
        return all;
    }

    base::Result<AccountLimits> limits(const base::Call& call) override {
        auto answer = client_.get("read the account", "/account", call);
        if (!answer) return base::fail(std::move(answer.error()));
        return digitalocean::decode_account(base::json_member(*answer, "account"));
    }

    /// The answer names an action and not yet the snapshot, whose id is empty until it is listed.
    base::Result<CloudResource> create_snapshot(const CreateSnapshot& request,
                                                const base::Call& call) override {
        if (auto checked = rest::check_id(provider, request.provider_server_id); !checked) {
            return base::fail(std::move(checked.error()));
        }
        auto snapshot_name = digitalocean::labelled_name(request.name, request.labels);
        if (!snapshot_name) return base::fail(std::move(snapshot_name.error()));
        auto answer = client_.post("create a snapshot",
                                   fmt::format("/droplets/{}/actions", request.provider_server_id),
                                   {{"type", "snapshot"}, {"name", *snapshot_name}}, call);
        if (!answer) return base::fail(std::move(answer.error()));
        return CloudResource{.kind = ResourceKind::snapshot,
                             .name = request.name,
                             .labels = request.labels,
                             .ready = false};
    }

    base::Result<CloudResource> create_firewall(const CreateFirewall& request,
                                                const base::Call& call) override {
        const auto body = digitalocean::encode_firewall(request);
        if (!body) return base::fail(body.error());
        // A firewall may name only tags that exist, and no server bears it yet.
        const std::string tag = body->at("tags").at(0).get<std::string>();
        auto made = client_.post("create a tag", "/tags", {{"name", tag}}, call);
        if (!made && made.error().kind != ErrorKind::conflict &&
            made.error().kind != ErrorKind::invalid) {
            return base::fail(std::move(made.error()));
        }
        return create(ResourceKind::firewall, *body, call);
    }

    base::Result<void> update_firewall(const std::string& id, const CreateFirewall& request,
                                       const base::Call& call) override {
        if (auto checked = digitalocean::check_resource_id(ResourceKind::firewall, id); !checked) {
            return checked;
        }
        const auto body = digitalocean::encode_firewall(request);
        if (!body) return base::fail(body.error());
        auto answer = client_.put(fmt::format("set the rules of the firewall {}", id),
                                  "/firewalls/" + id, *body, call);
        if (!answer) return base::fail(std::move(answer.error()));
        return {};
    }

    base::Result<CloudResource> create_ssh_key(const CreateSshKey& request,
                                               const base::Call& call) override {
        auto key_name = digitalocean::labelled_name(request.name, {request.label});
        if (!key_name) return base::fail(std::move(key_name.error()));
        return create(ResourceKind::ssh_key,
                      {{"name", *key_name}, {"public_key", request.public_key}}, call);
    }

    base::Result<std::vector<CloudResource>> list_resources(ResourceKind kind,
                                                            const std::string& label,
                                                            const std::string& value,
                                                            const base::Call& call) override {
        if (auto tag = digitalocean::tag_of(label, value); !tag) return base::fail(tag.error());
        if (is_address(kind)) return base::fail(no_labelled_addresses());
        const auto path = path_of(kind);
        auto items = client_.get_all(fmt::format("list each {}", path.word),
                                     fmt::format("{}{}", path.path, path.query),
                                     std::string(path.many), call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudResource> resources;
        for (const Json& item : *items) {
            auto resource = digitalocean::decode_resource(kind, item);
            if (!resource || !resource->labels.contains(label)) continue;
            if (resource->labels.at(label) == value) resources.push_back(std::move(*resource));
        }
        return resources;
    }

    base::Result<std::vector<CloudResource>> idle_addresses(const base::Call& call) override {
        auto items =
            client_.get_all("list the reserved IPs", "/reserved_ips", "reserved_ips", call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudResource> idle;
        for (const Json& item : *items) {
            auto address = digitalocean::decode_reserved_ip(item);
            if (address && !address->in_use) idle.push_back(std::move(*address));
        }
        return idle;
    }

    base::Result<void> delete_resource(ResourceKind kind, const std::string& id,
                                       const base::Call& call) override {
        if (is_address(kind)) return base::fail(no_labelled_addresses());
        if (auto checked = digitalocean::check_resource_id(kind, id); !checked) return checked;
        const auto path = path_of(kind);
        return remove(fmt::format("delete the {} {}", path.word, id),
                      fmt::format("{}/{}", path.path, id), call);
    }

private:
    base::Result<std::vector<CloudServer>> list(const std::string& tag, const std::string& what,
                                                const base::Call& call) {
        return list_at("/droplets?tag_name=" + rest::query_escape(tag), what, call);
    }

    base::Result<std::vector<CloudServer>> list_at(const std::string& path, const std::string& what,
                                                   const base::Call& call) {
        auto items = client_.get_all(what, path, "droplets", call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudServer> servers;
        for (const Json& item : *items) {
            auto server = digitalocean::decode_droplet(item);
            if (!server) {
                return base::fail(ErrorKind::bad_response,
                                  "DigitalOcean lists a server without an id.");
            }
            servers.push_back(std::move(*server));
        }
        return servers;
    }

    base::Result<CloudResource> create(ResourceKind kind, const Json& body,
                                       const base::Call& call) {
        const auto path = path_of(kind);
        const std::string what = fmt::format("create a {}", path.word);
        auto answer = client_.post(what, std::string(path.path), body, call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto made = digitalocean::decode_resource(kind, base::json_member(*answer, path.one));
        if (!made) return base::fail(unreadable(what));
        return std::move(*made);
    }

    base::Result<void> remove(const std::string& what, const std::string& path,
                              const base::Call& call) {
        auto answer = client_.remove(what, path, call);
        // Only DigitalOcean's own word counts: a 404 of whatever stands in between proves nothing.
        if (answer || answer.error().code == "not_found") return {};
        return base::fail(std::move(answer.error()));
    }

    /// A 2xx whose body tells nothing: it exists.
    static base::Error unreadable(const std::string& what) {
        base::Error error{.kind = ErrorKind::bad_response, .effect = base::Effect::applied};
        error.message = fmt::format("DigitalOcean's answer to \"{}\" makes no sense.", what);
        return error;
    }

    rest::Client client_;
    /// Of the list of servers when it was last read.
    std::atomic<std::size_t> pages_{1};
};

}  // namespace

std::unique_ptr<CloudProvider> make_digitalocean_provider(DigitalOceanOptions options,
                                                          ports::HttpTransport& transport,
                                                          const base::Clock& clock) {
    return std::make_unique<DigitalOcean>(std::move(options), transport, clock);
}

}  // namespace hatchery::providers
