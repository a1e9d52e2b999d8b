#include "core/alarms.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using core::AlarmKind;

namespace {

const base::TimePoint start{std::chrono::hours(24 * 20'000)};

/// A quiet installation with one worker.
core::QueueStatus quiet() {
    core::QueueStatus status;
    status.at = start;
    status.workers = 1;
    status.slots = 16;
    status.max_slots = 16;
    return status;
}

std::vector<AlarmKind> kinds_of(const std::vector<core::Alarm>& alarms) {
    std::vector<AlarmKind> kinds;
    for (const auto& alarm : alarms) kinds.push_back(alarm.kind);
    return kinds;
}

}  // namespace

TEST_CASE("each condition holds from its threshold on, and says a cause and what to do") {
    struct Row {
        const char* name;
        void (*change)(core::QueueStatus&);
        std::vector<AlarmKind> kinds;
    };
    const Row rows[] = {
        {"quiet", [](auto&) {}, {}},
        {"queue at its limit", [](auto& s) { s.due = 100; }, {}},
        {"queue over it", [](auto& s) { s.due = 101; }, {AlarmKind::queue_deep}},
        {"oldest at its limit", [](auto& s) { s.oldest_due_at = start - 300s; }, {}},
        {"oldest over it",
         [](auto& s) { s.oldest_due_at = start - 301s; },
         {AlarmKind::oldest_job}},
        {"a job that is due later", [](auto& s) { s.oldest_due_at = start + 1h; }, {}},
        {"no worker",
         [](auto& s) { s.workers = s.slots = s.max_slots = 0; },
         {AlarmKind::no_worker}},
        {"all threads busy, and nothing waits", [](auto& s) { s.busy = 16; }, {}},
        {"all threads busy, and jobs wait",
         [](auto& s) { s.busy = 16, s.due = 1; },
         {AlarmKind::pool_at_maximum}},
        {"all threads busy, and more may come",
         [](auto& s) { s.busy = 16, s.due = 1, s.max_slots = 50; },
         {}},
        {"fifty processes, of which fewer would do",
         [](auto& s) { s.workers = 50, s.due = 1, s.desired_workers = 20; },
         {}},
        {"fifty processes and jobs wait",
         [](auto& s) { s.workers = 50, s.due = 1, s.desired_workers = 50; },
         {AlarmKind::pool_at_maximum}},
        {"a transaction at its limit", [](auto& s) { s.oldest_transaction = 600s; }, {}},
        {"a transaction over it",
         [](auto& s) { s.oldest_transaction = 601s; },
         {AlarmKind::long_transaction}},
    };
    for (const auto& row : rows) {
        CAPTURE(row.name);
        auto status = quiet();
        row.change(status);
        const auto alarms = core::conditions({}, status);
        CHECK(kinds_of(alarms) == row.kinds);
        for (const auto& alarm : alarms) {
            CHECK(alarm.cause.ends_with('.'));
            CHECK(alarm.next_action.ends_with('.'));
        }
    }
}

TEST_CASE("a condition becomes an alarm when it has held for its time, once") {
    auto status = quiet();
    status.workers = 0;
    core::AlarmMemory memory;
    std::vector<AlarmKind> raised;
    for (auto t = 0s; t < 30s; t += 5s) {
        status.at = start + t;
        auto changes = core::decide_alarms({}, memory, raised, status);
        CHECK(changes.raise.empty());
        memory = changes.memory;
    }
    status.at = start + 30s;
    const auto changes = core::decide_alarms({}, memory, raised, status);
    REQUIRE(changes.raise.size() == 1);
    CHECK(changes.raise[0].kind == AlarmKind::no_worker);
    status.at = start + 35s;
    CHECK(core::decide_alarms({}, changes.memory, {AlarmKind::no_worker}, status).raise.empty());
}

TEST_CASE("a condition that comes and goes raises nothing") {
    core::AlarmMemory memory;
    for (int i = 0; i < 100; ++i) {
        auto status = quiet();
        status.at = start + i * 5s;
        status.workers = i % 4 == 0 ? 1 : 0;
        auto changes = core::decide_alarms({}, memory, {}, status);
        CHECK(changes.raise.empty());
        memory = changes.memory;
    }
}

TEST_CASE("an alarm is cleared when its condition has been gone for half a minute") {
    const std::vector raised{AlarmKind::queue_deep};
    core::AlarmMemory memory;
    auto status = quiet();
    const auto at = [&](std::chrono::seconds t, int due) {
        status.at = start + t;
        status.due = due;
        auto changes = core::decide_alarms({}, memory, raised, status);
        memory = changes.memory;
        return changes.clear;
    };
    CHECK(at(0s, 200).empty());
    CHECK(at(5s, 0).empty());
    CHECK(at(30s, 0).empty());
    CHECK(at(34s, 200).empty());
    CHECK(at(40s, 0).empty());
    CHECK(at(69s, 0).empty());
    CHECK(at(70s, 0) == raised);
}

TEST_CASE("a new leader clears an alarm that another one raised") {
    auto status = quiet();
    const std::vector raised{AlarmKind::oldest_job};
    auto changes = core::decide_alarms({}, {}, raised, status);
    CHECK(changes.clear.empty());
    status.at += 30s;
    CHECK(core::decide_alarms({}, changes.memory, raised, status).clear == raised);
}
