#include "store/inbox_repository.hpp"

#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "world.hpp"

namespace hatchery::store {

namespace {

constexpr base::Milliseconds lease{10'000};

NewUpdate update_of(const core::Bot& bot, std::int64_t id, std::int64_t chat = 1) {
    return {.bot_id = bot.id,
            .update_id = id,
            .chat_id = chat,
            .body = R"({"update_id":)" + std::to_string(id) + "}",
            .received_at = at(id)};
}

}  // namespace

TEST_CASE("an update is stored once") {
    World world;
    const auto bot = world.add_bot();
    CHECK(world.inbox->store(update_of(bot, 1)).value() == Stored::stored);
    CHECK(world.inbox->store(update_of(bot, 1)).value() == Stored::duplicate);
    const auto other = world.add_bot();
    CHECK(world.inbox->store(update_of(other, 1)).value() == Stored::stored);
    world.script("UPDATE bots SET deleted_at = now(), telegram_bot_id = NULL");
    CHECK(world.inbox->store(update_of(bot, 2)).error().kind == base::ErrorKind::not_found);
}

TEST_CASE("updates of a chat go one after another, chats side by side") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.inbox->store(update_of(bot, 12)));
    REQUIRE(world.inbox->store(update_of(bot, 11)));
    REQUIRE(world.inbox->store(update_of(bot, 13, 2)));
    const auto first = world.inbox->claim(10, lease, at(100)).value();
    REQUIRE(first.size() == 2);
    std::set<std::int64_t> ids = {first[0].update_id, first[1].update_id};
    CHECK(ids == std::set<std::int64_t>{11, 13});
    CHECK(world.inbox->claim(10, lease, at(101)).value().empty());

    const auto& eleven = first[0].update_id == 11 ? first[0] : first[1];
    CHECK(eleven.body == R"({"update_id":11})");
    REQUIRE(world.inbox->delivered(eleven, at(200)));
    const auto second = world.inbox->claim(10, lease, at(201)).value();
    REQUIRE(second.size() == 1);
    CHECK(second[0].update_id == 12);
}

TEST_CASE("a retry holds its chat up and counts, a hurry brings it forward") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.inbox->store(update_of(bot, 1)));
    REQUIRE(world.inbox->store(update_of(bot, 2)));
    const auto claimed = world.inbox->claim(10, lease, at(100)).value().at(0);
    REQUIRE(world.inbox->retry(claimed, at(60'000), "the bot restarts"));
    CHECK(world.inbox->claim(10, lease, at(59'999)).value().empty());
    CHECK(world.inbox->bring_forward(bot.id, at(200)).value() == 1);
    const auto again = world.inbox->claim(10, lease, at(200)).value().at(0);
    CHECK(again.update_id == 1);
    CHECK(again.attempts == 1);
    CHECK(again.lease_token != claimed.lease_token);
}

TEST_CASE("a lost lease can write nothing, and its update is taken by another") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.inbox->store(update_of(bot, 1)));
    const auto lost = world.inbox->claim(1, lease, at(100)).value().at(0);
    const auto held = world.inbox->claim(1, lease, at(10'101)).value().at(0);
    CHECK(held.attempts == 0);
    const auto conflict = base::ErrorKind::conflict;
    CHECK(world.inbox->delivered(lost, at(10'102)).error().kind == conflict);
    CHECK(world.inbox->retry(lost, at(10'102), "x").error().kind == conflict);
    CHECK(world.inbox->give_up(lost, "x", at(10'102)).error().kind == conflict);
    CHECK(world.inbox->release(lost).error().kind == conflict);
    REQUIRE(world.inbox->release(held));
    CHECK(world.inbox->claim(1, lease, at(10'103)).value().size() == 1);
}

TEST_CASE("a dead letter keeps its reason and lets the next one pass") {
    World world;
    const auto bot = world.add_bot();
    REQUIRE(world.inbox->store(update_of(bot, 1)));
    REQUIRE(world.inbox->store(update_of(bot, 2)));
    const auto claimed = world.inbox->claim(1, lease, at(100)).value().at(0);
    REQUIRE(world.inbox->give_up(claimed, "24 hours are over", at(101)));
    CHECK(world.texts("SELECT reason FROM webhook_inbox WHERE state = 'dead'") ==
          std::vector<std::string>{"24 hours are over"});
    CHECK(world.inbox->claim(1, lease, at(102)).value().at(0).update_id == 2);
    const auto counts = world.inbox->counts().value();
    CHECK(counts.pending == 1);
    CHECK(counts.dead == 1);
    CHECK(counts.oldest_pending == at(2));
    CHECK(world.inbox->counts_of(world.add_bot().id).value().pending == 0);
}

TEST_CASE("delivered updates are pruned after their time, and keep out duplicates till then") {
    World world;
    const auto bot = world.add_bot();
    for (int i = 1; i <= 3; ++i) {
        REQUIRE(world.inbox->store(update_of(bot, i, i)));
        const auto claimed = world.inbox->claim(1, lease, at(100 * i)).value().at(0);
        REQUIRE(world.inbox->delivered(claimed, at(100 * i)));
    }
    CHECK(world.inbox->store(update_of(bot, 1)).value() == Stored::duplicate);
    const PruneBefore before{.delivered = at(201), .dead = at(1'000)};
    CHECK(world.inbox->prune(before, 1).value() == 1);
    CHECK(world.inbox->prune(before, 10).value() == 1);
    CHECK(world.inbox->prune(before, 10).value() == 0);
}

TEST_CASE("dead updates are pruned after a time of their own, by an index") {
    World world;
    const auto bot = world.add_bot();
    for (int i = 1; i <= 3; ++i) {
        REQUIRE(world.inbox->store(update_of(bot, i, i)));
        const auto claimed = world.inbox->claim(1, lease, at(100 * i)).value().at(0);
        REQUIRE(world.inbox->give_up(claimed, "refused", at(100 * i)));
    }
    CHECK(world.inbox->prune({.delivered = at(1'000), .dead = at(100)}, 10).value() == 0);
    CHECK(world.inbox->prune({.delivered = at(0), .dead = at(201)}, 1).value() == 1);
    CHECK(world.inbox->prune({.delivered = at(0), .dead = at(201)}, 10).value() == 1);
    CHECK(world.inbox->counts().value().dead == 1);

    const auto plan = world.pool.transact([](Sql& sql) -> base::Result<std::string> {
        // The table is too small for an index to be worth it.
        sql.script("SET LOCAL enable_seqscan = off");
        const Rows rows = sql.query(
            "EXPLAIN SELECT bot_id, update_id FROM webhook_inbox "
            "WHERE state = 'dead' AND finished_at < now() LIMIT 10");
        std::string text;
        for (std::size_t i = 0; i < rows.size(); ++i) text += rows[i].text(0) + "\n";
        return text;
    });
    CHECK(plan.value().find("webhook_inbox_dead_idx") != std::string::npos);
}

TEST_CASE("several relays deliver each update once and in order") {
    World world;
    const auto bot = world.add_bot();
    for (int i = 1; i <= 60; ++i) REQUIRE(world.inbox->store(update_of(bot, i, i % 4)));
    std::mutex mutex;
    std::vector<ClaimedUpdate> delivered;
    int errors = 0;
    {
        std::vector<std::jthread> relays;
        for (int r = 0; r < 6; ++r) {
            relays.emplace_back([&] {
                for (;;) {
                    {
                        const std::lock_guard lock(mutex);
                        if (delivered.size() >= 60 || errors > 0) return;
                    }
                    for (const auto& update : world.inbox->claim(2, lease, at(1'000))
                                                  .value_or(std::vector<ClaimedUpdate>{})) {
                        {
                            const std::lock_guard lock(mutex);
                            delivered.push_back(update);
                        }
                        if (world.inbox->delivered(update, at(1'001))) continue;
                        const std::lock_guard lock(mutex);
                        ++errors;
                    }
                }
            });
        }
    }
    CHECK(errors == 0);
    REQUIRE(delivered.size() == 60);
    std::map<std::int64_t, std::int64_t> last;
    for (const auto& update : delivered) {
        CHECK(update.update_id > last[update.chat_id]);
        last[update.chat_id] = update.update_id;
    }
}

}  // namespace hatchery::store
