#include "pool_under_test.hpp"

namespace hatchery::contract {

namespace {

core::Worker worker(const std::string& id, long long started) {
    return {.id = base::WorkerId(id),
            .host = "host-a",
            .version = "1.2.3",
            .role = core::WorkerRole::worker,
            .capabilities = R"({"region": "fsn1"})",
            .slots = 16,
            .max_slots = 50,
            .busy = 3,
            .started_at = at(started),
            .heartbeat_at = at(started)};
}

std::vector<std::string> ids(PoolUnderTest& pool) {
    std::vector<std::string> found;
    const auto rows = pool.registry->list().value();
    for (const auto& row : rows) found.push_back(row.id.text());
    return found;
}

}  // namespace

TEST_CASE("a beat registers a worker, and the next one renews what may change") {
    PoolUnderTest pool(backends());
    CHECK(pool.registry->beat(worker("w1", 0)).value() == std::nullopt);
    auto changed = worker("w1", 0);
    changed.slots = 20;
    changed.busy = 20;
    changed.draining = true;
    changed.heartbeat_at = at(5);
    REQUIRE(pool.registry->beat(changed));
    const auto listed = pool.registry->list().value();
    REQUIRE(listed.size() == 1);
    CHECK(listed[0].id == base::WorkerId("w1"));
    CHECK(listed[0].host == "host-a");
    CHECK(listed[0].version == "1.2.3");
    CHECK(listed[0].role == core::WorkerRole::worker);
    CHECK(listed[0].capabilities == R"({"region": "fsn1"})");
    CHECK(listed[0].slots == 20);
    CHECK(listed[0].max_slots == 50);
    CHECK(listed[0].busy == 20);
    CHECK(listed[0].draining);
    CHECK(listed[0].started_at == at(0));
    CHECK(listed[0].heartbeat_at == at(5));
}

TEST_CASE("workers are listed by their start, and leave one by one") {
    PoolUnderTest pool(backends());
    REQUIRE(pool.registry->beat(worker("w1", 20)));
    REQUIRE(pool.registry->beat(worker("w2", 10)));
    CHECK(ids(pool) == std::vector<std::string>{"w2", "w1"});
    REQUIRE(pool.registry->leave(base::WorkerId("w2")));
    REQUIRE(pool.registry->leave(base::WorkerId("w2")));
    CHECK(ids(pool) == std::vector<std::string>{"w1"});
}

TEST_CASE("silent workers are dropped, and others stay") {
    PoolUnderTest pool(backends());
    REQUIRE(pool.registry->beat(worker("w1", 0)));
    REQUIRE(pool.registry->beat(worker("w2", 100)));
    CHECK(pool.registry->drop_silent(at(0)).value() == 0);
    CHECK(pool.registry->drop_silent(at(1)).value() == 1);
    CHECK(ids(pool) == std::vector<std::string>{"w2"});
}

TEST_CASE("a worker is alive until its heartbeat is twenty seconds old") {
    const auto row = worker("w1", 0);
    CHECK(core::is_alive(row, at(20)));
    CHECK_FALSE(core::is_alive(row, at(21)));
}

}  // namespace hatchery::contract
