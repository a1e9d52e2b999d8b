#include "engine/proven_cloud.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "core/cloud_alarms.hpp"
#include "core/ownership.hpp"
#include "core/reconcile.hpp"
#include "engine/alarm_bell.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using providers::ResourceKind;

constexpr base::Milliseconds ask_again{10'000};

base::Error unproven(const std::string& provider) {
    base::Error error{.kind = base::ErrorKind::unavailable, .effect = base::Effect::none};
    error.code = code_project_unproven;
    error.message = fmt::format(
        "{} knows no such server, and its project does not prove to be the one with our servers.",
        provider);
    error.next_action = "Tell the operator: the provider's token may be that of another project.";
    error.retry_after = ask_again;
    return error;
}

}  // namespace

ProvenCloud::Found ProvenCloud::find_server(const std::string& server_name,
                                            const base::Call& call) {
    auto found = inner_.find_server(server_name, call);
    if (found && !*found && !proven_) {
        const auto known = knows_a_machine();
        if (!known) return base::fail(known.error());
        if (!*known) return found;
    }
    return believed(std::move(found), call);
}

ProvenCloud::Found ProvenCloud::get_server(const std::string& provider_server_id,
                                           const base::Call& call) {
    return believed(inner_.get_server(provider_server_id, call), call);
}

ProvenCloud::Found ProvenCloud::believed(Found found, const base::Call& call) {
    if (!found || proven_) return found;
    if (*found) {
        note_found(**found);
        return found;
    }
    auto proof = prove(call);
    if (!proof) return base::fail(std::move(proof).error());
    if (*proof) {
        proven_ = true;
        return found;
    }
    raise_alarm(witnesses_.alarms, core::project_unproven(name()), witnesses_.clock.now());
    return base::fail(unproven(name()));
}

base::Result<bool> ProvenCloud::knows_a_machine() const {
    const auto alive = witnesses_.fleet.servers_alive(name());
    if (!alive) return base::fail(alive.error());
    return std::ranges::any_of(
        *alive, [](const core::Server& server) { return !server.provider_server_id.empty(); });
}

void ProvenCloud::note_found(const providers::CloudServer& server) {
    const auto label = server.labels.find(core::label_installation);
    if (label == server.labels.end()) return;
    const auto installation = witnesses_.fleet.installation();
    if (installation && label->second == installation->text()) proven_ = true;
}

base::Result<bool> ProvenCloud::prove(const base::Call& call) {
    // What knows no firewalls is no project of somebody's account.
    if (!can(providers::Capability::firewalls)) return true;
    // Many may wait for it, and each answer costs a request.
    const std::scoped_lock one(asking_);
    if (proven_) return true;
    if (base::steady_now() < unproven_until_) return false;
    const auto installation = witnesses_.fleet.installation();
    if (!installation) return base::fail(installation.error());
    auto mark = witnesses_.ledger.project_mark(name());
    if (!mark) return base::fail(std::move(mark).error());
    const auto firewalls = inner_.list_resources(ResourceKind::firewall, core::label_installation,
                                                 installation->text(), call);
    if (!firewalls) return base::fail(firewalls.error());
    core::ProjectSigns signs{.mark = mark->value_or(""), .shown = {}, .missing = 1, .known = 1};
    for (const auto& firewall : *firewalls) {
        if (!firewall.labels.contains(core::label_server)) signs.shown.push_back(firewall.id);
    }
    const bool ours = core::is_our_project(signs);
    if (!ours) unproven_until_ = base::steady_now() + ask_again;
    return ours;
}

}  // namespace hatchery::engine
