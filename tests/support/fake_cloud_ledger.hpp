#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "ports/cloud_ledger.hpp"
#include "support/fake_database.hpp"

namespace hatchery::support {

/// The ledger on the data in memory. Thread-safe but for its members.
class FakeCloudLedger final : public ports::CloudLedger {
public:
    explicit FakeCloudLedger(FakeDatabase& db) : db_(db) {}
    base::Result<std::size_t> count_known(const std::vector<std::string>& servers) override;
    base::Result<std::map<std::string, std::int64_t>> servers_billed() override;
    base::Result<std::optional<std::string>> project_mark(const std::string& provider) override;
    base::Result<void> keep_project_mark(const std::string& provider, const std::string& mark,
                                         base::TimePoint now) override;

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

    /// What every user has paid for.
    std::optional<core::Subscription> subscription;
    /// Answers instead, when it is set.
    std::function<base::Result<std::optional<core::Subscription>>()> subscription_read;
    std::vector<base::ServerId> vanished;
    /// What tell() said.
    std::vector<std::string> told;
    std::optional<base::TimePoint> asked_at;
    std::map<std::string, KeptSweep> kept;
    std::map<std::string, std::string> marks;

private:
    void say(const base::BotId& bot, core::EventType type, core::EventLevel level,
             const std::string& message, base::TimePoint now);

    FakeDatabase& db_;
};

}  // namespace hatchery::support
