#pragma once

#include <atomic>
#include <span>
#include <string>
#include <vector>

#include "ports/job_store.hpp"
#include "support/fake_database.hpp"

namespace hatchery::support {

/// The job store in memory, with the meaning that tests/contract/job_store pins for it and for
/// PostgreSQL alike. Thread-safe.
class FakeJobStore final : public ports::JobStore {
public:
    explicit FakeJobStore(FakeDatabase& database) : db_(database) {}

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
    base::Result<core::ChatLine> chat_line(const base::BotId& bot) override;
    base::Result<int> raise(const std::string& signal, base::TimePoint now) override;
    base::Result<std::optional<base::TimePoint>> next_due(const std::string& capabilities) override;

    /// From now on no claim takes anything, as if others had all jobs in their hands; what is due
    /// stays due.
    void keep_from_claims() { kept_from_claims_ = true; }
    /// Claims that were made.
    [[nodiscard]] int claims() const { return claims_; }

private:
    base::Result<ports::Applied> apply_one(const ports::Completion& completion);

    FakeDatabase& db_;
    std::atomic<bool> kept_from_claims_{false};
    std::atomic<int> claims_{0};
};

}  // namespace hatchery::support
