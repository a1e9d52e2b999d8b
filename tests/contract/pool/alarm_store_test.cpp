#include "pool_under_test.hpp"

namespace hatchery::contract {

namespace {

using core::AlarmKind;
using What = ports::AlarmNews::What;

core::Alarm alarm(AlarmKind kind) { return {.kind = kind, .cause = "Why.", .next_action = "Do."}; }

std::vector<ports::AlarmNews> untold(PoolUnderTest& pool, long long now) {
    return pool.alarms->untold(at(now), at(-1'000'000), 10).value();
}

}  // namespace

TEST_CASE("of each kind one alarm is raised at a time") {
    PoolUnderTest pool(backends());
    CHECK(pool.alarms->raised().value().empty());
    CHECK(pool.alarms->raise(alarm(AlarmKind::no_worker), at(0)).value());
    CHECK_FALSE(pool.alarms->raise(alarm(AlarmKind::no_worker), at(1)).value());
    CHECK(pool.alarms->raised().value() == std::vector{AlarmKind::no_worker});
    CHECK(pool.alarms->clear(AlarmKind::no_worker, {}, at(2)).value());
    CHECK_FALSE(pool.alarms->clear(AlarmKind::no_worker, {}, at(3)).value());
    CHECK(pool.alarms->raised().value().empty());
    CHECK(pool.alarms->raise(alarm(AlarmKind::no_worker), at(4)).value());
}

TEST_CASE("of one kind there is an alarm for each subject") {
    PoolUnderTest pool(backends());
    auto quota = alarm(AlarmKind::cloud_quota);
    quota.subject = "hetzner";
    CHECK(pool.alarms->raise(quota, at(0)).value());
    quota.subject = "digitalocean";
    CHECK(pool.alarms->raise(quota, at(1)).value());
    quota.cause = "Why now.";
    CHECK_FALSE(pool.alarms->raise(quota, at(2)).value());
    auto listed = pool.alarms->list(std::nullopt, 5).value();
    REQUIRE(listed.size() == 2);
    CHECK(listed[0].alarm.subject == "digitalocean");
    CHECK(listed[0].alarm.cause == "Why now.");
    CHECK(listed[0].raised_at == at(1));
    CHECK(listed[1].alarm.subject == "hetzner");
    CHECK(untold(pool, 3).size() == 2);
    CHECK_FALSE(pool.alarms->clear(AlarmKind::cloud_quota, {}, at(3)).value());
    CHECK(pool.alarms->clear(AlarmKind::cloud_quota, "hetzner", at(3)).value());
    CHECK(pool.alarms->raised().value() == std::vector{AlarmKind::cloud_quota});
}

TEST_CASE("an alarm that nobody has raised for long can be cleared with its kind") {
    PoolUnderTest pool(backends());
    auto quota = alarm(AlarmKind::cloud_quota);
    quota.subject = "hetzner";
    CHECK(pool.alarms->raise(quota, at(0)).value());
    CHECK_FALSE(pool.alarms->raise(quota, at(50)).value());
    quota.subject = "digitalocean";
    CHECK(pool.alarms->raise(quota, at(10)).value());
    CHECK(pool.alarms->raise(alarm(AlarmKind::cost_ceiling), at(0)).value());
    CHECK(pool.alarms->clear_unseen(AlarmKind::cloud_quota, at(50), at(60)).value() == 1);
    CHECK(pool.alarms->clear_unseen(AlarmKind::cloud_quota, at(50), at(60)).value() == 0);
    const auto listed = pool.alarms->list(std::nullopt, 5).value();
    for (const auto& record : listed) {
        CHECK(record.cleared_at.has_value() == (record.alarm.subject == "digitalocean"));
    }
}

TEST_CASE("alarms are listed newest first, page by page") {
    PoolUnderTest pool(backends());
    for (const auto& [kind, name] : base::EnumNames<AlarmKind>::names) {
        REQUIRE(pool.alarms->raise(alarm(kind), at(static_cast<int>(kind))));
    }
    REQUIRE(pool.alarms->clear(AlarmKind::queue_deep, {}, at(100)));
    const auto first = pool.alarms->list(std::nullopt, 3).value();
    REQUIRE(first.size() == 3);
    const auto& [newest, newest_name] = base::EnumNames<AlarmKind>::names.back();
    CHECK(first[0].alarm.kind == newest);
    CHECK(first[0].alarm.cause == "Why.");
    CHECK(first[0].alarm.next_action == "Do.");
    CHECK(first[0].raised_at == at(static_cast<int>(newest)));
    CHECK_FALSE(first[0].cleared_at);
    const auto rest = pool.alarms->list(first[2].id, 100).value();
    REQUIRE(rest.size() == base::EnumNames<AlarmKind>::names.size() - 3);
    CHECK(rest.back().alarm.kind == AlarmKind::queue_deep);
    CHECK(rest.back().cleared_at == at(100));
}

TEST_CASE("what is to be told is raised first and cleared then, each until it was told") {
    PoolUnderTest pool(backends());
    REQUIRE(pool.alarms->raise(alarm(AlarmKind::oldest_job), at(0)));
    auto news = untold(pool, 0);
    REQUIRE(news.size() == 1);
    CHECK(news[0].what == What::raised);
    REQUIRE(pool.alarms->clear(AlarmKind::oldest_job, {}, at(10)));
    news = untold(pool, 10);
    REQUIRE(news.size() == 1);
    CHECK(news[0].what == What::raised);
    REQUIRE(pool.alarms->told(news[0], at(11)));
    news = untold(pool, 11);
    REQUIRE(news.size() == 1);
    CHECK(news[0].what == What::cleared);
    CHECK(news[0].record.cleared_at == at(10));
    REQUIRE(pool.alarms->told(news[0], at(12)));
    CHECK(untold(pool, 1'000).empty());
}

TEST_CASE("what could not be told comes again at its time, with its failures counted") {
    PoolUnderTest pool(backends());
    REQUIRE(pool.alarms->raise(alarm(AlarmKind::oldest_job), at(0)));
    auto news = untold(pool, 0);
    REQUIRE(news.size() == 1);
    CHECK(news[0].failures == 0);
    REQUIRE(pool.alarms->telling_failed(news[0], at(60)));
    CHECK(untold(pool, 59).empty());
    news = untold(pool, 60);
    REQUIRE(news.size() == 1);
    CHECK(news[0].failures == 1);
    // An alarm that is cleared is told of at once.
    REQUIRE(pool.alarms->telling_failed(news[0], at(3'600)));
    REQUIRE(pool.alarms->clear(AlarmKind::oldest_job, {}, at(70)));
    CHECK(untold(pool, 70).size() == 1);
}

TEST_CASE("what happened long ago is not told any more") {
    PoolUnderTest pool(backends());
    REQUIRE(pool.alarms->raise(alarm(AlarmKind::oldest_job), at(0)));
    CHECK(pool.alarms->untold(at(100), at(1), 10).value().empty());
    CHECK(pool.alarms->untold(at(100), at(0), 10).value().size() == 1);
}

}  // namespace hatchery::contract
