#include "providers/hetzner/hetzner_provider.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <mutex>
#include <set>
#include <utility>

#include "base/json_value.hpp"
#include "base/steady_time.hpp"
#include "providers/hetzner/codec.hpp"
#include "providers/hetzner/errors.hpp"
#include "providers/hetzner/price_list.hpp"
#include "providers/hetzner/resource_codec.hpp"
#include "providers/rest/client.hpp"

namespace hatchery::providers {

namespace {

using base::ErrorKind;
using base::Json;

constexpr std::string_view provider = "Hetzner";
/// Values in one selector: what fits on a page, in a URL of some 2 kB.
constexpr std::size_t looked_at_once = 50;
/// The API takes no more ids in one request.
constexpr std::size_t actions_at_once = 25;
constexpr auto prices_limit = std::chrono::seconds(5);
constexpr auto prices_silence = std::chrono::seconds(60);

const rest::Dialect dialect{
    .provider = provider,
    .per_page = 50,
    .refusal = hetzner::refusal,
    .next_page = [](const Json& answer, long long) { return hetzner::next_page(answer); }};

class HetznerCloud final : public CloudProvider {
public:
    HetznerCloud(HetznerOptions options, ports::HttpTransport& transport, const base::Clock& clock)
        : client_(dialect, {std::move(options.base_url), std::move(options.token)}, transport,
                  clock),
          clock_(clock) {}

    std::string name() const override { return "hetzner"; }
    bool has_unique_names() const override { return true; }
    /// It makes one up, but the one who creates gets it in the answer.
    bool wants_ssh_key() const override { return false; }
    bool can(Capability) const override { return true; }
    std::optional<RequestBudget> budget() const override { return client_.budget(); }

    base::Result<CloudServer> create_server(const CreateServer& request,
                                            const base::Call& call) override {
        if (auto checked = hetzner::check_create(request); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const std::string what = "create the server";
        auto answer = client_.post(what, "/servers", hetzner::encode_create(request), call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto server = hetzner::decode_server(base::json_member(*answer, "server"), {});
        if (!server || server->name != request.name) return base::fail(unreadable(what));
        server->create_actions = hetzner::decode_create_actions(*answer);
        complete_prices(*server, call);
        return std::move(*server);
    }

    base::Result<std::optional<CloudServer>> find_server(const std::string& name,
                                                         const base::Call& call) override {
        const std::string what = fmt::format("find the server {}", name);
        auto found = list("/servers?name=" + rest::query_escape(name), what, call);
        if (!found) return base::fail(std::move(found.error()));
        for (CloudServer& server : *found) {
            if (server.name == name) return std::move(server);
        }
        return std::nullopt;
    }

    base::Result<std::optional<CloudServer>> get_server(const std::string& provider_server_id,
                                                        const base::Call& call) override {
        if (auto checked = rest::check_id(provider, provider_server_id); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const std::string what = fmt::format("show the server {}", provider_server_id);
        auto answer = client_.get(what, "/servers/" + provider_server_id, call);
        if (!answer && answer.error().code == "not_found") return std::nullopt;
        if (!answer) return base::fail(std::move(answer.error()));
        auto server = hetzner::decode_server(base::json_member(*answer, "server"), {});
        if (server) complete_prices(*server, call);
        if (!server) {
            return base::fail(ErrorKind::bad_response,
                              fmt::format("Hetzner's answer to \"{}\" makes no sense.", what));
        }
        return server;
    }

    base::Result<std::vector<CloudServer>> list_servers(const std::string& label,
                                                        const std::string& value,
                                                        const base::Call& call) override {
        const auto selector = hetzner::label_selector(label, value);
        if (!selector) return base::fail(selector.error());
        auto listed = list("/servers?sort=id%3Aasc&label_selector=" + rest::query_escape(*selector),
                           "list the servers with the label " + label, call);
        if (!listed) return listed;
        // What we delete by comes from here: trust the labels, not the selector.
        std::erase_if(*listed, [&](const CloudServer& server) {
            const auto found = server.labels.find(label);
            return found == server.labels.end() || found->second != value;
        });
        return listed;
    }

    base::Result<std::vector<CloudServer>> list_project(const base::Call& call) override {
        return list("/servers?sort=id%3Aasc", "list all servers", call);
    }

    base::Result<std::vector<CloudServer>> look_at(const WantedServers& wanted,
                                                   const base::Call& call) override {
        std::vector<CloudServer> seen;
        std::set<std::string_view> ids;
        for (const auto& one : wanted.servers) ids.insert(one.provider_server_id);
        for (std::size_t done = 0; done < wanted.servers.size(); done += looked_at_once) {
            std::vector<std::string> values;
            const auto end = std::min(done + looked_at_once, wanted.servers.size());
            for (auto i = done; i < end; ++i) values.push_back(wanted.servers[i].label_value);
            const auto selector = hetzner::label_selector(wanted.label, values);
            if (!selector) return base::fail(selector.error());
            auto some = list("/servers?label_selector=" + rest::query_escape(*selector),
                             "look at some servers", call);
            if (!some && seen.empty()) return some;
            if (!some) return seen;
            for (CloudServer& server : *some) {
                if (ids.contains(server.provider_server_id)) seen.push_back(std::move(server));
            }
        }
        return seen;
    }

    std::size_t actions_a_request() const override { return actions_at_once; }

    base::Result<std::vector<core::CloudAction>> actions(std::span<const std::string> ids,
                                                         const base::Call& call) override {
        for (const auto& id : ids) {
            if (auto checked = rest::check_id(provider, id); !checked) {
                return base::fail(std::move(checked.error()));
            }
        }
        std::vector<core::CloudAction> seen;
        for (std::size_t done = 0; done < ids.size(); done += actions_at_once) {
            const auto some = ids.subspan(done, std::min(actions_at_once, ids.size() - done));
            auto answer = client_.get("look at some actions",
                                      fmt::format("/actions?id={}", fmt::join(some, "&id=")), call);
            if (!answer && seen.empty()) return base::fail(std::move(answer.error()));
            if (!answer) return seen;
            const Json& listed = base::json_member(*answer, "actions");
            if (!listed.is_array()) return base::fail(no_actions());
            for (const Json& item : listed) {
                if (auto action = hetzner::decode_action(item)) seen.push_back(std::move(*action));
            }
        }
        return seen;
    }

    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override {
        if (auto checked = rest::check_id(provider, provider_server_id); !checked) return checked;
        const std::string what = fmt::format("delete the server {}", provider_server_id);
        auto answer = client_.remove(what, "/servers/" + provider_server_id, call);
        // Only Hetzner's own word counts: a 404 of whatever stands in between proves nothing.
        if (answer || answer.error().code == "not_found") return {};
        return base::fail(std::move(answer.error()));
    }

    base::Result<void> change_power(const std::string& provider_server_id, PowerAction action,
                                    const base::Call& call) override {
        if (auto checked = rest::check_id(provider, provider_server_id); !checked) return checked;
        const std::string what =
            fmt::format("change the power of the server {}", provider_server_id);
        auto answer = client_.post(
            what, fmt::format("/servers/{}/actions/{}", provider_server_id, command_of(action)),
            Json(), call);
        if (!answer) return base::fail(std::move(answer.error()));
        return {};
    }

    base::Result<std::vector<Offer>> offers(const base::Call& call) override {
        auto locations = client_.get_all("list the locations", "/locations", "locations", call);
        if (!locations) return base::fail(std::move(locations.error()));
        std::map<std::string, hetzner::Place> places;
        for (const Json& location : *locations) {
            const std::string country = base::json_string(location, "country");
            places[base::json_string(location, "name")] = {
                .description = fmt::format("{}, {}", base::json_string(location, "city"), country),
                .country = country};
        }
        const auto list = read_prices(call);
        if (!list) return base::fail(list.error());
        auto types =
            client_.get_all("list the server types", "/server_types", "server_types", call);
        if (!types) return base::fail(std::move(types.error()));
        std::vector<Offer> all;
        for (const Json& type : *types) {
            auto some = hetzner::decode_offers(type, places, list->currency, clock_.now());
            for (Offer& offer : some) hetzner::complete_prices(*list, offer);
            all.insert(all.end(), std::make_move_iterator(some.begin()),
                       std::make_move_iterator(some.end()));
        }
        return all;
    }

    base::Result<std::vector<CloudImage>> images(const base::Call& call) override {
        auto items = client_.get_all("list the images", "/images?type=system&status=available",
                                     "images", call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudImage> all;
        for (const Json& item : *items) {
            if (auto image = hetzner::decode_image(item)) all.push_back(std::move(*image));
        }
        return all;
    }

    /// Hetzner tells no limits (docs.hetzner.cloud has no such call).
    base::Result<AccountLimits> limits(const base::Call&) override { return AccountLimits{}; }

    base::Result<CloudResource> create_snapshot(const CreateSnapshot& request,
                                                const base::Call& call) override {
        if (auto checked = rest::check_id(provider, request.provider_server_id); !checked) {
            return base::fail(std::move(checked.error()));
        }
        if (auto checked = hetzner::check_resource(request.name, request.labels); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const Json body{
            {"type", "snapshot"}, {"description", request.name}, {"labels", request.labels}};
        return create(ResourceKind::snapshot,
                      fmt::format("/servers/{}/actions/create_image", request.provider_server_id),
                      body, call);
    }

    base::Result<CloudResource> create_firewall(const CreateFirewall& request,
                                                const base::Call& call) override {
        const auto body = hetzner::encode_firewall(request);
        if (!body) return base::fail(body.error());
        return create(ResourceKind::firewall, "/firewalls", *body, call);
    }

    base::Result<void> update_firewall(const std::string& id, const CreateFirewall& request,
                                       const base::Call& call) override {
        if (auto checked = rest::check_id(provider, id); !checked) return checked;
        const Json body{{"rules", hetzner::encode_rules(request.ssh_sources)}};
        auto answer = client_.post(fmt::format("set the rules of the firewall {}", id),
                                   fmt::format("/firewalls/{}/actions/set_rules", id), body, call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto shown = client_.get(fmt::format("show the firewall {}", id), "/firewalls/" + id, call);
        if (!shown) return base::fail(std::move(shown.error()));
        const auto covered =
            hetzner::decode_resource(ResourceKind::firewall, base::json_member(*shown, "firewall"));
        if (covered && std::ranges::find(covered->applies_to, request.applies_to) !=
                           covered->applies_to.end()) {
            return {};
        }
        const auto all = hetzner::encode_firewall(request);
        if (!all) return base::fail(all.error());
        auto applied = client_.post(fmt::format("put the firewall {} over its servers", id),
                                    fmt::format("/firewalls/{}/actions/apply_to_resources", id),
                                    {{"apply_to", base::json_member(*all, "apply_to")}}, call);
        if (!applied) return base::fail(std::move(applied.error()));
        return {};
    }

    base::Result<CloudResource> create_ssh_key(const CreateSshKey& request,
                                               const base::Call& call) override {
        const std::map<std::string, std::string> labels{request.label};
        if (auto checked = hetzner::check_resource(request.name, labels); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const Json body{
            {"name", request.name}, {"public_key", request.public_key}, {"labels", labels}};
        return create(ResourceKind::ssh_key, "/ssh_keys", body, call);
    }

    base::Result<std::vector<CloudResource>> list_resources(ResourceKind kind,
                                                            const std::string& label,
                                                            const std::string& value,
                                                            const base::Call& call) override {
        const auto selector = hetzner::label_selector(label, value);
        if (!selector) return base::fail(selector.error());
        const auto path = hetzner::path_of(kind);
        auto items =
            client_.get_all(fmt::format("list each {} with the label {}", path.word, label),
                            fmt::format("{}?{}label_selector={}", path.path, path.filter,
                                        rest::query_escape(*selector)),
                            std::string(path.many), call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudResource> resources;
        for (const Json& item : *items) {
            auto resource = hetzner::decode_resource(kind, item);
            // What we delete by comes from here: trust the labels, not the selector.
            if (!resource || !resource->labels.contains(label)) continue;
            if (resource->labels.at(label) != value) continue;
            if (is_address(kind)) {
                hetzner::complete_prices(prices_for(call), base::json_string(item, "type"),
                                         *resource);
            }
            resources.push_back(std::move(*resource));
        }
        return resources;
    }

    base::Result<void> delete_resource(ResourceKind kind, const std::string& id,
                                       const base::Call& call) override {
        if (auto checked = rest::check_id(provider, id); !checked) return checked;
        if (kind == ResourceKind::firewall) {
            auto freed = free_firewall(id, call);
            if (!freed) return base::fail(std::move(freed.error()));
            if (!*freed) return {};
        }
        const auto path = hetzner::path_of(kind);
        auto answer = client_.remove(fmt::format("delete the {} {}", path.word, id),
                                     fmt::format("{}/{}", path.path, id), call);
        if (answer || answer.error().code == "not_found") return {};
        return base::fail(std::move(answer.error()));
    }

private:
    static std::string_view command_of(PowerAction action) {
        switch (action) {
            case PowerAction::on:
                return "poweron";
            case PowerAction::off:
                return "poweroff";
            case PowerAction::shutdown:
                return "shutdown";
            case PowerAction::reboot:
                return "reboot";
            case PowerAction::reset:
                return "reset";
        }
        return {};
    }

    base::Result<CloudResource> create(ResourceKind kind, const std::string& path, const Json& body,
                                       const base::Call& call) {
        const auto known = hetzner::path_of(kind);
        const std::string what = fmt::format("create a {}", known.word);
        auto answer = client_.post(what, path, body, call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto made = hetzner::decode_resource(kind, base::json_member(*answer, known.one));
        if (!made) return base::fail(unreadable(what));
        return std::move(*made);
    }

    /// A firewall that is applied to anything cannot be deleted. False when there is none.
    base::Result<bool> free_firewall(const std::string& id, const base::Call& call) {
        auto answer =
            client_.get(fmt::format("show the firewall {}", id), "/firewalls/" + id, call);
        if (!answer && answer.error().code == "not_found") return false;
        if (!answer) return base::fail(std::move(answer.error()));
        const Json selectors = hetzner::decode_selectors(base::json_member(*answer, "firewall"));
        if (selectors.empty()) return true;
        auto removed = client_.post(fmt::format("take the firewall {} off its servers", id),
                                    fmt::format("/firewalls/{}/actions/remove_from_resources", id),
                                    {{"remove_from", selectors}}, call);
        if (!removed) return base::fail(std::move(removed.error()));
        return true;
    }

    base::Result<std::vector<CloudServer>> list(const std::string& path, const std::string& what,
                                                const base::Call& call) {
        auto items = client_.get_all(what, path, "servers", call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudServer> servers;
        for (const Json& item : *items) {
            auto server = hetzner::decode_server(item, {});
            if (server) complete_prices(*server, call);
            if (!server) {
                return base::fail(ErrorKind::bad_response,
                                  "Hetzner lists a server without an id or a name.");
            }
            servers.push_back(std::move(*server));
        }
        return servers;
    }

    static base::Error no_actions() {
        base::Error error{.kind = ErrorKind::bad_response, .effect = base::Effect::none};
        error.message = "Hetzner's answer to \"look at some actions\" makes no sense.";
        return error;
    }

    /// A 201 whose body tells nothing: the server exists.
    static base::Error unreadable(const std::string& what) {
        base::Error error{.kind = ErrorKind::bad_response, .effect = base::Effect::applied};
        error.message = fmt::format("Hetzner's answer to \"{}\" makes no sense.", what);
        return error;
    }

    /// The account's currency and the price of an address stand in the price list only, not beside
    /// a server's prices. It is read when the first server with prices is seen; if that fails, the
    /// server is none the worse and has no currency.
    void complete_prices(CloudServer& server, const base::Call& call) {
        if (server.price_hourly.empty() && server.price_monthly.empty()) return;
        hetzner::complete_prices(prices_for(call), server);
    }

    hetzner::PriceList prices_for(const base::Call& call) {
        auto list = known_prices();
        if (list.currency.empty()) {
            const auto bound = call.at_most(prices_limit);
            const std::unique_lock one(asking_, bound.left());
            list = known_prices();
            if (one && list.currency.empty() && base::steady_now() >= silent_until_) {
                if (auto read = read_prices(bound)) {
                    list = *std::move(read);
                } else {
                    silent_until_ = base::steady_now() + prices_silence;
                }
            }
        }
        return list;
    }

    base::Result<hetzner::PriceList> read_prices(const base::Call& call) {
        auto answer = client_.get("read the price list", "/pricing", call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto list = hetzner::decode_price_list(base::json_member(*answer, "pricing"));
        const std::scoped_lock lock(mutex_);
        prices_ = list;
        return list;
    }

    hetzner::PriceList known_prices() const {
        const std::scoped_lock lock(mutex_);
        return prices_;
    }

    rest::Client client_;
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    hetzner::PriceList prices_;
    /// Held by the one who reads the price list; the others wait for it.
    std::timed_mutex asking_;
    /// Guarded by asking_: the price list was not to be had, and is not asked for before.
    base::SteadyTime silent_until_{};
};

}  // namespace

std::unique_ptr<CloudProvider> make_hetzner_provider(HetznerOptions options,
                                                     ports::HttpTransport& transport,
                                                     const base::Clock& clock) {
    return std::make_unique<HetznerCloud>(std::move(options), transport, clock);
}

}  // namespace hatchery::providers
