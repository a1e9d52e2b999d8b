#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/cloud/faults.hpp"
#include "sandbox/cloud/query.hpp"
#include "sandbox/cloud/request_log.hpp"
#include "sandbox/digitalocean/account.hpp"
#include "sandbox/digitalocean/digitalocean_api.hpp"
#include "sandbox/hosts/scheduler.hpp"

namespace hatchery::sandbox {

/// The state behind the routes. One mutex guards all accounts; the fleet is called with it held,
/// except for Fleet::remove(), because the fleet reports on threads of its own.
class DigitalOceanApi::Impl {
public:
    Impl(Fleet& fleet, DigitalOceanOptions options);
    ~Impl();
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    ApiAnswer handle(const ApiCall& call);

private:
    /// Lets the fleet's threads report only while the API lives.
    struct Gate {
        std::mutex mutex;
        Impl* api = nullptr;
    };

    /// What a route works with.
    struct Context {
        const ApiCall& call;
        ocean::Account& account;
        /// What stands in the path's braces, in order.
        std::vector<std::string> words;
        /// Held while the route runs.
        std::unique_lock<std::mutex>& lock;
    };
    using RouteHandler = ApiAnswer (Impl::*)(Context&);
    struct Route {
        std::string_view method;
        /// As in DigitalOcean's document, without "/v2".
        std::string_view path;
        RouteHandler handler;
    };

    static const std::vector<Route>& routes();
    /// The route of a call and the words in its path; nullptr and whether another method would do.
    static const Route* match(const ApiCall& call, std::vector<std::string>& words,
                              bool& path_known, std::string& path_template);

    ApiAnswer handle_sandbox(const ApiCall& call);
    /// A Droplet of any account, past all limits: `/droplets/{id}`, and to archive it.
    ApiAnswer answer_droplet_call(const ApiCall& call, const std::string& what);
    ApiAnswer limited(const ApiCall& call);
    ApiAnswer handle_in_account(const ApiCall& call, const std::string& token, const Route& route,
                                std::vector<std::string> words);
    [[nodiscard]] ApiAnswer error_answer(const ApiError& error);
    void take_request(const std::string& token, ApiAnswer& answer);
    ocean::Account& account_of(const std::string& token);
    void set_faults(const std::string& document);
    [[nodiscard]] ocean::RateWindow fresh_rate() const;

    // droplet_routes.cpp
    ApiAnswer create_droplet(Context& context);
    ApiAnswer list_droplets(Context& context);
    ApiAnswer get_droplet(Context& context);
    ApiAnswer delete_droplet(Context& context);
    ApiAnswer delete_droplets_by_tag(Context& context);
    ocean::Droplet read_new_droplet(Context& context, HostSpec& spec);
    void check_stock(const ocean::Droplet& droplet) const;
    void remove_droplet(Context& context, std::int64_t id);
    [[nodiscard]] nlohmann::json droplet_json(const ocean::Account& account,
                                              const ocean::Droplet& droplet) const;
    [[nodiscard]] nlohmann::json region_json(const std::string& slug) const;

    // action_routes.cpp
    ApiAnswer act_on_droplet(Context& context);
    ApiAnswer list_droplet_actions(Context& context);
    ApiAnswer get_droplet_action(Context& context);
    ApiAnswer get_action(Context& context);
    ocean::Action& begin_action(ocean::Account& account, const std::string& type,
                                const ocean::Droplet& droplet);
    static void end_action(ocean::Account& account, std::int64_t id, const std::string& status);
    [[nodiscard]] nlohmann::json action_json(const ocean::Action& action) const;
    void take_snapshot(ocean::Account& account, const ocean::Droplet& droplet,
                       const std::string& name);
    void on_host_event(std::int64_t id, HostEvent event, const std::string& message);
    void end_boot_delay(std::int64_t id);
    void leave_new(ocean::Account& account, ocean::Droplet& droplet);

    // catalogue_routes.cpp
    ApiAnswer list_regions(Context& context);
    ApiAnswer list_sizes(Context& context);
    ApiAnswer list_images(Context& context);
    ApiAnswer get_account(Context& context);
    ApiAnswer list_answer(const Context& context, const std::string& key,
                          std::vector<nlohmann::json> entries) const;

    // resource_routes.cpp
    ApiAnswer list_snapshots(Context& context);
    ApiAnswer delete_snapshot(Context& context);
    ApiAnswer list_keys(Context& context);
    ApiAnswer create_key(Context& context);
    ApiAnswer get_key(Context& context);
    ApiAnswer delete_key(Context& context);
    ApiAnswer list_reserved_ips(Context& context);
    ApiAnswer create_reserved_ip(Context& context);
    ApiAnswer get_reserved_ip(Context& context);
    ApiAnswer delete_reserved_ip(Context& context);
    [[nodiscard]] nlohmann::json reserved_ip_json(const ocean::Account& account,
                                                  const std::string& ip) const;
    ApiAnswer list_tags(Context& context);
    ApiAnswer create_tag(Context& context);
    ApiAnswer get_tag(Context& context);
    ApiAnswer delete_tag(Context& context);

    // firewall_routes.cpp
    ApiAnswer list_firewalls(Context& context);
    ApiAnswer create_firewall(Context& context);
    ApiAnswer get_firewall(Context& context);
    ApiAnswer update_firewall(Context& context);
    ApiAnswer delete_firewall(Context& context);
    ocean::Firewall read_firewall(Context& context);
    void refresh_open_ports(const ocean::Account& account);

    ocean::Droplet& find_droplet(Context& context);
    [[nodiscard]] bool is_out_of_stock(const std::string& size, const std::string& region) const;
    [[nodiscard]] int droplet_limit() const;
    [[nodiscard]] bool is_listed(const ocean::Droplet& droplet) const;
    std::int64_t next_id() { return next_id_++; }
    /// One of a kind, in a UUID's form.
    std::string next_uuid();

    Fleet& fleet_;
    const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
    const DigitalOceanOptions options_;
    Faults faults_;
    RequestLog requests_;
    std::atomic<std::int64_t> next_id_;
    std::mutex mutex_;
    std::map<std::string, ocean::Account> accounts_;
    /// Whose Droplet a host is.
    std::map<std::int64_t, ocean::Account*> owners_;
    // Last: its thread uses the members above.
    Scheduler scheduler_;
};

namespace ocean {

/// `^[a-zA-Z0-9_\-:]+$`, at most 255.
bool is_tag(std::string_view text);
/// Throws 422 unprocessable_entity.
[[noreturn]] void refuse(const std::string& why);
/// Throws 404 not_found.
[[noreturn]] void refuse_missing();

}  // namespace ocean
}  // namespace hatchery::sandbox
