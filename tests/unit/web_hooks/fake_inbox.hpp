#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "store/inbox_repository.hpp"

namespace hatchery::tests {

/// The inbox in memory, with the same order and claims as PostgreSQL's. Thread-safe.
class FakeInbox final : public store::InboxRepository {
public:
    struct Row {
        store::NewUpdate update;
        store::InboxState state = store::InboxState::pending;
        int attempts = 0;
        base::TimePoint due;
        std::string lease;
        base::TimePoint lease_until;
        std::string reason;
    };

    base::Result<store::Stored> store(const store::NewUpdate& update) override;
    base::Result<std::vector<store::ClaimedUpdate>> claim(int limit, base::Milliseconds lease_for,
                                                          base::TimePoint now) override;
    base::Result<void> delivered(const store::ClaimedUpdate& update, base::TimePoint now) override;
    base::Result<void> retry(const store::ClaimedUpdate& update, base::TimePoint at,
                             const std::string& reason) override;
    base::Result<void> give_up(const store::ClaimedUpdate& update, const std::string& reason,
                               base::TimePoint now) override;
    base::Result<void> release(const store::ClaimedUpdate& update) override;
    base::Result<int> bring_forward(const base::BotId& bot, base::TimePoint now) override;
    base::Result<int> prune(const store::PruneBefore& before, int limit) override;
    base::Result<store::InboxCounts> counts() override;
    base::Result<store::InboxCounts> counts_of(const base::BotId& bot) override;

    [[nodiscard]] std::vector<Row> rows() const;
    /// What the first pruning was about; waits for it, at most ten seconds.
    [[nodiscard]] std::optional<store::PruneBefore> wait_for_pruning();
    /// Every call fails like this until it is taken away.
    void fail_with(std::optional<base::Error> error);
    /// Waits until `done(rows)`, at most ten seconds; whether it came.
    template <typename Done>
    [[nodiscard]] bool wait_until(Done&& done) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(10), [&] { return done(rows_); });
    }

private:
    base::Result<void> change(const store::ClaimedUpdate& update,
                              const std::function<void(Row&)>& edit);

    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<Row> rows_;
    std::optional<base::Error> error_;
    std::optional<store::PruneBefore> pruned_before_;
    int leases_ = 0;
};

}  // namespace hatchery::tests
