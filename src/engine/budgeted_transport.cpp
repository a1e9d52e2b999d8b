#include "engine/budgeted_transport.hpp"

#include <fmt/format.h>

#include "base/log.hpp"
#include "engine/late_create.hpp"
#include "ports/header_number.hpp"

namespace hatchery::engine {

namespace {

constexpr int too_many_requests = 429;
constexpr long long longest_told_wait_s = 3'600;

core::Urgency urgency_of(const ports::HttpRequest& request) {
    if (const auto* said = ports::UrgencyScope::current()) return said->urgency();
    if (request.method == "DELETE") return core::Urgency::removal;
    if (request.method == "POST") return core::Urgency::creation;
    return core::Urgency::poll;
}

core::BudgetReport report_of(const ports::HttpResponse& response) {
    core::BudgetReport report;
    report.limit = ports::header_number(response, "ratelimit-limit");
    report.remaining = ports::header_number(response, "ratelimit-remaining");
    report.refused = response.status == too_many_requests;
    if (const auto told = ports::header_number(response, "retry-after")) {
        report.retry_after = std::chrono::seconds(std::min(*told, longest_told_wait_s));
    }
    return report;
}

/// What is wrong with sending it at all, whatever the budget.
std::optional<base::Error> too_late(const ports::HttpRequest& request, const base::Call& call) {
    base::Error error{.kind = base::ErrorKind::timeout, .effect = base::Effect::none};
    if (call.over()) {
        if (call.stop.stop_requested()) error.kind = base::ErrorKind::cancelled;
        error.message = "no time was left to send the request";
        return error;
    }
    if (request.method != "POST" || call.left() >= least_post) return std::nullopt;
    error.code = code_hurried_post;
    error.message = fmt::format(
        "not sent: only {} were left for the answer, and a provider gets at least {} for it",
        base::format_duration(call.left()), base::format_duration(least_post));
    return error;
}

bool comes_back() {
    const auto* scope = ports::UrgencyScope::current();
    return scope != nullptr && scope->asker() == ports::UrgencyScope::Asker::job;
}

class BudgetedTransport final : public ports::HttpTransport {
public:
    BudgetedTransport(ports::HttpTransport& inner, ports::CloudBudgets& budgets,
                      BudgetedTransportOptions options)
        : inner_(inner), budgets_(budgets), options_(std::move(options)) {}

    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call& call) override {
        // What cannot be sent any more takes nothing from those who can.
        if (auto late = too_late(request, call)) return base::fail(*std::move(late));
        const auto urgency = urgency_of(request);
        const bool creates = urgency == core::Urgency::creation && request.method == "POST";
        auto grant =
            budgets_.take(options_.project, options_.policy,
                          {.urgency = urgency, .creates = creates, .comes_back = comes_back()});
        if (!grant) {
            grant.error().effect = base::Effect::none;
            return base::fail(std::move(grant).error());
        }
        if (!grant->granted) {
            count("hatchery_cloud_waits_total",
                  "Requests to providers that were put off for their project's budget.", urgency);
            return base::fail(refusal(*grant));
        }
        count("hatchery_cloud_requests_total", "Requests sent to providers.", urgency);
        auto response = inner_.send(request, call);
        core::BudgetReport report;
        if (response) report = report_of(*response);
        report.lost = !response;
        report.create = grant->create;
        if (report.refused && options_.metrics != nullptr) {
            options_.metrics
                ->counter("hatchery_cloud_429_total",
                          "Requests that a provider refused since it had too many.",
                          {{"provider", options_.project}})
                .add();
        }
        const core::BudgetBelief believed{
            .left = grant->left, .limit = grant->limit, .after_refusal = grant->after_refusal};
        if (core::is_news(report, believed)) tell(report);
        return response;
    }

private:
    [[nodiscard]] base::Error refusal(const ports::BudgetGrant& grant) const {
        base::Error error{.kind = base::ErrorKind::rate_limited, .effect = base::Effect::none};
        error.message = fmt::format("waiting {} for the request budget of {}: {}",
                                    base::format_duration(grant.wait), options_.project, grant.why);
        error.code = core::code_request_budget;
        error.retry_after = grant.wait;
        return error;
    }

    void tell(const core::BudgetReport& report) {
        const auto told = budgets_.report(options_.project, options_.policy, report);
        if (told) return;
        // The next answer tells again; a create whose end was not told is forgotten in time.
        base::log_event(base::LogLevel::warning, "cloud_budget_not_told",
                        {{"provider", options_.project}, {"message", told.error().message}});
    }

    void count(std::string_view name, std::string_view help, core::Urgency urgency) const {
        if (options_.metrics == nullptr) return;
        options_.metrics
            ->counter(
                name, help,
                {{"provider", options_.project}, {"urgency", std::string(base::to_text(urgency))}})
            .add();
    }

    ports::HttpTransport& inner_;
    ports::CloudBudgets& budgets_;
    const BudgetedTransportOptions options_;
};

}  // namespace

std::unique_ptr<ports::HttpTransport> make_budgeted_transport(ports::HttpTransport& inner,
                                                              ports::CloudBudgets& budgets,
                                                              BudgetedTransportOptions options) {
    return std::make_unique<BudgetedTransport>(inner, budgets, std::move(options));
}

}  // namespace hatchery::engine
