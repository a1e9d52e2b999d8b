#pragma once

#include <map>
#include <mutex>
#include <string>

#include "ports/cloud_budgets.hpp"

namespace hatchery::support {

/// Budgets in a map, by a clock of the test's. Thread-safe.
class FakeCloudBudgets final : public ports::CloudBudgets {
public:
    explicit FakeCloudBudgets(const base::Clock& clock) : clock_(clock) {}

    base::Result<ports::BudgetGrant> take(const std::string& project,
                                          const core::BudgetPolicy& policy,
                                          const core::BudgetAsk& ask) override {
        const std::scoped_lock lock(mutex_);
        auto& state = states_[project];
        auto answer = core::take_request(policy, state, ask, clock_.now());
        state = std::move(answer.state);
        return ports::BudgetGrant{.granted = answer.granted,
                                  .create = answer.create,
                                  .wait = answer.wait,
                                  .why = std::move(answer.why),
                                  .left = answer.left,
                                  .limit = answer.limit,
                                  .after_refusal = answer.after_refusal};
    }
    base::Result<void> report(const std::string& project, const core::BudgetPolicy& policy,
                              const core::BudgetReport& report) override {
        const std::scoped_lock lock(mutex_);
        auto& state = states_[project];
        state = core::after_answer(policy, std::move(state), report, clock_.now());
        return {};
    }
    base::Result<ports::BudgetView> view(const std::string& project,
                                         const core::BudgetPolicy& policy) override {
        const std::scoped_lock lock(mutex_);
        const auto& state = states_[project];
        return ports::BudgetView{
            .project = project, .left = core::left_of(policy, state, clock_.now()), .state = state};
    }

private:
    const base::Clock& clock_;
    std::mutex mutex_;
    std::map<std::string, core::BudgetState> states_;
};

}  // namespace hatchery::support
