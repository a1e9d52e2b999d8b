#include <algorithm>
#include <array>

#include "core/chat.hpp"
#include "store_under_test.hpp"

namespace hatchery::contract {

namespace {

ports::NewOperation chat_of(const core::Bot& bot, base::TimePoint now,
                            ports::EarlierChats earlier = ports::EarlierChats::keep) {
    return {.bot_id = bot.id,
            .user_id = bot.user_id,
            .kind = core::OperationKind::chat,
            .now = now,
            .deadline_at = now + base::Milliseconds{300'000},
            .payload = core::chat_payload_text({.message = "hello"}),
            .earlier_chats = earlier};
}

core::Operation start_chat(StoreUnderTest& store, const core::Bot& bot, base::TimePoint now,
                           ports::EarlierChats earlier = ports::EarlierChats::keep) {
    auto started = store.jobs().start_operation(chat_of(bot, now, earlier));
    REQUIRE(started);
    return *started;
}

std::optional<base::OperationId> first_of(StoreUnderTest& store, const core::Bot& bot) {
    const auto line = store.jobs().chat_line(bot.id);
    REQUIRE(line);
    return line->first;
}

/// Claims all jobs and gives the one of this operation.
ports::ClaimedJob claim_of(StoreUnderTest& store, const core::Operation& operation,
                           base::TimePoint now) {
    const auto claimed = store.jobs().claim(claim_at(now, 100)).value();
    const auto found = std::ranges::find_if(
        claimed, [&](const auto& job) { return job.operation.id == operation.id; });
    REQUIRE(found != claimed.end());
    return *found;
}

void end(StoreUnderTest& store, const ports::ClaimedJob& job, base::TimePoint now) {
    REQUIRE(store.jobs()
                .apply(job, {.now = now,
                             .operation_end = core::OperationState::succeeded,
                             .operation_result = R"({"reply":"hi"})"})
                .value()
                .accepted);
}

}  // namespace

TEST_CASE("the chats of a bot stand in the order of their coming, whatever the clocks say") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    CHECK_FALSE(first_of(*store, bot));
    const auto first = start_chat(*store, bot, at(1'000));
    // From a machine whose clock is behind, and in the same microsecond.
    const auto second = start_chat(*store, bot, at(0));
    const auto third = start_chat(*store, bot, at(0));
    CHECK(second.created_at > first.created_at);
    CHECK(third.created_at > second.created_at);
    const auto other = store->add_bot();
    start_chat(*store, other, at(0));

    for (const auto& chat : {first, second, third}) {
        CHECK(first_of(*store, bot) == chat.id);
        CHECK(store->operation(chat.id).payload == R"({"message":"hello"})");
        auto job = store->jobs().claim(claim_at(at(60'000), 100)).value();
        std::erase_if(job, [&](const auto& one) { return one.operation.id != chat.id; });
        REQUIRE(job.size() == 1);
        end(*store, job.front(), at(60'000));
        CHECK(store->operation(chat.id).result == R"({"reply":"hi"})");
        REQUIRE(store->jobs().rescue(at(600'000)));
    }
    CHECK_FALSE(first_of(*store, bot));
    CHECK(first_of(*store, other));
}

TEST_CASE("what else goes on at the bot is seen beside its chats") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto chat = start_chat(*store, bot, at(0));
    CHECK_FALSE(store->jobs().chat_line(bot.id)->operation);
    REQUIRE(store->jobs().start_operation(deploy_of(bot)));
    const auto line = store->jobs().chat_line(bot.id);
    REQUIRE(line);
    CHECK(line->operation == core::OperationKind::deploy);
    CHECK(line->first == chat.id);
}

TEST_CASE("the end of a chat brings the next one forward, and no other") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto first = start_chat(*store, bot, at(0));
    const auto second = start_chat(*store, bot, at(1));
    const auto third = start_chat(*store, bot, at(2));
    auto claimed = store->jobs().claim(claim_at(at(10), 3)).value();
    REQUIRE(claimed.size() == 3);
    for (const auto& job : claimed) {
        if (job.operation.id == first.id) continue;
        REQUIRE(store->jobs()
                    .apply(job, {.now = at(11),
                                 .job_state = core::JobState::waiting,
                                 .run_at = at(5'000),
                                 .signal = core::chat_signal(bot.id),
                                 .message = "waiting for the turn before it"})
                    .value()
                    .accepted);
    }
    CHECK(store->jobs().claim(claim_at(at(12), 3)).value().empty());
    for (const auto& job : claimed) {
        if (job.operation.id == first.id) end(*store, job, at(20));
    }
    const auto next = store->jobs().claim(claim_at(at(20), 3)).value();
    REQUIRE(next.size() == 1);
    CHECK(next[0].operation.id == second.id);
    CHECK(store->operation(third.id).state == core::OperationState::waiting);
}

TEST_CASE("a chat that interrupts asks the earlier ones of its bot to end, and no others") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto other = store->add_bot();
    const auto running = start_chat(*store, bot, at(0));
    const auto claimed = claim_of(*store, running, at(1));
    const auto waiting = start_chat(*store, bot, at(2));
    const auto elsewhere = start_chat(*store, other, at(3));
    const auto interrupting = start_chat(*store, bot, at(4), ports::EarlierChats::cancel);

    CHECK(store->operation(running.id).cancel_requested);
    CHECK(store->operation(waiting.id).cancel_requested);
    CHECK_FALSE(store->operation(elsewhere.id).cancel_requested);
    CHECK_FALSE(store->operation(interrupting.id).cancel_requested);
    const std::array leases{claimed.lease};
    CHECK(store->jobs().renew(leases, at(60'000))->cancelled.size() == 1);
    // They stand before it until they have ended.
    CHECK(first_of(*store, bot) == running.id);
}

TEST_CASE("a bot's line of chats is bounded") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    for (int i = 0; i < core::max_live_chats; ++i) start_chat(*store, bot, at(i));
    const auto refused = store->jobs().start_operation(chat_of(bot, at(1'000)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == base::ErrorKind::rate_limited);
    CHECK(store->jobs().start_operation(chat_of(store->add_bot(), at(1'000))));
}

}  // namespace hatchery::contract
