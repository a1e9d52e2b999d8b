#include "sandbox/cloud/routing.hpp"
#include "sandbox/cloud/validation.hpp"
#include "sandbox/digitalocean/digitalocean_api_impl.hpp"

namespace hatchery::sandbox {
namespace {

using nlohmann::json;
using namespace ocean;

/// The oldest are forgotten beyond this.
constexpr std::size_t kMaxActions = 20'000;

struct PowerRow {
    const char* type;
    void (Fleet::*effect)(std::int64_t);
};

constexpr PowerRow kPower[] = {{"power_on", &Fleet::power_on},
                               {"power_off", &Fleet::power_off},
                               {"shutdown", &Fleet::shut_down},
                               {"reboot", &Fleet::reboot},
                               {"power_cycle", &Fleet::reset}};

}  // namespace

json DigitalOceanApi::Impl::action_json(const Action& action) const {
    return {{"id", action.id},
            {"status", action.status},
            {"type", action.type},
            {"started_at", to_text(action.started)},
            {"completed_at", action.completed ? json(to_text(*action.completed)) : json()},
            {"resource_id", action.droplet},
            {"resource_type", "droplet"},
            {"region", region_json(action.region)},
            {"region_slug", action.region}};
}

Action& DigitalOceanApi::Impl::begin_action(Account& account, const std::string& type,
                                            const Droplet& droplet) {
    Action action;
    action.id = next_id();
    action.type = type;
    action.started = std::chrono::system_clock::now();
    action.droplet = droplet.id;
    action.region = droplet.region;
    if (account.actions.size() >= kMaxActions) {
        account.actions.erase(account.actions.begin());
    }
    return account.actions.emplace(action.id, std::move(action)).first->second;
}

void DigitalOceanApi::Impl::end_action(Account& account, std::int64_t id,
                                       const std::string& status) {
    const auto found = account.actions.find(id);
    if (found != account.actions.end() && !found->second.completed) {
        found->second.status = status;
        found->second.completed = std::chrono::system_clock::now();
    }
}

void DigitalOceanApi::Impl::take_snapshot(Account& account, const Droplet& droplet,
                                          const std::string& name) {
    Snapshot snapshot;
    snapshot.id = next_id();
    snapshot.name = name.empty() ? droplet.name : name;
    snapshot.created = std::chrono::system_clock::now();
    snapshot.droplet = droplet.id;
    snapshot.region = droplet.region;
    snapshot.min_disk_gb = droplet.size.at("disk").get<int>();
    account.snapshots.emplace(snapshot.id, std::move(snapshot));
}

ApiAnswer DigitalOceanApi::Impl::act_on_droplet(Context& context) {
    Droplet& droplet = find_droplet(context);
    BodyReader body(context.call.body);
    const auto type = body.text("type", BodyReader::Need::required).value_or("");
    const auto name = body.text("name").value_or("");
    body.finish();
    if (droplet.status == DropletStatus::fresh) {
        refuse("Droplet already has a pending event.");
    }
    Account& account = context.account;
    if (type == "snapshot") {
        Action& action = begin_action(account, type, droplet);
        const json answer{{"action", action_json(action)}};
        take_snapshot(account, droplet, name);
        end_action(account, action.id, "completed");
        return {.status = 201, .body = answer};
    }
    for (const PowerRow& row : kPower) {
        if (type != row.type) {
            continue;
        }
        Action& action = begin_action(account, type, droplet);
        const json answer{{"action", action_json(action)}};
        (fleet_.*row.effect)(droplet.id);
        // The order was passed on; what came of it is the Droplet's status.
        end_action(account, action.id, "completed");
        return {.status = 201, .body = answer};
    }
    refuse("The sandbox has no action '" + type + "'.");
}

ApiAnswer DigitalOceanApi::Impl::list_droplet_actions(Context& context) {
    const Droplet& droplet = find_droplet(context);
    std::vector<json> entries;
    for (const auto& [id, action] : context.account.actions) {
        if (action.droplet == droplet.id) {
            entries.push_back(action_json(action));
        }
    }
    return list_answer(context, "actions", std::move(entries));
}

ApiAnswer DigitalOceanApi::Impl::get_action(Context& context) {
    std::int64_t id = 0;
    const auto found = is_id(context.words.back(), id) ? context.account.actions.find(id)
                                                       : context.account.actions.end();
    if (found == context.account.actions.end()) {
        refuse_missing();
    }
    return {.body = {{"action", action_json(found->second)}}};
}

ApiAnswer DigitalOceanApi::Impl::get_droplet_action(Context& context) {
    find_droplet(context);
    return get_action(context);
}

void DigitalOceanApi::Impl::end_boot_delay(std::int64_t id) {
    const std::lock_guard lock(mutex_);
    const auto owner = owners_.find(id);
    if (owner == owners_.end()) {
        return;
    }
    const auto droplet = owner->second->droplets.find(id);
    if (droplet == owner->second->droplets.end()) {
        return;
    }
    droplet->second.boot_delay_over = true;
    leave_new(*owner->second, droplet->second);
}

/// Powers the host on once it is prepared and has been `new` for long enough.
void DigitalOceanApi::Impl::leave_new(Account& account, Droplet& droplet) {
    const bool waits = droplet.status != DropletStatus::fresh || droplet.stuck ||
                       droplet.deleting || !droplet.prepared || !droplet.boot_delay_over;
    if (waits) {
        return;
    }
    if (droplet.fails) {
        droplet.status = DropletStatus::off;
        end_action(account, droplet.create_action, "errored");
        return;
    }
    fleet_.power_on(droplet.id);
}

void DigitalOceanApi::Impl::on_host_event(std::int64_t id, HostEvent event,
                                          const std::string& /*message*/) {
    const std::lock_guard lock(mutex_);
    const auto owner = owners_.find(id);
    if (owner == owners_.end()) {
        return;
    }
    Account& account = *owner->second;
    const auto found = account.droplets.find(id);
    if (found == account.droplets.end() || found->second.deleting) {
        return;
    }
    Droplet& droplet = found->second;
    switch (event) {
        case HostEvent::prepared:
            droplet.prepared = true;
            leave_new(account, droplet);
            break;
        case HostEvent::started:
            droplet.status = DropletStatus::active;
            droplet.has_address = true;
            end_action(account, droplet.create_action, "completed");
            break;
        case HostEvent::prepare_failed:
        case HostEvent::start_failed:
            droplet.status = DropletStatus::off;
            end_action(account, droplet.create_action, "errored");
            break;
        case HostEvent::stopped:
            droplet.status = DropletStatus::off;
            break;
    }
}

}  // namespace hatchery::sandbox
