#pragma once

#include <memory>
#include <string>

#include "base/metrics.hpp"
#include "ports/cloud_budgets.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::engine {

struct BudgetedTransportOptions {
    /// The provider project, also the label of its metrics.
    std::string project;
    core::BudgetPolicy policy;
    /// Counts nowhere when unset.
    base::MetricRegistry* metrics = nullptr;
};

inline constexpr const char* code_hurried_post = "hurried_post";

/// The way to one provider project that sends no more than the project may ask, and tells the
/// budget what the answers say. A DELETE is a removal, a POST a creation and everything else a
/// poll, unless the thread is in a ports::UrgencyScope.
///
/// A POST that has less than least_post left for its answer is not sent: `timeout`, effect `none`
/// and the code code_hurried_post. Providers close accounts of those who hurry them, and an answer
/// that is not waited for leaves the effect unknown. Whoever asks for something that posts gives it
/// post_limit.
///
/// What may not be sent now fails at once with `rate_limited`, effect `none`, the code
/// core::code_request_budget and when to ask again: waiting costs a row, not a thread. Thread-safe;
/// what is given outlives it.
[[nodiscard]] std::unique_ptr<ports::HttpTransport> make_budgeted_transport(
    ports::HttpTransport& inner, ports::CloudBudgets& budgets, BudgetedTransportOptions options);

}  // namespace hatchery::engine
