#include <optional>
#include <utility>

#include "engine/budgeted_transport.hpp"
#include "simulation/fleet/gated_ports.hpp"
#include "simulation/fleet/world.hpp"

// Providers, and what is kept about their projects.

namespace hatchery::simulation {

using base::Result;
using providers::CloudResource;
using providers::CloudServer;

namespace {

/// Stands for the connection to the provider: makes one call when it is let through.
class OneCall final : public ports::HttpTransport {
public:
    using Make = std::function<std::optional<base::Error>()>;
    explicit OneCall(Make make) : make_(std::move(make)) {}

    Result<ports::HttpResponse> send(const ports::HttpRequest&, const base::Call&) override {
        const auto error = make_();
        ports::HttpResponse response{.status = 200, .headers = {}, .body = {}};
        if (!error) return response;
        if (error->kind != base::ErrorKind::rate_limited) return base::fail(*error);
        response.status = 429;
        if (error->retry_after) {
            const auto seconds =
                std::chrono::duration_cast<std::chrono::seconds>(*error->retry_after);
            response.headers["retry-after"] = std::to_string(seconds.count());
        }
        return response;
    }

private:
    Make make_;
};

}  // namespace

GatedCloud::GatedCloud(Gated gated, ports::CloudBudgets& budgets)
    : PassingCloud(gated.world.cloud()), Gated(gated), budgets_(budgets) {}

template <typename Make>
auto GatedCloud::within_budget(std::string_view method, const base::Call& call, Make&& make)
    -> std::invoke_result_t<Make> {
    using Answer = std::invoke_result_t<Make>;
    std::optional<Answer> answer;
    OneCall connection([&]() -> std::optional<base::Error> {
        answer.emplace(make());
        if (*answer) return std::nullopt;
        return answer->error();
    });
    const auto transport = engine::make_budgeted_transport(
        connection, budgets_, {.project = provider_name, .policy = world.budget_policy()});
    ports::HttpRequest request;
    request.method = std::string(method);
    auto sent = transport->send(request, call);
    if (answer) return *std::move(answer);
    if (sent.error().code == core::code_request_budget) world.count(Fault::budget_spent);
    return base::fail(std::move(sent).error());
}

Result<CloudServer> GatedCloud::create_server(const providers::CreateServer& request,
                                              const base::Call& call) {
    return within_budget("POST", call, [&] {
        return gate.pass(Site::cloud_create, [&] {
            return world.create_server(process.installation(), request, call);
        });
    });
}

Result<std::optional<CloudServer>> GatedCloud::find_server(const std::string& server_name,
                                                           const base::Call& call) {
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_find,
                         [&] { return world.cloud().find_server(server_name, call); });
    });
}

Result<std::optional<CloudServer>> GatedCloud::get_server(const std::string& provider_server_id,
                                                          const base::Call& call) {
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_get,
                         [&] { return world.cloud().get_server(provider_server_id, call); });
    });
}

Result<std::vector<CloudServer>> GatedCloud::list_servers(const std::string& label,
                                                          const std::string& value,
                                                          const base::Call& call) {
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_list,
                         [&] { return world.cloud().list_servers(label, value, call); });
    });
}

Result<std::vector<CloudServer>> GatedCloud::look_at(const providers::WantedServers& wanted,
                                                     const base::Call& call) {
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_list, [&] { return world.cloud().look_at(wanted, call); });
    });
}

Result<std::vector<core::CloudAction>> GatedCloud::actions(std::span<const std::string> ids,
                                                           const base::Call& call) {
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_actions, [&] { return world.cloud().actions(ids, call); });
    });
}

Result<void> GatedCloud::delete_server(const std::string& provider_server_id,
                                       const base::Call& call) {
    return within_budget("DELETE", call, [&] {
        return gate.pass(Site::cloud_delete, [&] {
            if (!call.over()) {
                world.checks().may_delete(process.installation(), provider_server_id);
            }
            return world.cloud().delete_server(provider_server_id, call);
        });
    });
}

Result<std::vector<providers::Offer>> GatedCloud::offers(const base::Call& call) {
    const auto alone = process.alone();
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_offers, [&] { return world.cloud().offers(call); });
    });
}

Result<void> GatedCloud::change_power(const std::string& provider_server_id,
                                      providers::PowerAction action, const base::Call& call) {
    return within_budget("POST", call, [&] {
        return gate.pass(Site::cloud_power, [&] {
            return world.cloud().change_power(provider_server_id, action, call);
        });
    });
}

Result<std::vector<CloudResource>> GatedCloud::list_resources(providers::ResourceKind kind,
                                                              const std::string& label,
                                                              const std::string& value,
                                                              const base::Call& call) {
    const auto alone = process.alone();
    return within_budget("GET", call, [&] {
        return gate.pass(Site::cloud_list_resources,
                         [&] { return world.cloud().list_resources(kind, label, value, call); });
    });
}

Result<CloudResource> GatedCloud::create_firewall(const providers::CreateFirewall& request,
                                                  const base::Call& call) {
    const auto alone = process.alone();
    return within_budget("POST", call, [&] {
        return gate.pass(Site::cloud_create_firewall,
                         [&] { return world.cloud().create_firewall(request, call); });
    });
}

Result<CloudResource> GatedCloud::create_ssh_key(const providers::CreateSshKey& request,
                                                 const base::Call& call) {
    const auto alone = process.alone();
    return within_budget("POST", call, [&] {
        return gate.pass(Site::cloud_create_ssh_key,
                         [&] { return world.cloud().create_ssh_key(request, call); });
    });
}

Result<void> GatedCloud::delete_resource(providers::ResourceKind kind, const std::string& id,
                                         const base::Call& call) {
    return within_budget("DELETE", call, [&] {
        return gate.pass(Site::cloud_delete_resource, [&] {
            world.checks().may_delete_resource(process.installation(), kind, id);
            return world.cloud().delete_resource(kind, id, call);
        });
    });
}

ports::CloudLedger& GatedLedger::inner() { return process.installation().ledger(); }

Result<std::optional<core::Subscription>> GatedLedger::subscription_of(const base::BotId& bot) {
    return gate.pass(Site::ledger_subscription, [&] { return inner().subscription_of(bot); });
}

Result<ports::CreateAllowance> GatedLedger::intend_create(const ports::Lease& lease,
                                                          const base::ServerId& server,
                                                          const ports::CreateIntent& intent) {
    return gate.pass(Site::ledger_intend_create, [&] {
        const bool held = world.checks().holds(process.installation(), lease);
        auto allowed = inner().intend_create(lease, server, intent);
        if (allowed) world.checks().fenced("ledger.intend_create", held);
        return allowed;
    });
}

Result<bool> GatedLedger::server_vanished(const base::ServerId& server, const std::string& reason,
                                          base::TimePoint now) {
    return gate.pass(Site::ledger_server_vanished,
                     [&] { return inner().server_vanished(server, reason, now); });
}

Result<void> GatedLedger::tell(const base::BotId& bot, const std::string& message,
                               core::EventLevel level, base::TimePoint now) {
    return gate.pass(Site::ledger_tell, [&] { return inner().tell(bot, message, level, now); });
}

Result<std::vector<ports::CostSum>> GatedLedger::costs(ports::CostsBy by, base::TimePoint begin,
                                                       base::TimePoint end) {
    return inner().costs(by, begin, end);
}

Result<void> GatedLedger::ask_for_sweep(base::TimePoint now) { return inner().ask_for_sweep(now); }

Result<std::optional<base::TimePoint>> GatedLedger::sweep_asked_at() {
    return gate.pass(Site::ledger_sweep_asked_at, [&] { return inner().sweep_asked_at(); });
}

Result<void> GatedLedger::keep_sweep(const std::string& provider, const std::string& report,
                                     base::TimePoint now) {
    return gate.pass(Site::ledger_keep_sweep,
                     [&] { return inner().keep_sweep(provider, report, now); });
}

// What a sweep reads and writes beside its report goes with the site of that.
Result<std::size_t> GatedLedger::count_known(const std::vector<std::string>& servers) {
    return gate.pass(Site::ledger_keep_sweep, [&] { return inner().count_known(servers); });
}

Result<std::map<std::string, std::int64_t>> GatedLedger::servers_billed() {
    return gate.pass(Site::ledger_keep_sweep, [&] { return inner().servers_billed(); });
}

Result<std::optional<std::string>> GatedLedger::project_mark(const std::string& provider) {
    return gate.pass(Site::ledger_keep_sweep, [&] { return inner().project_mark(provider); });
}

Result<void> GatedLedger::keep_project_mark(const std::string& provider, const std::string& mark,
                                            base::TimePoint now) {
    return gate.pass(Site::ledger_keep_sweep,
                     [&] { return inner().keep_project_mark(provider, mark, now); });
}

Result<std::vector<ports::CloudLedger::KeptSweep>> GatedLedger::sweeps() {
    return inner().sweeps();
}

Result<std::vector<core::AlarmKind>> GatedAlarms::raised() {
    return process.installation().alarms.raised();
}

Result<bool> GatedAlarms::raise(const core::Alarm& alarm, base::TimePoint now) {
    if (alarm.kind == core::AlarmKind::cost_ceiling) world.count(Fault::cost_ceiling);
    world.checks().no_secret(alarm.cause, "an alarm");
    return gate.pass(Site::alarms_raise,
                     [&] { return process.installation().alarms.raise(alarm, now); });
}

Result<bool> GatedAlarms::clear(core::AlarmKind kind, const std::string& subject,
                                base::TimePoint now) {
    return gate.pass(Site::alarms_clear,
                     [&] { return process.installation().alarms.clear(kind, subject, now); });
}

Result<int> GatedAlarms::clear_unseen(core::AlarmKind kind, base::TimePoint seen_before,
                                      base::TimePoint now) {
    return gate.pass(Site::alarms_clear, [&] {
        return process.installation().alarms.clear_unseen(kind, seen_before, now);
    });
}

Result<std::vector<ports::AlarmRecord>> GatedAlarms::list(const std::optional<base::AlarmId>& after,
                                                          int limit) {
    return gate.pass(Site::alarms_list,
                     [&] { return process.installation().alarms.list(after, limit); });
}

Result<std::vector<ports::AlarmNews>> GatedAlarms::untold(base::TimePoint now,
                                                          base::TimePoint not_before, int limit) {
    return process.installation().alarms.untold(now, not_before, limit);
}

Result<void> GatedAlarms::told(const ports::AlarmNews& news, base::TimePoint now) {
    return process.installation().alarms.told(news, now);
}

Result<void> GatedAlarms::telling_failed(const ports::AlarmNews& news, base::TimePoint again_at) {
    return process.installation().alarms.telling_failed(news, again_at);
}

Result<ports::BudgetGrant> GatedBudgets::take(const std::string& project,
                                              const core::BudgetPolicy& policy,
                                              const core::BudgetAsk& ask) {
    return gate.pass(Site::budgets_take, [&] {
        auto grant = process.installation().budgets.take(project, policy, ask);
        if (grant && grant->granted) world.checks().request_granted(process.installation());
        return grant;
    });
}

Result<void> GatedBudgets::report(const std::string& project, const core::BudgetPolicy& policy,
                                  const core::BudgetReport& report) {
    return gate.pass(Site::budgets_report, [&] {
        return process.installation().budgets.report(project, policy, report);
    });
}

Result<ports::BudgetView> GatedBudgets::view(const std::string& project,
                                             const core::BudgetPolicy& policy) {
    return process.installation().budgets.view(project, policy);
}

}  // namespace hatchery::simulation
