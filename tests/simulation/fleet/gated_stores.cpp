#include "simulation/fleet/gated_ports.hpp"
#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

using base::Result;

ports::JobStore& GatedJobStore::inner() { return process.installation().jobs(); }

Result<core::Operation> GatedJobStore::start_operation(const ports::NewOperation& request) {
    return inner().start_operation(request);
}

Result<void> GatedJobStore::request_cancel(const base::OperationId& operation,
                                           base::TimePoint now) {
    return inner().request_cancel(operation, now);
}

Result<std::vector<ports::ClaimedJob>> GatedJobStore::claim(const ports::ClaimRequest& request) {
    return gate.pass(Site::jobs_claim, [&] { return inner().claim(request); });
}

Result<GatedJobStore::Renewed> GatedJobStore::renew(std::span<const ports::Lease> leases,
                                                    base::TimePoint until) {
    return gate.pass(Site::jobs_renew, [&] { return inner().renew(leases, until); });
}

std::vector<Result<ports::Applied>> GatedJobStore::apply_all(
    std::span<const ports::Completion> completions) {
    using Answers = std::vector<Result<ports::Applied>>;
    auto applied = gate.pass(Site::jobs_apply, [&]() -> Result<Answers> {
        std::vector<bool> held;
        for (const auto& completion : completions) {
            held.push_back(world.checks().holds(process.installation(), completion.job.lease));
        }
        Answers answers = inner().apply_all(completions);
        for (std::size_t i = 0; i < answers.size(); ++i) {
            if (!answers[i] || !answers[i]->accepted) continue;
            world.checks().accepted(process.installation(), completions[i].job.lease, held[i]);
        }
        return answers;
    });
    if (applied) return *std::move(applied);
    return Answers(completions.size(), base::fail(applied.error()));
}

Result<void> GatedJobStore::give_back(std::span<const ports::Lease> leases, base::TimePoint now) {
    return gate.pass(Site::jobs_give_back, [&] {
        const auto before = world.checks().attempts(process.installation(), leases);
        auto given = inner().give_back(leases, now);
        if (before != world.checks().attempts(process.installation(), leases)) {
            throw Violation{"A job that was given back counts as an attempt."};
        }
        return given;
    });
}

Result<int> GatedJobStore::rescue(base::TimePoint now) {
    return gate.pass(Site::jobs_rescue, [&] { return inner().rescue(now); });
}

Result<void> GatedJobStore::record(const ports::Lease& lease,
                                   std::span<const core::NewEvent> events,
                                   const std::optional<std::string>& progress) {
    return gate.pass(Site::jobs_record, [&] {
        const bool held = world.checks().holds(process.installation(), lease);
        auto recorded = inner().record(lease, events, progress);
        if (recorded) world.checks().fenced("jobs.record", held);
        return recorded;
    });
}

Result<int> GatedJobStore::raise(const std::string& signal, base::TimePoint now) {
    return gate.pass(Site::jobs_raise, [&] { return inner().raise(signal, now); });
}

Result<std::optional<base::TimePoint>> GatedJobStore::next_due(const std::string& capabilities) {
    return gate.pass(Site::jobs_next_due, [&] { return inner().next_due(capabilities); });
}

Result<core::ChatLine> GatedJobStore::chat_line(const base::BotId& bot) {
    return gate.pass(Site::jobs_chat_line, [&] { return inner().chat_line(bot); });
}

ports::FleetStore& GatedFleetStore::inner() { return process.installation().fleet(); }

Result<base::InstallationId> GatedFleetStore::installation() {
    return gate.pass(Site::fleet_installation, [&] { return inner().installation(); });
}

Result<core::Bot> GatedFleetStore::bot(const base::BotId& id) {
    return gate.pass(Site::fleet_bot, [&] { return inner().bot(id); });
}

Result<std::optional<core::Server>> GatedFleetStore::server_of(const base::BotId& bot) {
    return gate.pass(Site::fleet_server_of, [&] { return inner().server_of(bot); });
}

Result<core::Server> GatedFleetStore::plan_server(const ports::Lease& lease, const base::BotId& bot,
                                                  const ports::ServerPlan& plan,
                                                  base::TimePoint now) {
    return gate.pass(Site::fleet_plan_server, [&] {
        const bool held = world.checks().holds(process.installation(), lease);
        auto planned = inner().plan_server(lease, bot, plan, now);
        if (planned) world.checks().fenced("fleet.plan_server", held);
        return planned;
    });
}

Result<void> GatedFleetStore::change_server(const ports::Lease& lease, const base::ServerId& server,
                                            const ports::ServerChange& change) {
    return gate.pass(Site::fleet_change_server, [&] {
        const bool held = world.checks().holds(process.installation(), lease);
        auto changed = inner().change_server(lease, server, change);
        if (changed) world.checks().fenced("fleet.change_server", held);
        return changed;
    });
}

Result<void> GatedFleetStore::server_gone(const ports::Lease& lease, const base::ServerId& server,
                                          base::TimePoint now) {
    return gate.pass(Site::fleet_server_gone, [&] {
        const bool held = world.checks().holds(process.installation(), lease);
        auto gone = inner().server_gone(lease, server, now);
        if (gone) world.checks().fenced("fleet.server_gone", held);
        return gone;
    });
}

Result<base::Secret> GatedFleetStore::secret(const ports::SecretRef& ref) {
    return gate.pass(Site::fleet_secret, [&] { return inner().secret(ref); });
}

Result<void> GatedFleetStore::put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                         const base::Secret& value) {
    return gate.pass(Site::fleet_put_secret, [&] { return inner().put_secret(lease, ref, value); });
}

Result<void> GatedFleetStore::remove_secret(const ports::Lease& lease,
                                            const ports::SecretRef& ref) {
    return gate.pass(Site::fleet_remove_secret, [&] { return inner().remove_secret(lease, ref); });
}

Result<void> GatedFleetStore::note_creates(std::span<const ports::CreateNews> news) {
    return gate.pass(Site::fleet_note_creates, [&] { return inner().note_creates(news); });
}

Result<void> GatedFleetStore::learn_addresses(std::span<const ports::FoundAddress> found) {
    return gate.pass(Site::fleet_learn_addresses, [&] { return inner().learn_addresses(found); });
}

Result<std::vector<core::Server>> GatedFleetStore::servers_being_created(
    const std::string& provider) {
    return gate.pass(Site::fleet_being_created,
                     [&] { return inner().servers_being_created(provider); });
}

Result<std::vector<core::Server>> GatedFleetStore::servers_alive(const std::string& provider) {
    return gate.pass(Site::fleet_servers_alive, [&] { return inner().servers_alive(provider); });
}

Result<std::vector<core::Server>> GatedFleetStore::servers_left_behind(base::TimePoint now) {
    return gate.pass(Site::fleet_left_behind, [&] { return inner().servers_left_behind(now); });
}

Result<void> GatedFleetStore::condemn_left_behind(const base::ServerId& server,
                                                  const std::string& provider_server_id,
                                                  base::TimePoint now) {
    return gate.pass(Site::fleet_condemn,
                     [&] { return inner().condemn_left_behind(server, provider_server_id, now); });
}

Result<void> GatedFleetStore::left_behind_gone(const base::ServerId& server, base::TimePoint now) {
    return gate.pass(Site::fleet_left_behind_gone,
                     [&] { return inner().left_behind_gone(server, now); });
}

Result<std::unique_ptr<ports::FleetStore::Leadership>> GatedFleetStore::try_lead(
    const std::string& name) {
    return gate.pass(Site::fleet_try_lead, [&]() -> Result<std::unique_ptr<Leadership>> {
        auto lead = inner().try_lead(name);
        if (!lead || *lead == nullptr) return lead;
        return std::make_unique<CuttableLeadership>(*std::move(lead),
                                                    process.installation().leaders);
    });
}

}  // namespace hatchery::simulation
