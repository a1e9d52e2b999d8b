#pragma once

#include <cstdint>

#include "base/enum_text.hpp"

namespace hatchery::simulation {

/// Every call that the engine makes through a port, reads included.
enum class Site : std::uint8_t {
    jobs_claim,
    jobs_renew,
    jobs_apply,
    jobs_give_back,
    jobs_rescue,
    jobs_record,
    jobs_raise,
    jobs_next_due,
    jobs_chat_line,
    fleet_installation,
    fleet_bot,
    fleet_server_of,
    fleet_plan_server,
    fleet_change_server,
    fleet_server_gone,
    fleet_secret,
    fleet_put_secret,
    fleet_remove_secret,
    fleet_learn_addresses,
    fleet_note_creates,
    fleet_being_created,
    fleet_servers_alive,
    fleet_left_behind,
    fleet_condemn,
    fleet_left_behind_gone,
    fleet_try_lead,
    ledger_subscription,
    ledger_intend_create,
    ledger_server_vanished,
    ledger_tell,
    ledger_sweep_asked_at,
    ledger_keep_sweep,
    alarms_raise,
    alarms_clear,
    alarms_list,
    budgets_take,
    budgets_report,
    cloud_create,
    cloud_find,
    cloud_get,
    cloud_list,
    cloud_actions,
    cloud_delete,
    cloud_offers,
    cloud_power,
    cloud_list_resources,
    cloud_create_firewall,
    cloud_create_ssh_key,
    cloud_delete_resource,
    host_exec,
    host_put_file,
    host_upload,
    host_start_run,
    host_read_run,
    host_stop_run,
    host_open_tunnel,
    telegram_get_me,
    telegram_set_webhook,
    telegram_delete_webhook,
    telegram_webhook_info,
    http_send,
    bundles_current,
};
inline constexpr int site_count = static_cast<int>(Site::bundles_current) + 1;

enum class Port : std::uint8_t { jobs, fleet, ledger, cloud, host, telegram, http, bundles };

[[nodiscard]] constexpr Port port_of(Site site) {
    if (site <= Site::jobs_chat_line) return Port::jobs;
    if (site <= Site::fleet_try_lead) return Port::fleet;
    if (site <= Site::budgets_report) return Port::ledger;
    if (site <= Site::cloud_delete_resource) return Port::cloud;
    if (site <= Site::host_open_tunnel) return Port::host;
    if (site <= Site::telegram_webhook_info) return Port::telegram;
    return site == Site::http_send ? Port::http : Port::bundles;
}

/// What the seed can make go wrong.
enum class Fault : std::uint8_t {
    crash_before_call,  ///< the process dies, the call never left
    crash_after_call,   ///< the process dies, the call took effect
    process_killed,     ///< the process dies between two turns
    drained,            ///< the process is told to end: work is cut and given back
    interleaved,        ///< others have turns while this process is in the middle of a step
    frozen,             ///< the same for longer than a lease lasts
    database_refuses,   ///< one call to the database fails without effect
    database_loses,     ///< one call to the database takes effect, its answer is lost
    database_outage,    ///< the database refuses or loses everything for a while
    rate_limited,       ///< 429
    server_error,       ///< 5xx or no connection; the call had no effect, but nobody knows
    answer_lost,        ///< the call took effect, its answer is lost
    timed_out,          ///< like server_error, as a timeout
    refused_for_good,   ///< an error that is not worth trying again
    out_of_stock,       ///< the provider has no such machine for a while
    quota,              ///< the project may have no more servers for a while
    listed_late,        ///< new servers are missing from lists for a while
    slow_delete,        ///< deleted servers stay for a while
    boot_never_ends,    ///< one server never boots
    create_fails_late,  ///< the provider takes a create, and its action fails
    host_restarted,     ///< a machine starts anew: its scripts are lost
    host_down,          ///< a machine refuses connections for a while
    script_failed,      ///< a script ends with an error
    script_hangs,       ///< a script does not end
    clock_forward,      ///< one machine's clock jumps forward
    clock_backward,     ///< one machine's clock jumps back
    leadership_cut,     ///< a leader's connection breaks in mid-work
    server_vanished,    ///< somebody deletes a server of ours at the provider by hand
    switched_off,       ///< somebody switches a server of ours off
    left_over,          ///< something of a server that is gone stays at the provider
    sweep_asked,        ///< somebody asks for a sweep
    cost_ceiling,       ///< one more server would cost more than the operator allows
    budget_spent,       ///< a request waits for its project's budget
    create_comes_late,  ///< a create is obeyed long after its sender has given it up
    cancel,             ///< a user cancels
    second_operation,   ///< a user asks for an operation while another is under way
    chat,               ///< a user says something to a bot
    interrupt,          ///< and does not want to wait for what was said before
};
inline constexpr int fault_count = static_cast<int>(Fault::interrupt) + 1;

}  // namespace hatchery::simulation

template <>
struct hatchery::base::EnumNames<hatchery::simulation::Site> {
    using E = hatchery::simulation::Site;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::jobs_claim, "jobs.claim"},
         {E::jobs_renew, "jobs.renew"},
         {E::jobs_apply, "jobs.apply"},
         {E::jobs_give_back, "jobs.give_back"},
         {E::jobs_rescue, "jobs.rescue"},
         {E::jobs_record, "jobs.record"},
         {E::jobs_raise, "jobs.raise"},
         {E::jobs_next_due, "jobs.next_due"},
         {E::jobs_chat_line, "jobs.chat_line"},
         {E::fleet_installation, "fleet.installation"},
         {E::fleet_bot, "fleet.bot"},
         {E::fleet_server_of, "fleet.server_of"},
         {E::fleet_plan_server, "fleet.plan_server"},
         {E::fleet_change_server, "fleet.change_server"},
         {E::fleet_server_gone, "fleet.server_gone"},
         {E::fleet_secret, "fleet.secret"},
         {E::fleet_put_secret, "fleet.put_secret"},
         {E::fleet_remove_secret, "fleet.remove_secret"},
         {E::fleet_learn_addresses, "fleet.learn_addresses"},
         {E::fleet_note_creates, "fleet.note_creates"},
         {E::fleet_being_created, "fleet.servers_being_created"},
         {E::fleet_servers_alive, "fleet.servers_alive"},
         {E::fleet_left_behind, "fleet.servers_left_behind"},
         {E::fleet_condemn, "fleet.condemn_left_behind"},
         {E::fleet_left_behind_gone, "fleet.left_behind_gone"},
         {E::fleet_try_lead, "fleet.try_lead"},
         {E::ledger_subscription, "ledger.subscription_of"},
         {E::ledger_intend_create, "ledger.intend_create"},
         {E::ledger_server_vanished, "ledger.server_vanished"},
         {E::ledger_tell, "ledger.tell"},
         {E::ledger_sweep_asked_at, "ledger.sweep_asked_at"},
         {E::ledger_keep_sweep, "ledger.keep_sweep"},
         {E::alarms_raise, "alarms.raise"},
         {E::alarms_clear, "alarms.clear"},
         {E::alarms_list, "alarms.list"},
         {E::budgets_take, "budgets.take"},
         {E::budgets_report, "budgets.report"},
         {E::cloud_create, "cloud.create_server"},
         {E::cloud_find, "cloud.find_server"},
         {E::cloud_get, "cloud.get_server"},
         {E::cloud_list, "cloud.list_servers"},
         {E::cloud_actions, "cloud.actions"},
         {E::cloud_delete, "cloud.delete_server"},
         {E::cloud_offers, "cloud.offers"},
         {E::cloud_power, "cloud.change_power"},
         {E::cloud_list_resources, "cloud.list_resources"},
         {E::cloud_create_firewall, "cloud.create_firewall"},
         {E::cloud_create_ssh_key, "cloud.create_ssh_key"},
         {E::cloud_delete_resource, "cloud.delete_resource"},
         {E::host_exec, "host.exec"},
         {E::host_put_file, "host.put_file"},
         {E::host_upload, "host.upload"},
         {E::host_start_run, "host.start_run"},
         {E::host_read_run, "host.read_run"},
         {E::host_stop_run, "host.stop_run"},
         {E::host_open_tunnel, "host.open_tunnel"},
         {E::telegram_get_me, "telegram.get_me"},
         {E::telegram_set_webhook, "telegram.set_webhook"},
         {E::telegram_delete_webhook, "telegram.delete_webhook"},
         {E::telegram_webhook_info, "telegram.get_webhook_info"},
         {E::http_send, "http.send"},
         {E::bundles_current, "bundles.current"}});
};

template <>
struct hatchery::base::EnumNames<hatchery::simulation::Fault> {
    using E = hatchery::simulation::Fault;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::crash_before_call, "crash_before_call"},
                                                       {E::crash_after_call, "crash_after_call"},
                                                       {E::process_killed, "process_killed"},
                                                       {E::drained, "drained"},
                                                       {E::interleaved, "interleaved"},
                                                       {E::frozen, "frozen"},
                                                       {E::database_refuses, "database_refuses"},
                                                       {E::database_loses, "database_loses"},
                                                       {E::database_outage, "database_outage"},
                                                       {E::rate_limited, "rate_limited"},
                                                       {E::server_error, "server_error"},
                                                       {E::answer_lost, "answer_lost"},
                                                       {E::timed_out, "timed_out"},
                                                       {E::refused_for_good, "refused_for_good"},
                                                       {E::out_of_stock, "out_of_stock"},
                                                       {E::quota, "quota"},
                                                       {E::listed_late, "listed_late"},
                                                       {E::slow_delete, "slow_delete"},
                                                       {E::boot_never_ends, "boot_never_ends"},
                                                       {E::create_fails_late, "create_fails_late"},
                                                       {E::host_restarted, "host_restarted"},
                                                       {E::host_down, "host_down"},
                                                       {E::script_failed, "script_failed"},
                                                       {E::script_hangs, "script_hangs"},
                                                       {E::clock_forward, "clock_forward"},
                                                       {E::clock_backward, "clock_backward"},
                                                       {E::leadership_cut, "leadership_cut"},
                                                       {E::server_vanished, "server_vanished"},
                                                       {E::switched_off, "switched_off"},
                                                       {E::left_over, "left_over"},
                                                       {E::sweep_asked, "sweep_asked"},
                                                       {E::cost_ceiling, "cost_ceiling"},
                                                       {E::budget_spent, "budget_spent"},
                                                       {E::create_comes_late, "create_comes_late"},
                                                       {E::cancel, "cancel"},
                                                       {E::second_operation, "second_operation"},
                                                       {E::chat, "chat"},
                                                       {E::interrupt, "interrupt"}});
};
