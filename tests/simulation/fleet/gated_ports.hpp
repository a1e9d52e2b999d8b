#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "ports/alarm_store.hpp"
#include "ports/bot_api.hpp"
#include "ports/cloud_budgets.hpp"
#include "ports/cloud_ledger.hpp"
#include "ports/fleet_store.hpp"
#include "ports/http_transport.hpp"
#include "ports/job_store.hpp"
#include "ports/release_bundles.hpp"
#include "ports/remote_host.hpp"
#include "ports/secret_box.hpp"
#include "providers/passing_cloud.hpp"
#include "simulation/fleet/gate.hpp"

namespace hatchery::simulation {

struct Installation;

/// What every gated port knows: whose calls they are, and through which gate they go.
struct Gated {
    World& world;
    Process& process;
    Gate& gate;
};

class GatedJobStore final : public ports::JobStore, private Gated {
public:
    explicit GatedJobStore(Gated gated) : Gated(gated) {}
    base::Result<core::Operation> start_operation(const ports::NewOperation& request) override;
    base::Result<void> request_cancel(const base::OperationId& operation,
                                      base::TimePoint now) override;
    base::Result<std::vector<ports::ClaimedJob>> claim(const ports::ClaimRequest& request) override;
    base::Result<Renewed> renew(std::span<const ports::Lease> leases,
                                base::TimePoint until) override;
    std::vector<base::Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override;
    base::Result<void> give_back(std::span<const ports::Lease> leases,
                                 base::TimePoint now) override;
    base::Result<int> rescue(base::TimePoint now) override;
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>& progress) override;
    base::Result<int> raise(const std::string& signal, base::TimePoint now) override;
    base::Result<std::optional<base::TimePoint>> next_due(const std::string& capabilities) override;
    base::Result<core::ChatLine> chat_line(const base::BotId& bot) override;

private:
    [[nodiscard]] ports::JobStore& inner();
};

class GatedFleetStore final : public ports::FleetStore, private Gated {
public:
    explicit GatedFleetStore(Gated gated) : Gated(gated) {}
    base::Result<base::InstallationId> installation() override;
    base::Result<core::Bot> bot(const base::BotId& id) override;
    base::Result<std::optional<core::Server>> server_of(const base::BotId& bot) override;
    base::Result<core::Server> plan_server(const ports::Lease& lease, const base::BotId& bot,
                                           const ports::ServerPlan& plan,
                                           base::TimePoint now) override;
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override;
    base::Result<void> server_gone(const ports::Lease& lease, const base::ServerId& server,
                                   base::TimePoint now) override;
    base::Result<base::Secret> secret(const ports::SecretRef& ref) override;
    base::Result<void> put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                  const base::Secret& value) override;
    base::Result<void> remove_secret(const ports::Lease& lease,
                                     const ports::SecretRef& ref) override;
    base::Result<void> note_creates(std::span<const ports::CreateNews> news) override;
    base::Result<void> learn_addresses(std::span<const ports::FoundAddress> found) override;
    base::Result<std::vector<core::Server>> servers_being_created(
        const std::string& provider) override;
    base::Result<std::vector<core::Server>> servers_alive(const std::string& provider) override;
    base::Result<std::vector<core::Server>> servers_left_behind(base::TimePoint now) override;
    base::Result<void> condemn_left_behind(const base::ServerId& server,
                                           const std::string& provider_server_id,
                                           base::TimePoint now) override;
    base::Result<void> left_behind_gone(const base::ServerId& server, base::TimePoint now) override;
    base::Result<std::unique_ptr<Leadership>> try_lead(const std::string& name) override;

private:
    [[nodiscard]] ports::FleetStore& inner();
};

class GatedLedger final : public ports::CloudLedger, private Gated {
public:
    explicit GatedLedger(Gated gated) : Gated(gated) {}
    base::Result<std::optional<core::Subscription>> subscription_of(
        const base::BotId& bot) override;
    base::Result<ports::CreateAllowance> intend_create(const ports::Lease& lease,
                                                       const base::ServerId& server,
                                                       const ports::CreateIntent& intent) override;
    base::Result<bool> server_vanished(const base::ServerId& server, const std::string& reason,
                                       base::TimePoint now) override;
    base::Result<void> tell(const base::BotId& bot, const std::string& message,
                            core::EventLevel level, base::TimePoint now) override;
    base::Result<std::vector<ports::CostSum>> costs(ports::CostsBy by, base::TimePoint begin,
                                                    base::TimePoint end) override;
    base::Result<void> ask_for_sweep(base::TimePoint now) override;
    base::Result<std::optional<base::TimePoint>> sweep_asked_at() override;
    base::Result<void> keep_sweep(const std::string& provider, const std::string& report,
                                  base::TimePoint now) override;
    base::Result<std::vector<KeptSweep>> sweeps() override;
    base::Result<std::size_t> count_known(const std::vector<std::string>& servers) override;
    base::Result<std::map<std::string, std::int64_t>> servers_billed() override;
    base::Result<std::optional<std::string>> project_mark(const std::string& provider) override;
    base::Result<void> keep_project_mark(const std::string& provider, const std::string& mark,
                                         base::TimePoint now) override;

private:
    [[nodiscard]] ports::CloudLedger& inner();
};

/// Counts the refusals for a cost ceiling, of which every one must raise an alarm.
class GatedAlarms final : public ports::AlarmStore, private Gated {
public:
    explicit GatedAlarms(Gated gated) : Gated(gated) {}
    base::Result<std::vector<core::AlarmKind>> raised() override;
    base::Result<bool> raise(const core::Alarm& alarm, base::TimePoint now) override;
    base::Result<bool> clear(core::AlarmKind kind, const std::string& subject,
                             base::TimePoint now) override;
    base::Result<int> clear_unseen(core::AlarmKind kind, base::TimePoint seen_before,
                                   base::TimePoint now) override;
    base::Result<std::vector<ports::AlarmRecord>> list(const std::optional<base::AlarmId>& after,
                                                       int limit) override;
    base::Result<std::vector<ports::AlarmNews>> untold(base::TimePoint now,
                                                       base::TimePoint not_before,
                                                       int limit) override;
    base::Result<void> told(const ports::AlarmNews& news, base::TimePoint now) override;
    base::Result<void> telling_failed(const ports::AlarmNews& news,
                                      base::TimePoint again_at) override;
};

class GatedBudgets final : public ports::CloudBudgets, private Gated {
public:
    explicit GatedBudgets(Gated gated) : Gated(gated) {}
    base::Result<ports::BudgetGrant> take(const std::string& project,
                                          const core::BudgetPolicy& policy,
                                          const core::BudgetAsk& ask) override;
    base::Result<void> report(const std::string& project, const core::BudgetPolicy& policy,
                              const core::BudgetReport& report) override;
    base::Result<ports::BudgetView> view(const std::string& project,
                                         const core::BudgetPolicy& policy) override;
};

/// The provider, within the request budget. Checks, right before a delete takes effect, whose
/// server it is.
class GatedCloud final : public providers::PassingCloud, private Gated {
public:
    GatedCloud(Gated gated, ports::CloudBudgets& budgets);
    base::Result<providers::CloudServer> create_server(const providers::CreateServer& request,
                                                       const base::Call& call) override;
    base::Result<std::optional<providers::CloudServer>> find_server(
        const std::string& server_name, const base::Call& call) override;
    base::Result<std::optional<providers::CloudServer>> get_server(
        const std::string& provider_server_id, const base::Call& call) override;
    base::Result<std::vector<providers::CloudServer>> list_servers(const std::string& label,
                                                                   const std::string& value,
                                                                   const base::Call& call) override;
    base::Result<std::vector<core::CloudAction>> actions(std::span<const std::string> ids,
                                                         const base::Call& call) override;
    base::Result<std::vector<providers::CloudServer>> look_at(
        const providers::WantedServers& wanted, const base::Call& call) override;
    base::Result<void> delete_server(const std::string& provider_server_id,
                                     const base::Call& call) override;
    base::Result<std::vector<providers::Offer>> offers(const base::Call& call) override;
    base::Result<void> change_power(const std::string& provider_server_id,
                                    providers::PowerAction action, const base::Call& call) override;
    base::Result<std::vector<providers::CloudResource>> list_resources(
        providers::ResourceKind kind, const std::string& label, const std::string& value,
        const base::Call& call) override;
    base::Result<providers::CloudResource> create_firewall(const providers::CreateFirewall& request,
                                                           const base::Call& call) override;
    base::Result<providers::CloudResource> create_ssh_key(const providers::CreateSshKey& request,
                                                          const base::Call& call) override;
    base::Result<void> delete_resource(providers::ResourceKind kind, const std::string& id,
                                       const base::Call& call) override;

private:
    /// Sends one request by way of the engine's own budgeted transport.
    template <typename Make>
    auto within_budget(std::string_view method, const base::Call& call, Make&& make)
        -> std::invoke_result_t<Make>;

    ports::CloudBudgets& budgets_;
};

/// Servers that answer only while a machine with their address runs at the provider.
class GatedHosts final : public ports::RemoteHost, private Gated {
public:
    explicit GatedHosts(Gated gated) : Gated(gated) {}
    base::Result<ports::ExecResult> exec(const ports::SshTarget& target,
                                         const ports::ExecRequest& request,
                                         const base::Call& call) override;
    base::Result<void> put_file(const ports::SshTarget& target, const base::Secret& content,
                                const std::string& remote_path, int mode,
                                const base::Call& call) override;
    base::Result<void> upload(const ports::SshTarget& target, const ports::FileUpload& file,
                              const base::Call& call) override;
    base::Result<ports::RunState> start_run(const ports::SshTarget& target,
                                            const ports::ScriptRun& run,
                                            const base::Call& call) override;
    base::Result<ports::RunOutput> read_run(const ports::SshTarget& target,
                                            const std::string& run_id, std::uint64_t offset,
                                            base::Milliseconds patience,
                                            const base::Call& call) override;
    base::Result<void> stop_run(const ports::SshTarget& target, const std::string& run_id,
                                const base::Call& call) override;
    base::Result<std::unique_ptr<ports::Tunnel>> open_tunnel(const ports::SshTarget& target,
                                                             std::uint16_t remote_port,
                                                             const base::Call& call) override;
    void forget(const ports::SshTarget& target) override;
};

class GatedBotApi final : public ports::BotApi, private Gated {
public:
    explicit GatedBotApi(Gated gated) : Gated(gated) {}
    base::Result<ports::TelegramBot> get_me(const base::Secret& token,
                                            const base::Call& call) override;
    base::Result<void> set_webhook(const base::Secret& token,
                                   const ports::WebhookSettings& settings,
                                   const base::Call& call) override;
    base::Result<void> delete_webhook(const base::Secret& token, const base::Call& call) override;
    base::Result<ports::WebhookInfo> get_webhook_info(const base::Secret& token,
                                                      const base::Call& call) override;
};

class GatedHttp final : public ports::HttpTransport, private Gated {
public:
    explicit GatedHttp(Gated gated) : Gated(gated) {}
    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call& call) override;
};

class GatedBundles final : public ports::ReleaseBundles, private Gated {
public:
    explicit GatedBundles(Gated gated) : Gated(gated) {}
    base::Result<ports::ReleaseBundle> current() override;
};

/// All ports of one process.
struct GatedPorts {
    GatedPorts(World& world, Process& process, Gate& gate)
        : jobs({world, process, gate}),
          fleet({world, process, gate}),
          ledger({world, process, gate}),
          alarms({world, process, gate}),
          budgets({world, process, gate}),
          cloud({world, process, gate}, budgets),
          hosts({world, process, gate}),
          telegram({world, process, gate}),
          http({world, process, gate}),
          bundles({world, process, gate}) {}

    GatedJobStore jobs;
    GatedFleetStore fleet;
    GatedLedger ledger;
    GatedAlarms alarms;
    GatedBudgets budgets;
    GatedCloud cloud;
    GatedHosts hosts;
    GatedBotApi telegram;
    GatedHttp http;
    GatedBundles bundles;
};

}  // namespace hatchery::simulation
