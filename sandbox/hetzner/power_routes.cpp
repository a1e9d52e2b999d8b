#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {

ApiAnswer HetznerApi::Impl::power_call(Context& context, const std::string& command,
                                       bool keeps_running, void (Fleet::*effect)(std::int64_t)) {
    Server& server = find_server(context);
    if (server.status == ServerStatus::initializing || server.status == ServerStatus::deleting) {
        throw ApiError{423, "locked", "server is locked", nullptr};
    }
    Action& action = begin_action(context.project, command, "server", server.id);
    const nlohmann::json answer{{"action", action.to_json()}};
    (fleet_.*effect)(server.id);
    if (keeps_running) {
        // Success means that the call was passed on, as with the real service's ACPI calls.
        finish_action(context.project, action.id);
    }
    return {.status = 201, .body = answer};
}

ApiAnswer HetznerApi::Impl::power_on(Context& context) {
    Server& server = find_server(context);
    if (server.status != ServerStatus::off) {
        return power_call(context, "start_server", true, &Fleet::power_on);
    }
    begin_start(context.project, server);
    return {.status = 201,
            .body = {{"action", context.project.actions.at(server.start_action).to_json()}}};
}

ApiAnswer HetznerApi::Impl::power_off(Context& context) {
    return power_call(context, "stop_server", false, &Fleet::power_off);
}

ApiAnswer HetznerApi::Impl::shut_down(Context& context) {
    return power_call(context, "shutdown_server", true, &Fleet::shut_down);
}

ApiAnswer HetznerApi::Impl::reboot(Context& context) {
    return power_call(context, "reboot_server", true, &Fleet::reboot);
}

ApiAnswer HetznerApi::Impl::reset(Context& context) {
    return power_call(context, "reset_server", true, &Fleet::reset);
}

void HetznerApi::Impl::begin_start(Project& project, Server& server) {
    if (server.start_action == 0) {
        server.start_action = begin_action(project, "start_server", "server", server.id).id;
    }
    server.status = ServerStatus::starting;
    fleet_.power_on(server.id);
}

void HetznerApi::Impl::end_boot_delay(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto owner = owners_.find(id);
    if (owner == owners_.end()) {
        return;
    }
    Server& server = owner->second->servers.at(id);
    server.boot_delay_over = true;
    leave_initializing(*owner->second, server);
}

void HetznerApi::Impl::leave_initializing(Project& project, Server& server) {
    const bool ready = server.status == ServerStatus::initializing && server.prepared &&
                       server.boot_delay_over && !server.stuck;
    if (!ready) {
        return;
    }
    if (!server.fails_with.empty()) {
        server.status = ServerStatus::off;
        const std::string& code = server.fails_with;
        fail_action(project, server.create_action, code, "made to order by a fault");
        fail_action(project, server.start_action, code, "made to order by a fault");
        server.start_action = 0;
        return;
    }
    finish_action(project, server.create_action);
    if (server.start_after_create) {
        begin_start(project, server);
    } else {
        server.status = ServerStatus::off;
    }
}

void HetznerApi::Impl::on_host_event(std::int64_t id, HostEvent event, const std::string& message) {
    const std::lock_guard lock(mutex_);
    const auto owner = owners_.find(id);
    if (owner == owners_.end()) {
        return;
    }
    Project& project = *owner->second;
    Server& server = project.servers.at(id);
    if (server.status == ServerStatus::deleting) {
        return;
    }
    switch (event) {
        case HostEvent::prepared:
            server.prepared = true;
            leave_initializing(project, server);
            break;
        case HostEvent::started:
            server.status = ServerStatus::running;
            finish_action(project, server.start_action);
            server.start_action = 0;
            break;
        case HostEvent::prepare_failed:
            server.status = ServerStatus::off;
            fail_action(project, server.create_action, "server_error", message);
            fail_action(project, server.start_action, "server_error", message);
            break;
        case HostEvent::start_failed:
            server.status = ServerStatus::off;
            fail_action(project, server.start_action, "server_error", message);
            server.start_action = 0;
            break;
        case HostEvent::stopped:
            server.status = ServerStatus::off;
            for (auto& [action_id, action] : project.actions) {
                if (action.command == "stop_server" && action.concerns("server", id)) {
                    finish_action(project, action_id);
                }
            }
            break;
    }
}

}  // namespace hatchery::sandbox
