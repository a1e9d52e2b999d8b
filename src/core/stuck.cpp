#include "core/stuck.hpp"

#include <fmt/format.h>

namespace hatchery::core {

namespace {

std::string since(const StuckFacts& facts, const std::optional<base::TimePoint>& time) {
    return base::format_duration(facts.now - time.value_or(facts.now));
}

std::string step_of(const StuckFacts& facts) {
    return facts.step ? std::string(base::to_text(*facts.step)) : "its step";
}

}  // namespace

StuckText describe(const StuckFacts& facts) {
    switch (facts.reason) {
        case StuckReason::past_deadline:
            return {.cause = fmt::format("It passed its deadline {} ago and has not ended.",
                                         since(facts, facts.deadline_at)),
                    .next_action =
                        "See that a worker runs (`hatchery workers`): the next run of "
                        "its job ends it."};
        case StuckReason::lease_expired:
            return {.cause = fmt::format("The worker {} holds {} and has been silent since its "
                                         "lease ran out {} ago.",
                                         facts.worker_id, step_of(facts),
                                         since(facts, facts.lease_until)),
                    .next_action =
                        "Start or restart a worker: any of them frees the job within "
                        "seconds."};
        case StuckReason::blocked:
            return {.cause = facts.blocked_reason,
                    .next_action =
                        "Start a worker that can run it (HATCHERY_WORKER_CAPABILITIES), "
                        "or cancel the operation."};
        case StuckReason::not_claimed:
            return {.cause = fmt::format("{} has been due for {}, and no worker took it.",
                                         step_of(facts), since(facts, facts.run_at)),
                    .next_action =
                        "See with `hatchery workers` whether all are busy, and start "
                        "another `hatchery worker`."};
    }
    return {};
}

}  // namespace hatchery::core
