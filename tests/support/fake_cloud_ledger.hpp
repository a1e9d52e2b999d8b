#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "ports/cloud_ledger.hpp"

namespace hatchery::support {

/// A ledger in memory that remembers what it was told. Thread-safe but for its members.
class FakeCloudLedger final : public ports::CloudLedger {
public:
    base::Result<std::optional<core::Subscription>> subscription_of(const base::BotId&) override {
        return subscription;
    }
    base::Result<std::map<std::string, std::string>> run_rate(
        const std::string& provider) override {
        return rates[provider];
    }
    base::Result<bool> server_vanished(const base::ServerId& server, const std::string&,
                                       base::TimePoint) override {
        vanished.push_back(server);
        return true;
    }
    base::Result<void> tell(const base::BotId&, const std::string& message, core::EventLevel,
                            base::TimePoint) override {
        told.push_back(message);
        return {};
    }
    base::Result<std::vector<ports::CostSum>> costs(ports::CostsBy, base::TimePoint,
                                                    base::TimePoint) override {
        return std::vector<ports::CostSum>{};
    }
    base::Result<void> ask_for_sweep(base::TimePoint now) override {
        asked_at = now;
        return {};
    }
    base::Result<std::optional<base::TimePoint>> sweep_asked_at() override { return asked_at; }
    base::Result<void> keep_sweep(const std::string& provider, const std::string& report,
                                  base::TimePoint now) override {
        kept[provider] = {.provider = provider, .report = report, .at = now};
        return {};
    }
    base::Result<std::vector<KeptSweep>> sweeps() override {
        std::vector<KeptSweep> all;
        for (const auto& [name, sweep] : kept) all.push_back(sweep);
        return all;
    }

    std::optional<core::Subscription> subscription;
    std::map<std::string, std::map<std::string, std::string>> rates;
    std::vector<base::ServerId> vanished;
    std::vector<std::string> told;
    std::optional<base::TimePoint> asked_at;
    std::map<std::string, KeptSweep> kept;
};

}  // namespace hatchery::support
