#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/ownership.hpp"
#include "engine/cloud_access.hpp"
#include "engine/host_login.hpp"
#include "engine/late_create.hpp"
#include "engine/proven_cloud.hpp"
#include "engine/steps/found_prices.hpp"
#include "engine/steps/steps.hpp"
#include "ports/cloud_budgets.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using core::ServerState;
using core::StepOutcome;

constexpr auto call_limit = 30s;
/// Between two looks whether it is gone: the first ones soon, since most go within seconds.
constexpr auto gone_intervals = std::to_array<base::Milliseconds>({1s, 2s, 5s});
/// Between two looks for the machine of a create without an answer.
constexpr base::Milliseconds look_interval{5'000};
/// Clocks of machines jump and differ, so that the time between two of them says little: so many
/// looks must have been in vain, too.
constexpr long long least_looks = late_create_limit / look_interval;

/// Waits for the provider to delete what it was asked to delete.
StepOutcome wait_until_gone(StepContext& context) {
    const long long looks = base::json_int(context.progress, "gone_looks");
    context.progress["gone_looks"] = looks + 1;
    const auto last = static_cast<long long>(gone_intervals.size()) - 1;
    return context.wait(gone_intervals[static_cast<std::size_t>(std::clamp(looks, 0LL, last))],
                        "waiting for the provider to delete the server");
}

/// No word on whether the server is there, or none that can be believed: what the operator must see
/// to is waited for as long as the operation lives, and the reaper goes on then.
StepOutcome not_known(StepContext& context, base::Error error) {
    if (error.code != code_project_unproven) return failed(std::move(error));
    return context.wait(error.retry_after.value_or(look_interval), error.message);
}

StepOutcome gone(StepContext& context, const core::Server& server) {
    if (auto target = ssh_target(context, server)) context.ports.hosts.forget(*target);
    auto written = context.ports.fleet.server_gone(context.claimed.lease, server.id, context.now());
    if (!written) return failed(std::move(written).error());
    return core::Succeeded{
        server.provider_server_id.empty()
            ? "no server was made"
            : fmt::format("server {} is gone at {}", server.provider_server_id, server.provider)};
}

/// Looks for the machine of a create whose answer never came.
base::Result<std::optional<providers::CloudServer>> find(StepContext& context,
                                                         providers::CloudProvider& cloud,
                                                         const core::Server& server) {
    return context.outside([&] {
        return server.provider_server_id.empty()
                   ? cloud.find_server(server.name, context.call(call_limit))
                   : cloud.get_server(server.provider_server_id, context.call(call_limit));
    });
}

/// Says once that a create whose answer was lost had made a machine: nobody has told of it yet.
base::Result<void> tell(StepContext& context, const core::Server& server,
                        const std::string& provider_server_id) {
    if (!server.provider_server_id.empty()) return {};
    if (base::json_string(context.progress, "told_server") == provider_server_id) return {};
    context.progress["told_server"] = provider_server_id;
    return context.say(fmt::format("found server {} at {}, made by a create without an answer",
                                   provider_server_id, server.provider));
}

/// The intent, with what the machine costs if a create without an answer made it.
ports::ServerChange deleting(const providers::CloudServer& found) {
    ports::ServerChange change{.state = ServerState::deleting,
                               .provider_server_id = found.provider_server_id};
    keep_prices(change, found);
    return change;
}

/// Counts this look for an unanswered create, and says whether enough were in vain. When they began
/// and how many they are is kept over runs.
bool looked_enough(StepContext& context) {
    const long long looks = base::json_int(context.progress, "looks") + 1;
    context.progress["looks"] = looks;
    const auto since = base::parse_time(base::json_string(context.progress, "looking_since"));
    if (!since) {
        context.progress["looking_since"] = base::format_time(context.now());
        return false;
    }
    return looks > least_looks && context.now() - *since >= late_create_limit;
}

}  // namespace

StepOutcome destroy_server(StepContext& context) {
    auto held = context.ports.fleet.server_of(context.bot_id());
    if (!held) return failed(std::move(held).error());
    if (!*held) return core::Succeeded{"the bot has no server"};
    const core::Server& server = **held;
    if (server.state == ServerState::planned) return gone(context, server);

    auto cloud = cloud_of(context, server.provider);
    if (!cloud) return failed(std::move(cloud).error());
    // What deletes something goes first, and the look before it; looks that wait for its end delete
    // nothing.
    const bool is_asked = base::json_int(context.progress, "gone_looks") > 0;
    const ports::UrgencyScope urgent(is_asked ? core::Urgency::poll : core::Urgency::removal);
    auto found = find(context, **cloud, server);
    if (!found) return not_known(context, std::move(found).error());
    if (!*found) {
        const bool unanswered = server.provider_server_id.empty();
        if (unanswered && !looked_enough(context)) {
            return context.wait(look_interval,
                                "waiting to see whether the provider made a server after all");
        }
        return gone(context, server);
    }
    auto installation = context.ports.fleet.installation();
    if (!installation) return failed(std::move(installation).error());
    if (!core::owned_by((*found)->labels, *installation, server.id)) {
        return failed({.kind = base::ErrorKind::invalid,
                       .effect = base::Effect::none,
                       .message = fmt::format("Server {} at {} does not bear this installation's "
                                              "label, so it is not deleted.",
                                              (*found)->provider_server_id, server.provider),
                       .next_action = "Look at the server in the provider's console.",
                       .code = "foreign_server",
                       .retry_after = std::nullopt,
                       .context = {}});
    }
    if (auto told = tell(context, server, (*found)->provider_server_id); !told) {
        return failed(std::move(told).error());
    }
    auto intent =
        context.ports.fleet.change_server(context.claimed.lease, server.id, deleting(**found));
    if (!intent) return failed(std::move(intent).error());
    // Deleted is what the provider no longer lists, not what it promised.
    if ((*found)->status == providers::CloudServerStatus::deleting) return wait_until_gone(context);
    auto asked = context.outside([&] {
        const ports::UrgencyScope first(core::Urgency::removal);
        return (*cloud)->delete_server((*found)->provider_server_id, context.call(call_limit));
    });
    if (!asked) return failed(std::move(asked).error());
    const ports::UrgencyScope later(core::Urgency::poll);
    auto still = context.outside([&] {
        return (*cloud)->get_server((*found)->provider_server_id, context.call(call_limit));
    });
    if (!still) return not_known(context, std::move(still).error());
    if (!*still) {
        core::Server known = server;
        known.provider_server_id = (*found)->provider_server_id;
        return gone(context, known);
    }
    return wait_until_gone(context);
}

}  // namespace hatchery::engine
