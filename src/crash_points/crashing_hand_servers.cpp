#include "crash_points/crashing_adapters.hpp"

namespace hatchery::crash_points {

namespace {

class CrashingHandServers final : public ports::HandServers {
public:
    CrashingHandServers(ports::HandServers& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<ports::HandServerAllowance> plan(const ports::HandServerPlan& plan,
                                                  base::TimePoint now) override {
        points_.begin_run("by_hand");
        return around(points_, "hand_servers.plan", [&] { return inner_.plan(plan, now); });
    }
    base::Result<std::optional<core::Server>> find(const base::ServerId& id) override {
        points_.pass("hand_servers.find", "before");
        return inner_.find(id);
    }
    base::Result<std::vector<core::Server>> alive() override {
        points_.pass("hand_servers.alive", "before");
        return inner_.alive();
    }
    base::Result<bool> made(const core::Server& known) override {
        return around(points_, "hand_servers.made", [&] { return inner_.made(known); });
    }
    base::Result<void> ready(const base::ServerId& id, const std::string& public_ip) override {
        return around(points_, "hand_servers.ready", [&] { return inner_.ready(id, public_ip); });
    }
    base::Result<bool> condemn(const base::ServerId& id) override {
        points_.begin_run("by_hand");
        return around(points_, "hand_servers.condemn", [&] { return inner_.condemn(id); });
    }
    base::Result<void> gone(const base::ServerId& id, base::TimePoint now) override {
        return around(points_, "hand_servers.gone", [&] { return inner_.gone(id, now); });
    }

private:
    ports::HandServers& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<ports::HandServers> make_crashing_hand_servers(ports::HandServers& inner,
                                                               CrashPoints& points) {
    return std::make_unique<CrashingHandServers>(inner, points);
}

}  // namespace hatchery::crash_points
