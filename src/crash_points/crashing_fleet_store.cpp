#include <fmt/format.h>

#include "crash_points/crashing_adapters.hpp"

namespace hatchery::crash_points {

namespace {

/// Which of the server's changes it is: its new state, or what else it says.
std::string name_of(const ports::ServerChange& change) {
    std::string what = "other";
    if (change.next_host_key) what = "next_host_key";
    if (change.state) what = base::to_text(*change.state);
    return fmt::format("fleet.change_server({})", what);
}

class CrashingFleetStore final : public ports::FleetStore {
public:
    CrashingFleetStore(ports::FleetStore& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<base::InstallationId> installation() override {
        points_.pass("fleet.installation", "before");
        return inner_.installation();
    }
    base::Result<core::Bot> bot(const base::BotId& id) override {
        points_.pass("fleet.bot", "before");
        return inner_.bot(id);
    }
    base::Result<std::optional<core::Server>> server_of(const base::BotId& bot) override {
        points_.pass("fleet.server_of", "before");
        return inner_.server_of(bot);
    }
    base::Result<core::Server> plan_server(const ports::Lease& lease, const base::BotId& bot,
                                           const ports::ServerPlan& plan,
                                           base::TimePoint now) override {
        return around(points_, "fleet.plan_server",
                      [&] { return inner_.plan_server(lease, bot, plan, now); });
    }
    base::Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                                     const ports::ServerChange& change) override {
        return around(points_, name_of(change),
                      [&] { return inner_.change_server(lease, server, change); });
    }
    base::Result<void> server_gone(const ports::Lease& lease, const base::ServerId& server,
                                   base::TimePoint now) override {
        return around(points_, "fleet.server_gone",
                      [&] { return inner_.server_gone(lease, server, now); });
    }
    base::Result<base::Secret> secret(const ports::SecretRef& ref) override {
        points_.pass(fmt::format("fleet.secret({})", ref.name), "before");
        return inner_.secret(ref);
    }
    base::Result<void> put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                                  const base::Secret& value) override {
        return around(points_, fmt::format("fleet.put_secret({})", ref.name),
                      [&] { return inner_.put_secret(lease, ref, value); });
    }
    base::Result<void> remove_secret(const ports::Lease& lease,
                                     const ports::SecretRef& ref) override {
        return around(points_, fmt::format("fleet.remove_secret({})", ref.name),
                      [&] { return inner_.remove_secret(lease, ref); });
    }
    base::Result<void> learn_addresses(std::span<const ports::FoundAddress> found) override {
        return around(points_, "fleet.learn_addresses",
                      [&] { return inner_.learn_addresses(found); });
    }
    base::Result<void> note_creates(std::span<const ports::CreateNews> news) override {
        return around(points_, "fleet.note_creates", [&] { return inner_.note_creates(news); });
    }
    base::Result<std::vector<core::Server>> servers_being_created(
        const std::string& provider) override {
        points_.pass("fleet.servers_being_created", "before");
        return inner_.servers_being_created(provider);
    }
    base::Result<std::vector<core::Server>> servers_alive(const std::string& provider) override {
        points_.pass("fleet.servers_alive", "before");
        return inner_.servers_alive(provider);
    }
    base::Result<std::vector<core::Server>> servers_left_behind(base::TimePoint now) override {
        points_.pass("fleet.servers_left_behind", "before");
        return inner_.servers_left_behind(now);
    }
    base::Result<void> condemn_left_behind(const base::ServerId& server,
                                           const std::string& provider_server_id,
                                           base::TimePoint now) override {
        return around(points_, "fleet.condemn_left_behind",
                      [&] { return inner_.condemn_left_behind(server, provider_server_id, now); });
    }
    base::Result<void> left_behind_gone(const base::ServerId& server,
                                        base::TimePoint now) override {
        return around(points_, "fleet.left_behind_gone",
                      [&] { return inner_.left_behind_gone(server, now); });
    }
    base::Result<std::unique_ptr<Leadership>> try_lead(const std::string& name) override {
        points_.pass(fmt::format("fleet.try_lead({})", name), "before");
        return inner_.try_lead(name);
    }

private:
    ports::FleetStore& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<ports::FleetStore> make_crashing_fleet_store(ports::FleetStore& inner,
                                                             CrashPoints& points) {
    return std::make_unique<CrashingFleetStore>(inner, points);
}

}  // namespace hatchery::crash_points
