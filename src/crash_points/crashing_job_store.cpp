#include <fmt/format.h>

#include "crash_points/crashing_adapters.hpp"

namespace hatchery::crash_points {

namespace {

/// `succeeded,install_dependencies`: how the job ends, and what follows it.
std::string name_of(const ports::Transition& transition) {
    std::string name(base::to_text(transition.job_state));
    if (transition.next_step) name += fmt::format(",{}", base::to_text(*transition.next_step));
    return fmt::format("jobs.apply({})", name);
}

class CrashingJobStore final : public ports::JobStore {
public:
    CrashingJobStore(ports::JobStore& inner, CrashPoints& points)
        : inner_(inner), points_(points) {}

    base::Result<core::Operation> start_operation(const ports::NewOperation& request) override {
        return inner_.start_operation(request);
    }
    base::Result<void> request_cancel(const base::OperationId& operation,
                                      base::TimePoint now) override {
        return inner_.request_cancel(operation, now);
    }
    base::Result<std::vector<ports::ClaimedJob>> claim(
        const ports::ClaimRequest& request) override {
        points_.pass("jobs.claim", "before");
        auto claimed = inner_.claim(request);
        if (!claimed || claimed->empty()) return claimed;
        for (const auto& job : *claimed) learn(job);
        // The job is leased, and nobody runs it.
        points_.pass(claimed->front().lease.job_id, "jobs.claim", "after");
        return claimed;
    }
    base::Result<Renewed> renew(std::span<const ports::Lease> leases,
                                base::TimePoint until) override {
        return around(points_, "jobs.renew", [&] { return inner_.renew(leases, until); });
    }
    std::vector<base::Result<ports::Applied>> apply_all(
        std::span<const ports::Completion> completions) override {
        for (const auto& [job, transition] : completions) {
            points_.pass(job.lease.job_id, name_of(transition), "before");
        }
        auto answers = inner_.apply_all(completions);
        for (const auto& applied : answers) {
            if (applied && applied->next) learn(*applied->next);
        }
        for (const auto& [job, transition] : completions) {
            points_.pass(job.lease.job_id, name_of(transition), "after");
        }
        return answers;
    }
    base::Result<void> give_back(std::span<const ports::Lease> leases,
                                 base::TimePoint now) override {
        return around(points_, "jobs.give_back", [&] { return inner_.give_back(leases, now); });
    }
    base::Result<int> rescue(base::TimePoint now) override {
        return around(points_, "jobs.rescue", [&] { return inner_.rescue(now); });
    }
    base::Result<void> record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                              const std::optional<std::string>& progress) override {
        points_.pass(lease.job_id, "jobs.record", "before");
        auto recorded = inner_.record(lease, events, progress);
        points_.pass(lease.job_id, "jobs.record", "after");
        return recorded;
    }
    base::Result<core::ChatLine> chat_line(const base::BotId& bot) override {
        return around(points_, "jobs.chat_line", [&] { return inner_.chat_line(bot); });
    }
    base::Result<int> raise(const std::string& signal, base::TimePoint now) override {
        return around(points_, "jobs.raise", [&] { return inner_.raise(signal, now); });
    }
    base::Result<std::optional<base::TimePoint>> next_due(
        const std::string& capabilities) override {
        points_.pass("jobs.next_due", "before");
        return inner_.next_due(capabilities);
    }

private:
    void learn(const ports::ClaimedJob& claimed) {
        points_.learn(claimed.lease.job_id, base::to_text(claimed.job.step));
    }

    ports::JobStore& inner_;
    CrashPoints& points_;
};

}  // namespace

std::unique_ptr<ports::JobStore> make_crashing_job_store(ports::JobStore& inner,
                                                         CrashPoints& points) {
    return std::make_unique<CrashingJobStore>(inner, points);
}

}  // namespace hatchery::crash_points
