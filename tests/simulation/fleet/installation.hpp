#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "providers/cloud_provider.hpp"
#include "support/fake_database.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_job_store.hpp"

namespace hatchery::simulation {

/// Every secret of the simulation holds this text, so that one search finds any of them.
inline constexpr const char* secret_mark = "planted-secret";
/// Servers in the same project that are nobody's business, by the start of their names.
inline constexpr const char* foreign_name = "hatchery-foreign";
inline constexpr int foreign_servers = 3;
inline constexpr const char* provider_name = "hetzner";
inline constexpr const char* public_url = "https://bots.example.com";

/// Bugs for the simulation to find: each wraps one port of every process.
struct Plants {
    std::function<std::unique_ptr<ports::JobStore>(ports::JobStore&, support::FakeDatabase&)> jobs;
    std::function<std::unique_ptr<ports::FleetStore>(ports::FleetStore&, support::FakeDatabase&)>
        fleet;
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
    Installation(int its_number, const base::Clock& clock, base::Random& random,
                 const Plants& plants)
        : number(its_number), database(clock, random), real_jobs(database), real_fleet(database) {
        if (plants.jobs) planted_jobs = plants.jobs(real_jobs, database);
        if (plants.fleet) planted_fleet = plants.fleet(real_fleet, database);
    }

    [[nodiscard]] ports::JobStore& jobs() { return planted_jobs ? *planted_jobs : real_jobs; }
    [[nodiscard]] ports::FleetStore& fleet() { return planted_fleet ? *planted_fleet : real_fleet; }

    int number;
    support::FakeDatabase database;
    support::FakeJobStore real_jobs;
    support::FakeFleetStore real_fleet;
    std::unique_ptr<ports::JobStore> planted_jobs;
    std::unique_ptr<ports::FleetStore> planted_fleet;
    std::vector<base::BotId> bots;
    /// While it is in the future, every call to the database fails, some of them after their work.
    base::TimePoint refuses_until;
    std::vector<CuttableLeadership*> leaders;
};

}  // namespace hatchery::simulation
