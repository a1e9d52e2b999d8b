#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "core/cloud_budget.hpp"

namespace hatchery::ports {

struct BudgetGrant {
    bool granted = false;
    std::int64_t create = 0;
    base::Milliseconds wait{0};
    std::string why;
    /// What the first limit has left, and its size.
    long left = 0;
    long limit = 0;
    /// Whether the provider has refused requests since it last took one.
    bool after_refusal = false;
};

/// A project's budget as it stands.
struct BudgetView {
    std::string project;
    std::vector<long> left;
    core::BudgetState state;
};

/// The request budgets of all provider projects, one each, shared by all processes. Thread-safe.
class CloudBudgets {
public:
    virtual ~CloudBudgets() = default;
    /// Takes one request from the project's budget, see core::take_request().
    [[nodiscard]] virtual base::Result<BudgetGrant> take(const std::string& project,
                                                         const core::BudgetPolicy& policy,
                                                         const core::BudgetAsk& ask) = 0;
    /// What the answer said, see core::after_answer().
    [[nodiscard]] virtual base::Result<void> report(const std::string& project,
                                                    const core::BudgetPolicy& policy,
                                                    const core::BudgetReport& report) = 0;
    /// The project's budget now; a full one when nothing was asked yet.
    [[nodiscard]] virtual base::Result<BudgetView> view(const std::string& project,
                                                        const core::BudgetPolicy& policy) = 0;
};

/// Says how urgent the requests to providers are that this thread makes while it lives: a request's
/// own method says it otherwise. May be nested; the innermost counts.
class UrgencyScope {
public:
    /// Who is told to wait: a job comes back at that very time, a round of the engine asks for
    /// something else before. Without a scope nobody comes back.
    enum class Asker : std::uint8_t { job, round };

    explicit UrgencyScope(core::Urgency urgency, Asker asker = Asker::job)
        : urgency_(urgency), asker_(asker), outer_(current_) {
        current_ = this;
    }
    ~UrgencyScope() { current_ = outer_; }
    UrgencyScope(const UrgencyScope&) = delete;
    UrgencyScope& operator=(const UrgencyScope&) = delete;

    /// Of the innermost scope of this thread, if there is one.
    [[nodiscard]] static const UrgencyScope* current() { return current_; }
    [[nodiscard]] core::Urgency urgency() const { return urgency_; }
    [[nodiscard]] Asker asker() const { return asker_; }

private:
    static inline thread_local const UrgencyScope* current_ = nullptr;
    core::Urgency urgency_;
    Asker asker_;
    const UrgencyScope* outer_;
};

}  // namespace hatchery::ports
