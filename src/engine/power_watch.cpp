#include "engine/power_watch.hpp"

#include <algorithm>

#include "base/log.hpp"
#include "core/cloud_alarms.hpp"
#include "engine/alarm_bell.hpp"
#include "engine/late_create.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr int most_tries = 3;
constexpr auto on_for_good = 1h;

}  // namespace

base::Result<std::string> PowerWatch::switch_on(const core::Server& server,
                                                const std::stop_token& stop) {
    auto& tries = tries_[server.id];
    tries.last_off = base::steady_now();
    if (tries.made >= most_tries) {
        if (tries.made == most_tries) {
            ++tries.made;
            tell(server, "The server does not stay on; the operator must see to it.");
        }
        return "gave_up";
    }
    ++tries.made;
    const auto asked = ports_.clouds.at(provider_)->change_power(
        server.provider_server_id, providers::PowerAction::on,
        base::Call::within(post_limit, stop));
    if (!asked) return base::fail(asked.error());
    base::log_event(base::LogLevel::warning, "server_switched_on",
                    {{"provider", provider_}, {"server", server.id.text()}, {"try", tries.made}});
    tell(server, "The server was switched off; it is switched on again.");
    return "switched_on";
}

void PowerWatch::end_round() {
    const auto now = base::steady_now();
    std::erase_if(tries_,
                  [&](const auto& entry) { return now - entry.second.last_off >= on_for_good; });
    const auto given_up = std::ranges::count_if(
        tries_, [](const auto& entry) { return entry.second.made > most_tries; });
    if (given_up > 0) {
        raise_alarm(ports_.alarms,
                    core::servers_stay_off(provider_, static_cast<std::size_t>(given_up)),
                    ports_.clock.now());
    } else {
        clear_alarm(ports_.alarms, core::AlarmKind::server_stays_off, provider_,
                    ports_.clock.now());
    }
}

void PowerWatch::tell(const core::Server& server, const std::string& message) const {
    if (ports_.ledger == nullptr) return;
    (void)ports_.ledger->tell(server.bot_id, message, core::EventLevel::warning,
                              ports_.clock.now());
}

}  // namespace hatchery::engine
