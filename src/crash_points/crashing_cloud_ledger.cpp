#include "crash_points/crashing_adapters.hpp"

namespace hatchery::crash_points {

namespace {

class CrashingCloudLedger final : public ports::CloudLedger {
public:
    CrashingCloudLedger(ports::CloudLedger& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<std::optional<core::Subscription>> subscription_of(
        const base::BotId& bot) override {
        points_.pass("ledger.subscription_of", "before");
        return inner_.subscription_of(bot);
    }
    base::Result<ports::CreateAllowance> intend_create(const ports::Lease& lease,
                                                       const base::ServerId& server,
                                                       const ports::CreateIntent& intent) override {
        return around(points_, "ledger.intend_create",
                      [&] { return inner_.intend_create(lease, server, intent); });
    }
    base::Result<std::size_t> count_known(const std::vector<std::string>& servers) override {
        points_.pass("ledger.count_known", "before");
        return inner_.count_known(servers);
    }
    base::Result<std::map<std::string, std::int64_t>> servers_billed() override {
        points_.pass("ledger.servers_billed", "before");
        return inner_.servers_billed();
    }
    base::Result<std::optional<std::string>> project_mark(const std::string& provider) override {
        points_.pass("ledger.project_mark", "before");
        return inner_.project_mark(provider);
    }
    base::Result<void> keep_project_mark(const std::string& provider, const std::string& mark,
                                         base::TimePoint now) override {
        return around(points_, "ledger.keep_project_mark",
                      [&] { return inner_.keep_project_mark(provider, mark, now); });
    }
    base::Result<bool> server_vanished(const base::ServerId& server, const std::string& reason,
                                       base::TimePoint now) override {
        return around(points_, "ledger.server_vanished",
                      [&] { return inner_.server_vanished(server, reason, now); });
    }
    base::Result<void> tell(const base::BotId& bot, const std::string& message,
                            core::EventLevel level, base::TimePoint now) override {
        return around(points_, "ledger.tell",
                      [&] { return inner_.tell(bot, message, level, now); });
    }
    base::Result<std::vector<ports::CostSum>> costs(ports::CostsBy by, base::TimePoint begin,
                                                    base::TimePoint end) override {
        return inner_.costs(by, begin, end);
    }
    base::Result<void> ask_for_sweep(base::TimePoint now) override {
        return inner_.ask_for_sweep(now);
    }
    base::Result<std::optional<base::TimePoint>> sweep_asked_at() override {
        points_.pass("ledger.sweep_asked_at", "before");
        return inner_.sweep_asked_at();
    }
    base::Result<void> keep_sweep(const std::string& provider, const std::string& report,
                                  base::TimePoint now) override {
        return around(points_, "ledger.keep_sweep",
                      [&] { return inner_.keep_sweep(provider, report, now); });
    }
    base::Result<std::vector<KeptSweep>> sweeps() override { return inner_.sweeps(); }

private:
    ports::CloudLedger& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<ports::CloudLedger> make_crashing_cloud_ledger(ports::CloudLedger& inner,
                                                               CrashPoints& points) {
    return std::make_unique<CrashingCloudLedger>(inner, points);
}

}  // namespace hatchery::crash_points
