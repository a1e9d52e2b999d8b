#include "providers/hetzner/hetzner_provider.hpp"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "base/json_value.hpp"
#include "providers/hetzner/client.hpp"
#include "providers/hetzner/codec.hpp"

namespace hatchery::providers {

namespace {

using base::ErrorKind;
using base::Json;

class HetznerCloud final : public HetznerProvider {
public:
    HetznerCloud(HetznerOptions options, ports::HttpTransport& transport, const base::Clock& clock)
        : client_(std::move(options), transport, clock), clock_(clock) {}

    std::string name() const override { return "hetzner"; }
    std::optional<RequestBudget> budget() const override { return client_.budget(); }

    base::Result<CloudServer> create_server(const CreateServer& request,
                                            const base::Call& call) override {
        if (auto checked = hetzner::check_create(request); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const std::string what = fmt::format("create the server {}", request.name);
        auto answer = client_.post(what, "/servers", hetzner::encode_create(request), call);
        if (!answer) return base::fail(std::move(answer.error()));
        auto server = hetzner::decode_server(base::json_member(*answer, "server"), currency());
        if (!server || server->name != request.name) return base::fail(unreadable(what));
        return std::move(*server);
    }

    base::Result<std::optional<CloudServer>> find_server(const std::string& name,
                                                         const base::Call& call) override {
        const std::string what = fmt::format("find the server {}", name);
        auto found = list("/servers?name=" + hetzner::query_escape(name), what, call);
        if (!found) return base::fail(std::move(found.error()));
        for (CloudServer& server : *found) {
            if (server.name == name) return std::move(server);
        }
        return std::nullopt;
    }

    base::Result<std::optional<CloudServer>> get_server(const std::string& provider_server_id,
                                                        const base::Call& call) override {
        if (auto checked = hetzner::check_server_id(provider_server_id); !checked) {
            return base::fail(std::move(checked.error()));
        }
        const std::string what = fmt::format("show the server {}", provider_server_id);
        auto answer = client_.get(what, "/servers/" + provider_server_id, call);
        if (!answer && answer.error().code == "not_found") return std::nullopt;
        if (!answer) return base::fail(std::move(answer.error()));
        auto server = hetzner::decode_server(base::json_member(*answer, "server"), currency());
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
        auto listed =
            list("/servers?sort=id%3Aasc&label_selector=" + hetzner::query_escape(*selector),
                 "list the servers with the label " + label, call);
        if (!listed) return listed;
        // What we delete by comes from here: trust the labels, not the selector.
        std::erase_if(*listed, [&](const CloudServer& server) {
            const auto found = server.labels.find(label);
            return found == server.labels.end() || found->second != value;
        });
        return listed;
    }

    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override {
        if (auto checked = hetzner::check_server_id(provider_server_id); !checked) return checked;
        const std::string what = fmt::format("delete the server {}", provider_server_id);
        auto answer = client_.remove(what, "/servers/" + provider_server_id, call);
        // Only Hetzner's own word counts: a 404 of whatever stands in between proves nothing.
        if (answer || answer.error().code == "not_found") return {};
        return base::fail(std::move(answer.error()));
    }

    base::Result<std::vector<Offer>> offers(const base::Call& call) override {
        auto locations = client_.get_all("list the locations", "/locations", "locations", call);
        if (!locations) return base::fail(std::move(locations.error()));
        std::map<std::string, std::string> descriptions;
        for (const Json& location : *locations) {
            descriptions[base::json_string(location, "name")] =
                fmt::format("{}, {}", base::json_string(location, "city"),
                            base::json_string(location, "country"));
        }
        if (auto learned = learn_currency(call); !learned) {
            return base::fail(std::move(learned.error()));
        }
        auto types =
            client_.get_all("list the server types", "/server_types", "server_types", call);
        if (!types) return base::fail(std::move(types.error()));
        std::vector<Offer> all;
        for (const Json& type : *types) {
            auto some = hetzner::decode_offers(type, descriptions, currency(), clock_.now());
            all.insert(all.end(), std::make_move_iterator(some.begin()),
                       std::make_move_iterator(some.end()));
        }
        return all;
    }

private:
    base::Result<std::vector<CloudServer>> list(const std::string& path, const std::string& what,
                                                const base::Call& call) {
        auto items = client_.get_all(what, path, "servers", call);
        if (!items) return base::fail(std::move(items.error()));
        std::vector<CloudServer> servers;
        for (const Json& item : *items) {
            auto server = hetzner::decode_server(item, currency());
            if (!server) {
                return base::fail(ErrorKind::bad_response,
                                  "Hetzner lists a server without an id or a name.");
            }
            servers.push_back(std::move(*server));
        }
        return servers;
    }

    /// A 201 whose body tells nothing: the server exists.
    static base::Error unreadable(const std::string& what) {
        base::Error error{.kind = ErrorKind::bad_response, .effect = base::Effect::applied};
        error.message = fmt::format("Hetzner's answer to \"{}\" makes no sense.", what);
        return error;
    }

    /// The account's currency stands in the price list only, not beside a server's prices.
    base::Result<void> learn_currency(const base::Call& call) {
        auto answer = client_.get("read the price list", "/pricing", call);
        if (!answer) return base::fail(std::move(answer.error()));
        std::string currency =
            base::json_string(base::json_member(*answer, "pricing"), "currency", "EUR");
        const std::scoped_lock lock(mutex_);
        currency_ = std::move(currency);
        return {};
    }

    std::string currency() const {
        const std::scoped_lock lock(mutex_);
        return currency_;
    }

    hetzner::Client client_;
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::string currency_ = "EUR";
};

}  // namespace

std::unique_ptr<HetznerProvider> make_hetzner_provider(HetznerOptions options,
                                                       ports::HttpTransport& transport,
                                                       const base::Clock& clock) {
    return std::make_unique<HetznerCloud>(std::move(options), transport, clock);
}

}  // namespace hatchery::providers
