#include <algorithm>
#include <charconv>

#include "sandbox/cloud/validation.hpp"
#include "sandbox/hetzner/hetzner_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr std::size_t kMaxIdsACall = 25;
/// The oldest are forgotten beyond this.
constexpr std::size_t kMaxActions = 20'000;

std::int64_t parse_id(const std::string& text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error != std::errc{} || end != text.data() + text.size() || id < 1) {
        reject_field("id", "Not a valid id.");
    }
    return id;
}

}  // namespace

Action& HetznerApi::Impl::begin_action(Project& project, const std::string& command,
                                       const std::string& type, std::int64_t resource) {
    Action action;
    action.id = next_id();
    action.command = command;
    action.started = std::chrono::system_clock::now();
    action.resources.emplace_back(type, resource);
    if (project.actions.size() >= kMaxActions) {
        project.actions.erase(project.actions.begin());
    }
    return project.actions.emplace(action.id, std::move(action)).first->second;
}

void HetznerApi::Impl::finish_action(Project& project, std::int64_t id) {
    const auto found = project.actions.find(id);
    if (found != project.actions.end() && found->second.status == ActionStatus::running) {
        found->second.status = ActionStatus::success;
        found->second.finished = std::chrono::system_clock::now();
    }
}

void HetznerApi::Impl::fail_action(Project& project, std::int64_t id, const std::string& code,
                                   const std::string& message) {
    const auto found = project.actions.find(id);
    if (found != project.actions.end() && found->second.status == ActionStatus::running) {
        found->second.status = ActionStatus::error;
        found->second.finished = std::chrono::system_clock::now();
        found->second.error_code = code;
        found->second.error_message = message;
    }
}

ApiAnswer HetznerApi::Impl::list_actions(Context& context) {
    const auto ids = query_values(context.call.query, "id");
    if (ids.empty()) {
        reject_field("id", "Missing data for required field.");
    }
    if (ids.size() > kMaxIdsACall) {
        reject_field("id", "At most 25 ids a call.");
    }
    std::vector<json> entries;
    for (const std::string& text : ids) {
        const auto found = context.project.actions.find(parse_id(text));
        if (found != context.project.actions.end()) {
            entries.push_back(found->second.to_json());
        }
    }
    return {.body = {{"actions", entries}, {"meta", page_meta({}, entries.size())}}};
}

ApiAnswer HetznerApi::Impl::get_action(Context& context) {
    const auto found = context.project.actions.find(context.ids.front());
    if (found == context.project.actions.end()) {
        reject_missing("action with ID '" + std::to_string(context.ids.front()) + "'");
    }
    return {.body = {{"action", found->second.to_json()}}};
}

ApiAnswer HetznerApi::Impl::actions_of(Context& context, const std::string& resource_type) {
    const Query& query = context.call.query;
    const auto statuses = query_values(query, "status");
    std::vector<json> entries;
    for (const auto& [id, action] : context.project.actions) {
        const bool concerned = context.ids.empty()
                                   ? action.resources.front().first == resource_type
                                   : action.concerns(resource_type, context.ids.front());
        if (concerned &&
            (statuses.empty() || std::find(statuses.begin(), statuses.end(),
                                           to_text(action.status)) != statuses.end())) {
            entries.push_back(action.to_json());
        }
    }
    sort_entries(entries, query, {"id", "command", "status", "started", "finished"});
    return {.body = list_answer("actions", entries, query)};
}

ApiAnswer HetznerApi::Impl::list_server_actions(Context& context) {
    if (!context.ids.empty()) {
        find_server(context);
    }
    return actions_of(context, "server");
}

ApiAnswer HetznerApi::Impl::list_firewall_actions(Context& context) {
    if (!context.ids.empty()) {
        find_firewall(context);
    }
    return actions_of(context, "firewall");
}

ApiAnswer HetznerApi::Impl::get_server_action(Context& context) {
    const Server& server = find_server(context);
    const auto found = context.project.actions.find(context.ids.at(1));
    if (found == context.project.actions.end() || !found->second.concerns("server", server.id)) {
        reject_missing("action with ID '" + std::to_string(context.ids.at(1)) + "'");
    }
    return {.body = {{"action", found->second.to_json()}}};
}

}  // namespace hatchery::sandbox
