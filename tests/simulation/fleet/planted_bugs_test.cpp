#include <fmt/format.h>

#include "core/ownership.hpp"
#include "providers/passing_cloud.hpp"
#include "simulation/fleet/planted.hpp"
#include "support/catch.hpp"

// A simulation that finds nothing proves something only if it finds what is there.

namespace {

using namespace hatchery;
using namespace hatchery::simulation;
using core::ServerState;
using support::FakeDatabase;

/// A job store that passes everything on; a planted bug changes one call.
class PassingJobStore : public ports::JobStore {
public:
    PassingJobStore(ports::JobStore& inner, FakeDatabase& database)
        : inner_(inner), database_(database) {}
    base::Result<core::Operation> start_operation(const ports::NewOperation& request) override {
        return inner_.start_operation(request);
    }
    base::Result<void> request_cancel(const base::OperationId& operation,
                                      base::TimePoint now) override {
        return inner_.request_cancel(operation, now);
    }
    base::Result<std::vector<ports::ClaimedJob>> claim(
        const ports::ClaimRequest& request) override {
        return inner_.claim(request);
    }
    base::Result<Renewed> renew(std::span<const ports::Lease> leases,
                                base::TimePoint until) override {
        return inner_.renew(leases, until);
    }
    std::vector<base::Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override {
        return inner_.apply_all(completions);
    }
    base::Result<void> give_back(std::span<const ports::Lease> leases,
                                 base::TimePoint now) override {
        return inner_.give_back(leases, now);
    }
    base::Result<int> rescue(base::TimePoint now) override { return inner_.rescue(now); }
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>& progress) override {
        return inner_.record(lease, events, progress);
    }
    base::Result<int> raise(const std::string& signal, base::TimePoint now) override {
        return inner_.raise(signal, now);
    }
    base::Result<std::optional<base::TimePoint>> next_due(
        const std::string& capabilities) override {
        return inner_.next_due(capabilities);
    }
    base::Result<core::ChatLine> chat_line(const base::BotId& bot) override {
        return inner_.chat_line(bot);
    }

protected:
    ports::JobStore& inner_;
    FakeDatabase& database_;
};

/// The same for a fleet store.
class PassingFleetStore : public ports::FleetStore {
public:
    PassingFleetStore(ports::FleetStore& inner, FakeDatabase& database)
        : inner_(inner), database_(database) {}
    base::Result<base::InstallationId> installation() override { return inner_.installation(); }
    base::Result<core::Bot> bot(const base::BotId& id) override { return inner_.bot(id); }
    base::Result<std::optional<core::Server>> server_of(const base::BotId& bot) override {
        return inner_.server_of(bot);
    }
    base::Result<core::Server> plan_server(const ports::Lease& lease, const base::BotId& bot,
                                           const ports::ServerPlan& plan,
                                           base::TimePoint now) override {
        return inner_.plan_server(lease, bot, plan, now);
    }
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override {
        return inner_.change_server(lease, server, change);
    }
    base::Result<void> server_gone(const ports::Lease& lease, const base::ServerId& server,
                                   base::TimePoint now) override {
        return inner_.server_gone(lease, server, now);
    }
    base::Result<base::Secret> secret(const ports::SecretRef& ref) override {
        return inner_.secret(ref);
    }
    base::Result<void> put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                  const base::Secret& value) override {
        return inner_.put_secret(lease, ref, value);
    }
    base::Result<void> remove_secret(const ports::Lease& lease,
                                     const ports::SecretRef& ref) override {
        return inner_.remove_secret(lease, ref);
    }
    base::Result<void> note_creates(std::span<const ports::CreateNews> news) override {
        return inner_.note_creates(news);
    }
    base::Result<void> learn_addresses(std::span<const ports::FoundAddress> found) override {
        return inner_.learn_addresses(found);
    }
    base::Result<std::vector<core::Server>> servers_being_created(
        const std::string& provider) override {
        return inner_.servers_being_created(provider);
    }
    base::Result<std::vector<core::Server>> servers_alive(const std::string& provider) override {
        return inner_.servers_alive(provider);
    }
    base::Result<std::vector<core::Server>> servers_left_behind(base::TimePoint now) override {
        return inner_.servers_left_behind(now);
    }
    base::Result<void> condemn_left_behind(const base::ServerId& server,
                                           const std::string& provider_server_id,
                                           base::TimePoint now) override {
        return inner_.condemn_left_behind(server, provider_server_id, now);
    }
    base::Result<void> left_behind_gone(const base::ServerId& server,
                                        base::TimePoint now) override {
        return inner_.left_behind_gone(server, now);
    }
    base::Result<std::unique_ptr<Leadership>> try_lead(const std::string& name) override {
        return inner_.try_lead(name);
    }

protected:
    ports::FleetStore& inner_;
    FakeDatabase& database_;
};

/// Takes every result, whoever holds the job by now.
class UnfencedJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    std::vector<base::Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override {
        for (const auto& completion : completions) {
            const auto row = database_.job_rows.find(completion.job.lease.job_id);
            if (row->second.token) row->second.token = completion.job.lease.token;
        }
        return inner_.apply_all(completions);
    }
};

/// Writes lines, but not how far the log has been read.
class ForgetfulJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>&) override {
        return inner_.record(lease, events, std::nullopt);
    }
};

/// Writes how far the log has been read, and loses what was read when it is a single line.
class LossyJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>& progress) override {
        return inner_.record(lease, events.size() == 1 ? events.subspan(1) : events, progress);
    }
};

/// Counts a job that was given back as if its worker had died.
class CountingJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<void> give_back(std::span<const ports::Lease> leases,
                                 base::TimePoint now) override {
        auto given = inner_.give_back(leases, now);
        for (const auto& lease : leases) ++database_.job_rows.at(lease.job_id).job.rescues;
        return given;
    }
};

/// Never frees the jobs of dead workers.
class HardHeartedJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<int> rescue(base::TimePoint) override { return 0; }
};

/// Ends an operation and opens it again.
class RevivingJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<std::vector<ports::ClaimedJob>> claim(
        const ports::ClaimRequest& request) override {
        for (auto& [id, operation] : database_.operations) {
            if (operation.state == core::OperationState::cancelled) {
                operation.state = core::OperationState::succeeded;
            }
        }
        return inner_.claim(request);
    }
};

/// Tells a secret in an event.
class TalkativeJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>& progress) override {
        std::vector<core::NewEvent> told(events.begin(), events.end());
        if (told.size() > 2) told.back().message = std::string(secret_mark) + " is the token";
        return inner_.record(lease, told, progress);
    }
};

/// Loses the intent to create: the row stays planned.
class IntentlessFleetStore final : public PassingFleetStore {
public:
    using PassingFleetStore::PassingFleetStore;
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override {
        if (change.state != ServerState::creating) {
            return inner_.change_server(lease, server, change);
        }
        return inner_.change_server(lease, server, {});
    }
};

/// Lets the reaper delete without claiming the row first.
class UnclaimingFleetStore final : public PassingFleetStore {
public:
    using PassingFleetStore::PassingFleetStore;
    base::Result<void> condemn_left_behind(const base::ServerId&, const std::string&,
                                           base::TimePoint) override {
        return {};
    }
};

/// Keeps a server for a bot whose deploy has failed or was cancelled.
class KeepingJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    std::vector<base::Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override {
        std::vector<ports::Completion> changed(completions.begin(), completions.end());
        for (auto& completion : changed) completion.transition.bot.abandons_server = false;
        return inner_.apply_all(changed);
    }
};

/// A provider whose creates are not looked up: nothing is found by name, names need not be unique.
class BlindCloud final : public providers::PassingCloud {
public:
    using PassingCloud::PassingCloud;
    base::Result<providers::CloudServer> create_server(const providers::CreateServer& request,
                                                       const base::Call& call) override {
        auto again = request;
        if (++creates_ > 1) again.name += fmt::format("-{}", creates_);
        return inner_.create_server(again, call);
    }
    base::Result<std::optional<providers::CloudServer>> find_server(const std::string&,
                                                                    const base::Call&) override {
        return std::nullopt;
    }

private:
    int creates_ = 0;
};

/// Shows foreign servers as ours.
class MislabellingCloud final : public providers::PassingCloud {
public:
    using PassingCloud::PassingCloud;
    base::Result<void> delete_server(const std::string& id, const base::Call& call) override {
        const auto all = inner_.list_servers(core::label_installation, "somebody-else", call);
        if (all && !all->empty()) {
            (void)inner_.delete_server(all->front().provider_server_id, call);
        }
        return inner_.delete_server(id, call);
    }
};

template <typename Store>
Plants job_store() {
    Plants plants;
    plants.jobs = [](ports::JobStore& inner, FakeDatabase& database) {
        return std::make_unique<Store>(inner, database);
    };
    return plants;
}

template <typename Store>
Plants fleet_store() {
    Plants plants;
    plants.fleet = [](ports::FleetStore& inner, FakeDatabase& database) {
        return std::make_unique<Store>(inner, database);
    };
    return plants;
}

/// Lets every chat through as if it were the first.
class UnorderedJobStore final : public PassingJobStore {
public:
    using PassingJobStore::PassingJobStore;
    base::Result<core::ChatLine> chat_line(const base::BotId& bot) override {
        auto line = inner_.chat_line(bot);
        if (line) line->first.reset();
        return line;
    }
};

/// Knows of no server when the reconciler asks.
class EmptyFleetStore final : public PassingFleetStore {
public:
    using PassingFleetStore::PassingFleetStore;
    base::Result<std::vector<core::Server>> servers_alive(const std::string&) override {
        return std::vector<core::Server>{};
    }
};

/// Knows of every server that ever was.
class NostalgicFleetStore final : public PassingFleetStore {
public:
    using PassingFleetStore::PassingFleetStore;
    base::Result<std::vector<core::Server>> servers_alive(const std::string&) override {
        std::vector<core::Server> servers;
        for (const auto& [id, server] : database_.server_rows) servers.push_back(server);
        return servers;
    }
};

/// Ends what a server costs when its delete is asked for, before it is proven gone.
class HastyFleetStore final : public PassingFleetStore {
public:
    using PassingFleetStore::PassingFleetStore;
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override {
        auto changed = inner_.change_server(lease, server, change);
        const auto cost = database_.server_costs.find(server);
        const bool early = changed && change.state == ServerState::deleting;
        if (early && cost != database_.server_costs.end()) {
            cost->second.ended_at = cost->second.begun_at;
        }
        return changed;
    }
};

template <typename Cloud>
Plants cloud() {
    Plants plants;
    plants.cloud = [](providers::CloudProvider& inner) { return std::make_unique<Cloud>(inner); };
    return plants;
}

using Catch::Matchers::Contains;

}  // namespace

TEST_CASE("a result that is taken without its lease is found") {
    REQUIRE_THAT(violation_of(job_store<UnfencedJobStore>(), seeds),
                 Contains("without a lease that stands") || Contains("had ended"));
}

TEST_CASE("a log offset that is not kept is found") {
    REQUIRE_THAT(violation_of(job_store<ForgetfulJobStore>(), seeds), Contains("repeated"));
}

TEST_CASE("log lines that are lost are found") {
    REQUIRE_THAT(violation_of(job_store<LossyJobStore>(), seeds), Contains("log lines"));
}

TEST_CASE("an attempt that a drain costs is found") {
    REQUIRE_THAT(violation_of(job_store<CountingJobStore>(), seeds),
                 Contains("counts as an attempt"));
}

TEST_CASE("a dead worker's job that is never freed is found") {
    REQUIRE_THAT(violation_of(job_store<HardHeartedJobStore>(), seeds),
                 Contains("although everything works"));
}

TEST_CASE("an end that does not stay is found") {
    REQUIRE_THAT(violation_of(job_store<RevivingJobStore>(), seeds), Contains("had ended"));
}

TEST_CASE("a secret in an event is found") {
    REQUIRE_THAT(violation_of(job_store<TalkativeJobStore>(), seeds),
                 Contains("secret is told in an event"));
}

TEST_CASE("a create without its intent is found") {
    REQUIRE_THAT(violation_of(fleet_store<IntentlessFleetStore>(), seeds),
                 Contains("The provider bills"));
}

TEST_CASE("a create that is repeated without a look is found") {
    REQUIRE_THAT(violation_of(cloud<BlindCloud>(), seeds), Contains("The provider bills"));
}

TEST_CASE("a reaper that deletes without claiming the row is found") {
    REQUIRE_THAT(violation_of(fleet_store<UnclaimingFleetStore>(), seeds),
                 Contains("is deleted while its row says"));
}

TEST_CASE("a server that is used on while its teardown goes on is found") {
    // Rare: a sweep that comes after it takes the server for one that vanished, and ends the bot.
    REQUIRE_THAT(violation_of(job_store<KeepingJobStore>(), 40 * seeds), Contains("At rest"));
}

TEST_CASE("a line of chats that lets everybody through is found") {
    REQUIRE_THAT(violation_of(job_store<UnorderedJobStore>(), seeds),
                 Contains("hears the message"));
}

TEST_CASE("a reconciler that ends what a row knows is found") {
    REQUIRE_THAT(violation_of(fleet_store<EmptyFleetStore>(), seeds),
                 Contains("is deleted while its row says"));
}

TEST_CASE("a reconciler that does not end what no row knows is found") {
    REQUIRE_THAT(violation_of(fleet_store<NostalgicFleetStore>(), 4 * seeds),
                 Contains("for ever") || Contains("put right"));
}

TEST_CASE("a foreign server that is touched is found") {
    REQUIRE_THAT(violation_of(cloud<MislabellingCloud>(), seeds), Contains("foreign"));
}

TEST_CASE("an entry of the ledger that is closed too early is found") {
    REQUIRE_THAT(violation_of(fleet_store<HastyFleetStore>(), seeds), Contains("is closed"));
}
