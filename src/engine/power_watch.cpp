#include "engine/power_watch.hpp"

#include <map>
#include <utility>

#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "engine/alarm_bell.hpp"
#include "engine/late_create.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr int most_tries = 3;
constexpr auto on_for_good = 1h;
/// An incident at the provider ends some day.
constexpr auto try_again_after = 1h;

/// Whether the provider has refused: one that did not answer, or was not asked, has tried nothing.
bool was_answered(const base::Error& error) {
    using base::ErrorKind;
    return error.kind != ErrorKind::unavailable && error.kind != ErrorKind::timeout &&
           error.kind != ErrorKind::rate_limited && error.kind != ErrorKind::cancelled;
}

}  // namespace

base::Result<std::string> PowerWatch::switch_on(const core::Server& server,
                                                const std::stop_token& stop) {
    const auto now = base::steady_now();
    auto& tries = tries_[server.id];
    tries.last_off = now;
    if (tries.made >= most_tries && now - tries.last_try < try_again_after) {
        if (!tries.given_up)
            tell(server, "The server does not stay on; the operator must see to it.");
        tries.given_up = true;
        ++given_up_;
        return "gave_up";
    }
    const auto asked = ports_.clouds.at(provider_)->change_power(
        server.provider_server_id, providers::PowerAction::on,
        base::Call::within(post_limit, stop));
    if (!asked && !was_answered(asked.error())) return base::fail(asked.error());
    ++tries.made;
    tries.last_try = now;
    if (!asked) return base::fail(asked.error());
    base::log_event(base::LogLevel::warning, "server_switched_on",
                    {{"provider", provider_}, {"server", server.id.text()}, {"try", tries.made}});
    if (!tries.given_up) tell(server, "The server was switched off; it is switched on again.");
    return "switched_on";
}

void PowerWatch::end_round() {
    const auto now = base::steady_now();
    std::erase_if(tries_,
                  [&](const auto& entry) { return now - entry.second.last_off >= on_for_good; });
    const auto given_up = std::exchange(given_up_, 0);
    if (given_up == 0) return;
    raise_alarm(ports_.alarms, core::servers_stay_off(provider_, given_up), ports_.clock.now());
}

void PowerWatch::tell(const core::Server& server, const std::string& message) const {
    if (ports_.ledger == nullptr) return;
    (void)ports_.ledger->tell(server.bot_id, message, core::EventLevel::warning,
                              ports_.clock.now());
}

}  // namespace hatchery::engine
