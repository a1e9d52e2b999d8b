#include <atomic>
#include <thread>

#include "pool_under_test.hpp"
#include "store/pg_machine_allocations.hpp"
#include "support/fake_machine_allocations.hpp"

namespace hatchery::contract {

namespace {

using namespace std::chrono_literals;
using ports::AllocationState;

struct AllocationsUnderTest {
    explicit AllocationsUnderTest(Backend backend) {
        if (backend == Backend::memory) {
            allocations = std::make_unique<support::FakeMachineAllocations>(clock);
            return;
        }
        database = support::PgCluster::shared().create_database();
        allocations = store::make_pg_machine_allocations(database->pool());
    }

    ports::Allocation lend(const std::string& name) {
        auto lent = allocations->allocate(request(name), machines(3), 1h);
        if (!lent) FAIL(lent.error().message);
        REQUIRE(*lent);
        return **lent;
    }

    static ports::AllocationRequest request(const std::string& name) {
        return {.name = name,
                .labels = {{"installation", "one"}, {"server", name}},
                .authorized_key = "ssh-ed25519 AAAA"};
    }
    static std::vector<ports::MachineFacts> machines(int count) {
        std::vector<ports::MachineFacts> all;
        for (int i = 1; i <= count; ++i) {
            const auto name = "tower-" + std::to_string(i);
            all.push_back({.machine = name,
                           .host = name + ".example.net",
                           .port = 2222,
                           .host_key = "ssh-ed25519 BBBB",
                           .region = "cellar",
                           .type = "tower",
                           .price_monthly = "10.00",
                           .price_hourly = "0.013699",
                           .price_currency = "EUR"});
        }
        return all;
    }

    base::SystemClock clock;
    std::unique_ptr<support::TestDatabase> database;
    std::unique_ptr<ports::MachineAllocations> allocations;
};

const std::vector<std::string> first_machine{"tower-1"};

}  // namespace

TEST_CASE("a machine is lent to one name, kept as it was asked for, and found again") {
    AllocationsUnderTest under(backends());
    auto& allocations = *under.allocations;
    const auto lent = under.lend("one");
    CHECK(lent.facts.machine == "tower-1");
    CHECK(lent.state == AllocationState::preparing);
    CHECK(lent.tries == 1);
    CHECK(lent.number > 0);
    const auto found = allocations.find("one").value();
    REQUIRE(found);
    CHECK(found->number == lent.number);
    CHECK(found->request.labels == AllocationsUnderTest::request("one").labels);
    CHECK(found->request.authorized_key == "ssh-ed25519 AAAA");
    CHECK(found->facts.host == "tower-1.example.net");
    CHECK(found->facts.port == 2222);
    CHECK(found->facts.host_key == "ssh-ed25519 BBBB");
    CHECK(found->facts.price_hourly == "0.013699");
    CHECK(found->created_at > base::TimePoint{});
    CHECK(allocations.get(lent.number).value()->request.name == "one");
    CHECK_FALSE(allocations.get(lent.number + 1).value());
    CHECK_FALSE(allocations.find("two").value());
    const auto again =
        allocations.allocate(AllocationsUnderTest::request("one"), under.machines(3), 1h);
    REQUIRE_FALSE(again);
    CHECK(again.error().kind == base::ErrorKind::conflict);
    CHECK(again.error().code == "uniqueness_error");
    CHECK(allocations.list().value().size() == 1);
}

TEST_CASE("processes that lend at the same time never lend a machine twice") {
    AllocationsUnderTest under(backends());
    std::atomic<int> lent = 0;
    std::atomic<int> refused = 0;
    {
        std::vector<std::jthread> processes;
        for (int i = 0; i < 8; ++i) {
            processes.emplace_back([&, i] {
                const auto got = under.allocations->allocate(
                    AllocationsUnderTest::request("name-" + std::to_string(i)), under.machines(5),
                    1h);
                if (got && *got) ++lent;
                if (got && !*got) ++refused;
            });
        }
    }
    CHECK(lent == 5);
    CHECK(refused == 3);
    std::set<std::string> machines;
    const auto all = under.allocations->list().value();
    for (const auto& one : all) machines.insert(one.facts.machine);
    CHECK(machines.size() == 5);
}

TEST_CASE("the same machine under another name in another list is not lent twice") {
    AllocationsUnderTest under(backends());
    (void)under.lend("one");
    auto renamed = under.machines(1);
    renamed[0].machine = "tower-one";
    const auto second =
        under.allocations->allocate(AllocationsUnderTest::request("two"), renamed, 1h);
    REQUIRE(second);
    CHECK_FALSE(*second);
}

TEST_CASE("a machine that was given back is lent again when it is proven clean, not before") {
    AllocationsUnderTest under(backends());
    auto& allocations = *under.allocations;
    const auto lent = under.lend("one");
    CHECK(allocations.prepared(lent.number, lent.tries).value());
    CHECK(allocations.get(lent.number).value()->state == AllocationState::in_use);
    CHECK_FALSE(allocations.begin_try(first_machine, 1h).value());
    REQUIRE(allocations.give_back(lent.number));
    REQUIRE(allocations.give_back(lent.number));
    REQUIRE(allocations.give_back(lent.number + 1));
    CHECK(under.lend("two").facts.machine == "tower-2");

    const std::vector<std::string> others{"tower-2", "tower-3"};
    CHECK_FALSE(allocations.begin_try(others, 1h).value());
    const auto wipe = allocations.begin_try(first_machine, 1h).value();
    REQUIRE(wipe);
    CHECK(wipe->state == AllocationState::wiping);
    CHECK(wipe->tries == 2);
    // Somebody is at it.
    CHECK_FALSE(allocations.begin_try(first_machine, 1h).value());
    CHECK(allocations.find("one").value()->state == AllocationState::wiping);
    REQUIRE(allocations.wiped(lent.number, wipe->tries).value());
    CHECK_FALSE(allocations.find("one").value());
    const auto next = under.lend("three");
    CHECK(next.facts.machine == "tower-1");
    CHECK(next.number > lent.number);
}

TEST_CASE("a wipe that failed is told, begun anew, and ended only by the last try") {
    AllocationsUnderTest under(backends());
    auto& allocations = *under.allocations;
    const auto lent = under.lend("one");
    REQUIRE(allocations.give_back(lent.number));
    const auto first = allocations.begin_try(first_machine, 1h).value();
    REQUIRE(first);
    REQUIRE(allocations.failed(lent.number, first->tries, "The machine does not answer.", 0ms));
    CHECK(allocations.get(lent.number).value()->trouble == "The machine does not answer.");
    const auto second = allocations.begin_try(first_machine, 1h).value();
    REQUIRE(second);
    CHECK(second->tries == first->tries + 1);
    // The first one comes back late.
    REQUIRE(allocations.failed(lent.number, first->tries, "late", 0ms));
    CHECK_FALSE(allocations.begin_try(first_machine, 1h).value());
    CHECK_FALSE(allocations.wiped(lent.number, first->tries).value());
    CHECK(allocations.wiped(lent.number, second->tries).value());
    CHECK(allocations.list().value().empty());
}

TEST_CASE("a preparation that is given up frees its name and leaves the machine to be wiped") {
    AllocationsUnderTest under(backends());
    auto& allocations = *under.allocations;
    const auto lent = under.lend("one");
    REQUIRE(allocations.give_up(lent.number, lent.tries, "It does not answer."));
    CHECK_FALSE(allocations.prepared(lent.number, lent.tries).value());
    CHECK_FALSE(allocations.find("one").value());
    const auto left = allocations.get(lent.number).value();
    REQUIRE(left);
    CHECK(left->state == AllocationState::wiping);
    CHECK(left->trouble == "It does not answer.");
    CHECK(under.lend("one").facts.machine == "tower-2");
    CHECK(allocations.begin_try(first_machine, 1h).value()->number == lent.number);
}

TEST_CASE("a preparation whose process died is taken over when its time is over") {
    AllocationsUnderTest under(backends());
    auto& allocations = *under.allocations;
    const auto lent =
        allocations.allocate(AllocationsUnderTest::request("one"), under.machines(1), 0ms);
    REQUIRE(lent);
    REQUIRE(*lent);
    const auto taken_over = allocations.begin_try(first_machine, 1h).value();
    REQUIRE(taken_over);
    CHECK(taken_over->state == AllocationState::preparing);
    CHECK_FALSE(allocations.prepared((*lent)->number, (*lent)->tries).value());
    CHECK(allocations.prepared(taken_over->number, taken_over->tries).value());
}

TEST_CASE("a wipe is given up only of a machine that is to be wiped, which is then free again") {
    AllocationsUnderTest under(backends());
    auto& allocations = *under.allocations;
    const auto lent = under.lend("one");
    CHECK_FALSE(allocations.get(lent.number).value()->wiping_since);
    CHECK_FALSE(allocations.forget(lent.number).value());
    REQUIRE(allocations.give_back(lent.number));
    const auto since = allocations.get(lent.number).value()->wiping_since;
    REQUIRE(since);
    // Asked once more, it has waited no less.
    REQUIRE(allocations.give_back(lent.number));
    CHECK(allocations.get(lent.number).value()->wiping_since == since);
    CHECK(allocations.forget(lent.number).value());
    CHECK_FALSE(allocations.forget(lent.number).value());
    CHECK_FALSE(allocations.get(lent.number).value());
    CHECK(under.lend("two").facts.machine == "tower-1");
}

}  // namespace hatchery::contract
