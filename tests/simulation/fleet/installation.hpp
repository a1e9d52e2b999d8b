#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "providers/cloud_provider.hpp"
#include "simulation/fleet/profile.hpp"
#include "support/fake_cloud_budgets.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_database.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_pool.hpp"

namespace hatchery::simulation {

/// Every secret of the simulation holds this text, so that one search finds any of them.
inline constexpr const char* secret_mark = "planted-secret";
/// Servers in the same project that are nobody's business, by the start of their names.
inline constexpr const char* foreign_name = "hatchery-foreign";
inline constexpr int foreign_servers = 3;
inline constexpr const char* provider_name = "hetzner";
inline constexpr const char* public_url = "https://bots.example.com";

/// A month of the smallest server.
inline constexpr double smallest_price = 3.49;
/// What the operator allows servers to cost a month at most; what no number of servers costs.
[[nodiscard]] inline double ceiling_of(const Profile& profile) {
    return profile.ceiling_servers * smallest_price + 0.5;
}

/// Bugs for the simulation to find: each wraps one port of every process.
struct Plants {
    std::function<std::unique_ptr<ports::JobStore>(ports::JobStore&, support::FakeDatabase&)> jobs;
    std::function<std::unique_ptr<ports::FleetStore>(ports::FleetStore&, support::FakeDatabase&)>
        fleet;
    std::function<std::unique_ptr<ports::CloudLedger>(ports::CloudLedger&, support::FakeDatabase&)>
        ledger;
    std::function<std::unique_ptr<providers::CloudProvider>(providers::CloudProvider&)> cloud;
};

/// A leadership whose connection can break while its holder is in the middle of its duty.
class CuttableLeadership final : public ports::FleetStore::Leadership {
public:
    CuttableLeadership(std::unique_ptr<Leadership> inner,
                       std::vector<CuttableLeadership*>& registered)
        : inner_(std::move(inner)), registered_(registered) {
        registered_.push_back(this);
    }
    ~CuttableLeadership() override { std::erase(registered_, this); }
    CuttableLeadership(const CuttableLeadership&) = delete;
    CuttableLeadership& operator=(const CuttableLeadership&) = delete;

    bool held() override { return inner_ != nullptr && inner_->held(); }
    void cut() { inner_.reset(); }

private:
    std::unique_ptr<Leadership> inner_;
    std::vector<CuttableLeadership*>& registered_;
};

/// One Hatchery: a database, and its bots. What lives here survives every crash.
struct Installation {
    /// `true_clock` is the database's own.
    Installation(int its_number, const base::Clock& clock, const base::Clock& true_clock,
                 base::Random& random, const Plants& plants)
        : number(its_number),
          database(clock, random),
          real_jobs(database),
          real_fleet(database),
          real_ledger(database),
          alarms(random),
          budgets(true_clock) {
        if (plants.jobs) planted_jobs = plants.jobs(real_jobs, database);
        if (plants.fleet) planted_fleet = plants.fleet(real_fleet, database);
        if (plants.ledger) planted_ledger = plants.ledger(real_ledger, database);
    }

    [[nodiscard]] ports::JobStore& jobs() { return planted_jobs ? *planted_jobs : real_jobs; }
    [[nodiscard]] ports::FleetStore& fleet() { return planted_fleet ? *planted_fleet : real_fleet; }
    [[nodiscard]] ports::CloudLedger& ledger() {
        return planted_ledger ? *planted_ledger : real_ledger;
    }

    int number;
    support::FakeDatabase database;
    support::FakeJobStore real_jobs;
    support::FakeFleetStore real_fleet;
    support::FakeCloudLedger real_ledger;
    support::FakeAlarmStore alarms;
    support::FakeCloudBudgets budgets;
    std::unique_ptr<ports::JobStore> planted_jobs;
    std::unique_ptr<ports::FleetStore> planted_fleet;
    std::unique_ptr<ports::CloudLedger> planted_ledger;
    /// Requests that were let through to the provider.
    long long requests_sent = 0;
    std::vector<base::BotId> bots;
    /// While it is in the future, every call to the database fails, some of them after their work.
    base::TimePoint refuses_until;
    std::vector<CuttableLeadership*> leaders;
};

}  // namespace hatchery::simulation
