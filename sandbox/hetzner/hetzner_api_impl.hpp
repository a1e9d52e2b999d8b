#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/cloud/faults.hpp"
#include "sandbox/cloud/request_log.hpp"
#include "sandbox/hetzner/catalogue.hpp"
#include "sandbox/hetzner/hetzner_api.hpp"
#include "sandbox/hetzner/paging.hpp"
#include "sandbox/hetzner/project.hpp"
#include "sandbox/hosts/scheduler.hpp"

namespace hatchery::sandbox {

/// The state behind the routes. One mutex guards all projects; the fleet is called with it held,
/// except for Fleet::remove(), because the fleet reports on threads of its own.
class HetznerApi::Impl {
public:
    Impl(Fleet& fleet, HetznerOptions options);
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
        Project& project;
        /// The numbers of the path, in order.
        std::vector<std::int64_t> ids;
        /// Held while the route runs.
        std::unique_lock<std::mutex>& lock;
    };
    using RouteHandler = ApiAnswer (Impl::*)(Context&);
    struct Route {
        std::string_view method;
        /// As in Hetzner's document, without "/v1"; "{id}" stands for a number.
        std::string_view path;
        RouteHandler handler;
    };

    static const std::vector<Route>& routes();
    /// The route of a call and the ids in its path; nullptr and whether another method would do.
    static const Route* match(const ApiCall& call, std::vector<std::int64_t>& ids, bool& path_known,
                              std::string& path_template);

    ApiAnswer handle_sandbox(const ApiCall& call);
    ApiAnswer handle_in_project(const ApiCall& call, const std::string& token, const Route& route,
                                std::vector<std::int64_t> ids);
    ApiAnswer limited(const ApiCall& call);
    Project& project_of(const std::string& token);
    void set_faults(const std::string& document);

    // server_routes.cpp
    ApiAnswer create_server(Context& context);
    ApiAnswer list_servers(Context& context);
    ApiAnswer get_server(Context& context);
    ApiAnswer update_server(Context& context);
    ApiAnswer delete_server(Context& context);
    Server read_new_server(Context& context, HostSpec& spec, std::vector<std::int64_t>& firewalls);
    void check_name_is_free(const Project& project, const std::string& name) const;
    void check_stock(const Server& server) const;

    // power_routes.cpp
    ApiAnswer power_on(Context& context);
    ApiAnswer power_off(Context& context);
    ApiAnswer shut_down(Context& context);
    ApiAnswer reboot(Context& context);
    ApiAnswer reset(Context& context);
    ApiAnswer power_call(Context& context, const std::string& command, bool keeps_running,
                         void (Fleet::*effect)(std::int64_t));
    void on_host_event(std::int64_t id, HostEvent event, const std::string& message);
    void end_boot_delay(std::int64_t id);
    void leave_initializing(Project& project, Server& server);
    void begin_start(Project& project, Server& server);

    // action_routes.cpp
    ApiAnswer list_actions(Context& context);
    ApiAnswer get_action(Context& context);
    ApiAnswer list_server_actions(Context& context);
    ApiAnswer get_server_action(Context& context);
    ApiAnswer list_firewall_actions(Context& context);
    ApiAnswer actions_of(Context& context, const std::string& resource_type);
    Action& begin_action(Project& project, const std::string& command, const std::string& type,
                         std::int64_t resource);
    static void finish_action(Project& project, std::int64_t id);
    static void fail_action(Project& project, std::int64_t id, const std::string& code,
                            const std::string& message);

    // catalogue_routes.cpp
    ApiAnswer list_catalogue(Context& context, const std::string& key,
                             const std::vector<nlohmann::json>& entries);
    ApiAnswer get_catalogue(Context& context, const std::string& key,
                            const std::vector<nlohmann::json>& entries);
    ApiAnswer list_locations(Context& context);
    ApiAnswer get_location(Context& context);
    ApiAnswer list_server_types(Context& context);
    ApiAnswer get_server_type(Context& context);
    ApiAnswer list_images(Context& context);
    ApiAnswer get_image(Context& context);
    ApiAnswer delete_image(Context& context);
    ApiAnswer create_image(Context& context);
    /// The base image and the project's snapshots.
    std::vector<nlohmann::json> images_of(const Project& project) const;
    ApiAnswer get_pricing(Context& context);

    // ssh_key_routes.cpp
    ApiAnswer list_ssh_keys(Context& context);
    ApiAnswer create_ssh_key(Context& context);
    ApiAnswer get_ssh_key(Context& context);
    ApiAnswer update_ssh_key(Context& context);
    ApiAnswer delete_ssh_key(Context& context);

    // address_routes.cpp
    ApiAnswer list_addresses(Context& context, bool floating);
    ApiAnswer create_address(Context& context, bool floating);
    ApiAnswer get_address(Context& context, bool floating);
    ApiAnswer delete_address(Context& context, bool floating);
    ApiAnswer list_primary_ips(Context& context);
    ApiAnswer create_primary_ip(Context& context);
    ApiAnswer get_primary_ip(Context& context);
    ApiAnswer delete_primary_ip(Context& context);
    ApiAnswer list_floating_ips(Context& context);
    ApiAnswer create_floating_ip(Context& context);
    ApiAnswer get_floating_ip(Context& context);
    ApiAnswer delete_floating_ip(Context& context);

    // firewall_routes.cpp
    ApiAnswer list_firewalls(Context& context);
    ApiAnswer create_firewall(Context& context);
    ApiAnswer get_firewall(Context& context);
    ApiAnswer update_firewall(Context& context);
    ApiAnswer delete_firewall(Context& context);
    ApiAnswer set_firewall_rules(Context& context);
    ApiAnswer apply_firewall(Context& context);
    ApiAnswer remove_firewall(Context& context);
    void refresh_open_ports(const Project& project);

    Server& find_server(Context& context);
    Firewall& find_firewall(Context& context);
    std::int64_t next_id() { return next_id_++; }
    [[nodiscard]] bool is_listed(const Server& server) const;

    Fleet& fleet_;
    const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
    const HetznerOptions options_;
    const Catalogue catalogue_;
    Faults faults_;
    RequestLog requests_;
    std::atomic<std::int64_t> next_id_;
    std::mutex mutex_;
    std::map<std::string, Project> projects_;
    /// Whose server a host is.
    std::map<std::int64_t, Project*> owners_;
    // Last: its thread uses the members above.
    Scheduler scheduler_;
};

}  // namespace hatchery::sandbox
