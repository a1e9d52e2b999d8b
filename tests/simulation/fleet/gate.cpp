#include "simulation/fleet/gate.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;
using base::Effect;
using base::Error;
using base::ErrorKind;

bool is_database(Site site) {
    const Port port = port_of(site);
    return port == Port::jobs || port == Port::fleet || port == Port::ledger;
}

/// Whether the call changes something outside the process.
bool has_effect(Site site) {
    switch (site) {
        case Site::cloud_create:
        case Site::cloud_delete:
        case Site::cloud_power:
        case Site::cloud_create_firewall:
        case Site::cloud_create_ssh_key:
        case Site::cloud_delete_resource:
        case Site::host_exec:
        case Site::host_put_file:
        case Site::host_upload:
        case Site::host_start_run:
        case Site::host_stop_run:
        case Site::telegram_set_webhook:
        case Site::telegram_delete_webhook:
            return true;
        default:
            return false;
    }
}

/// Of a thousand calls at one place: who always dies before a call never dies after it.
constexpr int most_crashes = 400;

/// Calls that are rare get more than their share of deaths, so that no place is left out.
int crash_weight(Site site) {
    switch (site) {
        case Site::host_stop_run:
        case Site::telegram_set_webhook:
        case Site::cloud_delete_resource:
            return 200;
        case Site::fleet_condemn:
        case Site::fleet_left_behind_gone:
        case Site::fleet_note_creates:
        case Site::cloud_actions:
        case Site::ledger_server_vanished:
        case Site::ledger_tell:
        case Site::cloud_power:
        case Site::cloud_create_firewall:
        case Site::cloud_create_ssh_key:
            return 50;
        case Site::jobs_give_back:
        case Site::host_open_tunnel:
        case Site::telegram_webhook_info:
        case Site::fleet_learn_addresses:
        case Site::budgets_report:
        case Site::alarms_raise:
        case Site::ledger_subscription:
        case Site::cloud_offers:
            return 15;
        case Site::cloud_find:
        case Site::cloud_delete:
        case Site::fleet_server_gone:
        case Site::host_put_file:
        case Site::host_upload:
        case Site::http_send:
        case Site::ledger_intend_create:
        case Site::ledger_keep_sweep:
            return 5;
        default:
            return 1;
    }
}

Error error_of(ErrorKind kind, Effect effect, std::string message) {
    Error error = base::fail(kind, std::move(message)).value();
    error.effect = effect;
    return error;
}

}  // namespace

Gate::Passage Gate::before(Site site) {
    process_.ensure_alive();
    ++world_.stats.calls;
    ++world_.stats.calls_of[static_cast<std::size_t>(site)];
    world_.trace.add("call", static_cast<std::uint64_t>(site),
                     static_cast<std::uint64_t>(process_.number()));
    Passage passage;
    if (!world_.troubled()) return passage;
    disturb(site, Fault::crash_before_call);
    choose_errors(site, passage);
    return passage;
}

void Gate::after(Site site, const Error* error, Passage& passage) {
    world_.trace.add("answer", static_cast<std::uint64_t>(site),
                     error == nullptr ? 99 : static_cast<std::uint64_t>(error->kind));
    world_.trace.line([&] {
        return world_.stamp() +
               fmt::format("  {} {} {}{}", process_.name(), base::to_text(site),
                           error == nullptr ? std::string("ok") : "failed: " + error->message,
                           passage.lost && error == nullptr ? " (its answer is lost)" : "");
    });
    if (error != nullptr) {
        passage.lost.reset();
        world_.checks().no_secret(error->message, "an error");
    }
    world_.checks().after_call(site);
    if (world_.troubled()) disturb(site, Fault::crash_after_call);
}

void Gate::disturb(Site site, Fault crash) {
    if (world_.random.chance(std::min(world_.profile.crash * crash_weight(site), most_crashes))) {
        world_.count(crash, [&] {
            return fmt::format("{} dies {} {}", process_.name(),
                               crash == Fault::crash_before_call ? "before" : "after",
                               base::to_text(site));
        });
        auto& died = crash == Fault::crash_before_call ? world_.stats.crashes_before
                                                       : world_.stats.crashes_after;
        ++died[static_cast<std::size_t>(site)];
        process_.die();
        throw Crash{};
    }
    if (!process_.is_alone() && world_.random.chance(world_.profile.interleave)) {
        world_.interleave(process_.name());
        process_.ensure_alive();
    }
}

void Gate::choose_errors(Site site, Passage& passage) {
    auto& random = world_.random;
    if (is_database(site)) {
        const bool outage = process_.installation().refuses_until > world_.clock.true_time();
        const bool refuses = outage ? random.chance(600) : random.chance(world_.profile.refuse / 3);
        if (refuses) {
            if (!outage) world_.count(Fault::database_refuses);
            passage.instead =
                error_of(ErrorKind::unavailable, Effect::none, "The database does not answer.");
        } else if (outage || random.chance(world_.profile.lose / 3)) {
            if (!outage) world_.count(Fault::database_loses);
            passage.lost = error_of(ErrorKind::unavailable, Effect::unknown,
                                    "The database's answer did not come.");
        }
        return;
    }
    const Effect doubt = has_effect(site) ? Effect::unknown : Effect::none;
    if (random.chance(world_.profile.final_error)) {
        world_.count(Fault::refused_for_good);
        const auto kind = random.chance(500) ? ErrorKind::unauthorized : ErrorKind::invalid;
        passage.instead = error_of(kind, Effect::none, "The other side refuses this call.");
    } else if (random.chance(world_.profile.refuse)) {
        switch (random.below(3)) {
            case 0:
                world_.count(Fault::rate_limited);
                passage.instead =
                    error_of(ErrorKind::rate_limited, Effect::none, "There are too many requests.");
                passage.instead->retry_after = std::chrono::seconds(random.between(1, 20));
                break;
            case 1:
                world_.count(Fault::timed_out);
                passage.instead = error_of(ErrorKind::timeout, doubt, "The call took too long.");
                break;
            default:
                world_.count(Fault::server_error);
                passage.instead =
                    error_of(random.chance(500) ? ErrorKind::unavailable : ErrorKind::bad_response,
                             doubt, "The other side answered 503.");
        }
    } else if (random.chance(world_.profile.lose)) {
        world_.count(Fault::answer_lost);
        passage.lost = error_of(random.chance(500) ? ErrorKind::unavailable : ErrorKind::timeout,
                                doubt, "The connection broke before the answer.");
    }
}

}  // namespace hatchery::simulation
