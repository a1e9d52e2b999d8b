#include "sandbox/telegram/update_queue.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using sandbox::telegram::UpdateQueue;

namespace {

const base::TimePoint start = base::parse_time("2026-11-21T06:00:00Z").value();

std::vector<std::int64_t> ids(const std::vector<sandbox::telegram::QueuedUpdate>& updates) {
    std::vector<std::int64_t> out;
    for (const auto& update : updates) out.push_back(update.update_id);
    return out;
}

UpdateQueue queue_of(std::initializer_list<std::pair<std::int64_t, std::int64_t>> id_and_chat) {
    UpdateQueue queue;
    for (const auto& [id, chat] : id_and_chat) queue.push(id, chat, {{"update_id", id}}, start);
    return queue;
}

}  // namespace

TEST_CASE("the delay between tries starts at nothing and doubles up to a minute") {
    std::vector<long long> seconds;
    for (int failures = 1; failures <= 10; ++failures) {
        seconds.push_back(sandbox::telegram::webhook_retry_delay(failures).count());
    }
    CHECK(seconds == std::vector<long long>{0, 1, 2, 4, 8, 16, 32, 60, 60, 60});
}

TEST_CASE("updates of one chat go one after another, chats side by side") {
    UpdateQueue queue = queue_of({{1, 7}, {2, 7}, {3, 8}});
    CHECK(ids(queue.take_due(start, 40)) == std::vector<std::int64_t>{1, 3});
    CHECK(queue.take_due(start, 40).empty());
    queue.delivered(1);
    CHECK(ids(queue.take_due(start, 40)) == std::vector<std::int64_t>{2});
}

TEST_CASE("no more updates are in flight than there may be connections") {
    UpdateQueue queue = queue_of({{1, 1}, {2, 2}, {3, 3}});
    CHECK(ids(queue.take_due(start, 2)) == std::vector<std::int64_t>{1, 2});
    CHECK_FALSE(queue.next_due(2).has_value());
    queue.delivered(2);
    CHECK(ids(queue.take_due(start, 2)) == std::vector<std::int64_t>{3});
}

TEST_CASE("a failed update holds back its chat and no other") {
    UpdateQueue queue = queue_of({{1, 7}, {2, 7}, {3, 8}});
    REQUIRE(queue.take_due(start, 40).size() == 2);
    queue.failed(1, start, 10s);
    queue.delivered(3);
    CHECK(queue.take_due(start + 9s, 40).empty());
    CHECK(queue.next_due(40) == start + 10s);
    CHECK(ids(queue.take_due(start + 10s, 40)) == std::vector<std::int64_t>{1});
}

TEST_CASE("Retry-After is honoured up to an hour") {
    UpdateQueue queue = queue_of({{1, 7}});
    REQUIRE(queue.take_due(start, 40).size() == 1);
    queue.failed(1, start, 86'400s);
    CHECK(queue.next_due(40) == start + 3600s);
}

TEST_CASE("an update is forgotten after a day") {
    UpdateQueue queue = queue_of({{1, 7}});
    queue.push(2, 7, {}, start + 1h);
    queue.expire(start + 24h - 1s);
    CHECK(queue.size() == 2);
    queue.expire(start + 24h);
    CHECK(queue.size() == 1);
    CHECK(ids(queue.take_due(start + 24h, 40)) == std::vector<std::int64_t>{2});
}

TEST_CASE("the answer to an update that was dropped meanwhile changes nothing") {
    UpdateQueue queue = queue_of({{1, 7}});
    REQUIRE(queue.take_due(start, 40).size() == 1);
    queue.clear();
    queue.push(2, 7, {}, start);
    queue.failed(1, start, {});
    queue.delivered(1);
    CHECK(ids(queue.take_due(start, 1)) == std::vector<std::int64_t>{2});
}

TEST_CASE("a poller confirms, skips to the newest and is given a page") {
    UpdateQueue queue = queue_of({{1, 7}, {2, 7}, {3, 8}, {4, 9}});
    queue.confirm_before(2);
    CHECK(queue.oldest(2).size() == 2);
    CHECK(queue.oldest(2).at(0).at("update_id") == 2);
    queue.keep_newest(1);
    CHECK(queue.oldest(100).at(0).at("update_id") == 4);
}
