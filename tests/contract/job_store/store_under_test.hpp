#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/job.hpp"
#include "ports/cloud_ledger.hpp"
#include "ports/fleet_store.hpp"
#include "ports/job_store.hpp"
#include "support/catch.hpp"

namespace hatchery::contract {

enum class Backend { memory, postgres };

/// A job store, a fleet store and a ledger on the same data, and a way to look at these data.
class StoreUnderTest {
public:
    virtual ~StoreUnderTest() = default;
    virtual ports::JobStore& jobs() = 0;
    virtual ports::FleetStore& fleet() = 0;
    virtual ports::CloudLedger& ledger() = 0;

    /// A bot of a user of its own.
    virtual core::Bot add_bot() = 0;
    virtual void add_secret(const base::BotId& bot, const std::string& name,
                            const std::string& value) = 0;
    /// The bot's row, a deleted one too.
    virtual core::Bot bot_row(const base::BotId& id) = 0;
    virtual core::Operation operation(const base::OperationId& id) = 0;
    virtual std::vector<core::Job> jobs_of(const base::OperationId& id) = 0;
    virtual std::vector<core::Event> events_of(const base::BotId& id) = 0;
    virtual int secrets_of(const std::string& owner_id) = 0;
};

[[nodiscard]] std::unique_ptr<StoreUnderTest> make_store(Backend backend);

/// A fixed moment that the tests count from; whole milliseconds.
[[nodiscard]] base::TimePoint at(long long ms);

/// The two backends for a test case: `const auto store = make_store(backends());`.
inline Backend backends() { return GENERATE(Backend::memory, Backend::postgres); }

[[nodiscard]] inline ports::NewOperation deploy_of(const core::Bot& bot, int priority = 0) {
    return {.bot_id = bot.id,
            .user_id = bot.user_id,
            .kind = core::OperationKind::deploy,
            .now = at(0),
            .deadline_at = at(3'600'000),
            .priority = priority};
}

[[nodiscard]] inline ports::ClaimRequest claim_at(base::TimePoint now, int limit = 1) {
    return {.worker = base::WorkerId("worker-1"),
            .limit = limit,
            .lease_for = base::Milliseconds{30'000},
            .now = now};
}

/// The job succeeds and is the operation's last.
[[nodiscard]] inline ports::Transition end_at(base::TimePoint now) {
    return {.now = now, .operation_end = core::OperationState::succeeded};
}

[[nodiscard]] inline core::NewEvent line(const std::string& message) {
    core::NewEvent event;
    event.message = message;
    event.at = at(1);
    event.step = core::StepKind::install_dependencies;
    event.stream = core::EventStream::out;
    return event;
}

[[nodiscard]] inline std::vector<std::int64_t> numbers(const std::vector<core::Event>& events) {
    std::vector<std::int64_t> seqs;
    for (const auto& event : events) seqs.push_back(event.seq);
    return seqs;
}

/// Starts a deploy and claims its first job.
[[nodiscard]] inline ports::ClaimedJob start_and_claim(StoreUnderTest& store,
                                                       const core::Bot& bot) {
    REQUIRE(store.jobs().start_operation(deploy_of(bot)));
    auto claimed = store.jobs().claim(claim_at(at(0)));
    REQUIRE(claimed);
    REQUIRE(claimed->size() == 1);
    return claimed->front();
}

}  // namespace hatchery::contract
