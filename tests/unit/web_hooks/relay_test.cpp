#include "web-hooks/relay.hpp"

#include <algorithm>
#include <atomic>
#include <map>
#include <thread>

#include "core/relay_policy.hpp"
#include "fake_inbox.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using base::ErrorKind;
using store::InboxState;
using Rows = std::vector<tests::FakeInbox::Row>;

namespace {

/// Servers that answer as a test says, and note what they got.
class FakeLines final : public web_hooks::BotLines {
public:
    base::Result<int> post(const base::BotId& bot, const std::string& body,
                           const base::Call& call) override {
        std::unique_lock lock(mutex_);
        const auto it = answers.find(bot.text());
        if (it != answers.end() && !it->second.empty()) {
            const auto answer = it->second.front();
            it->second.erase(it->second.begin());
            if (!answer) return base::fail(answer.error());
            if (*answer == hang) {
                hanging_ = true;
                changed_.notify_all();
                changed_.wait(lock, call.stop, [] { return false; });
                return base::fail(ErrorKind::cancelled, "stopped");
            }
            if (*answer != 200) return answer;
        }
        received.push_back(bot.text() + " " + body);
        return 200;
    }
    void close_idle() override {}
    [[nodiscard]] std::size_t open_count() const override { return 0; }

    void wait_until_hanging() {
        std::unique_lock lock(mutex_);
        REQUIRE(changed_.wait_for(lock, std::chrono::seconds(10), [this] { return hanging_; }));
    }

    static constexpr int hang = -1;
    /// What the next posts for a bot come to; afterwards 200.
    std::map<std::string, std::vector<base::Result<int>>> answers;
    std::vector<std::string> received;

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool hanging_ = false;
};

/// Only what the relay asks of the fleet: a bot's status.
class OneBotFleet final : public ports::FleetStore {
public:
    std::atomic<core::BotStatus> status = core::BotStatus::deploying;
    std::atomic<int> looks = 0;

    base::Result<core::Bot> bot(const base::BotId& id) override {
        core::Bot bot;
        bot.id = id;
        bot.status = status;
        ++looks;
        return bot;
    }
    base::Result<base::InstallationId> installation() override { return none(); }
    base::Result<std::optional<core::Server>> server_of(const base::BotId&) override {
        return none();
    }
    base::Result<core::Server> plan_server(const ports::Lease&, const base::BotId&,
                                           const ports::ServerPlan&, base::TimePoint) override {
        return none();
    }
    base::Result<void> change_server(const ports::Lease&, const base::ServerId&,
                                     const ports::ServerChange&) override {
        return none();
    }
    base::Result<void> server_gone(const ports::Lease&, const base::ServerId&,
                                   base::TimePoint) override {
        return none();
    }
    base::Result<base::Secret> secret(const ports::SecretRef&) override { return none(); }
    base::Result<void> put_secret(const ports::Lease&, const ports::SecretRef&,
                                  const base::Secret&) override {
        return none();
    }
    base::Result<void> remove_secret(const ports::Lease&, const ports::SecretRef&) override {
        return none();
    }
    base::Result<void> note_creates(std::span<const ports::CreateNews>) override { return none(); }
    base::Result<void> learn_addresses(std::span<const ports::FoundAddress>) override {
        return none();
    }
    base::Result<std::vector<core::Server>> servers_being_created(const std::string&) override {
        return none();
    }
    base::Result<std::vector<core::Server>> servers_alive(const std::string&) override {
        return none();
    }
    base::Result<std::vector<core::Server>> servers_left_behind(base::TimePoint) override {
        return none();
    }
    base::Result<void> condemn_left_behind(const base::ServerId&, const std::string&,
                                           base::TimePoint) override {
        return none();
    }
    base::Result<void> left_behind_gone(const base::ServerId&, base::TimePoint) override {
        return none();
    }
    base::Result<std::unique_ptr<Leadership>> try_lead(const std::string&) override {
        return none();
    }

private:
    static tl::unexpected<base::Error> none() {
        return base::fail(ErrorKind::internal, "The relay does not ask for this.");
    }
};

struct Setup {
    tests::FakeInbox inbox;
    OneBotFleet fleet;
    FakeLines lines;
    base::SystemClock clock;
    base::SystemRandom random;
    std::unique_ptr<web_hooks::Relay> relay = web_hooks::make_relay(
        {.inbox = inbox, .fleet = fleet, .lines = lines, .clock = clock, .random = random},
        {.threads = 4, .poll_every = base::Milliseconds{20}});

    void add(const std::string& bot, std::int64_t update_id, std::int64_t chat,
             base::Milliseconds age = base::Milliseconds{0}) {
        REQUIRE(inbox.store({.bot_id = base::BotId(bot),
                             .update_id = update_id,
                             .chat_id = chat,
                             .body = std::to_string(update_id),
                             .received_at = clock.now() - age}));
    }
    [[nodiscard]] bool all_ended() {
        return inbox.wait_until([](const Rows& rows) {
            return std::all_of(rows.begin(), rows.end(),
                               [](const auto& row) { return row.state != InboxState::pending; });
        });
    }
};

}  // namespace

TEST_CASE("updates of a chat reach the bot in their order, each once") {
    Setup setup;
    for (int i = 0; i < 40; ++i) setup.add("bot", i, 1);
    setup.relay->start();
    REQUIRE(setup.all_ended());
    setup.relay->stop();
    REQUIRE(setup.lines.received.size() == 40);
    for (std::size_t i = 0; i < 40; ++i) {
        CHECK(setup.lines.received[i] == "bot " + std::to_string(i));
    }
}

TEST_CASE("an update stays in front of its chat until the restarting bot takes it") {
    Setup setup;
    setup.lines.answers["bot"] = {
        503, 404, base::Result<int>(base::fail(ErrorKind::unavailable, "Refused."))};
    setup.add("bot", 1, 1);
    setup.add("bot", 2, 1);
    setup.relay->start();
    REQUIRE(setup.all_ended());
    setup.relay->stop();
    CHECK(setup.lines.received == std::vector<std::string>{"bot 1", "bot 2"});
    CHECK(setup.inbox.rows()[0].attempts == 3);
}

TEST_CASE("a bot that does not answer holds nobody else up") {
    Setup setup;
    // It has more chats than there are threads.
    setup.lines.answers["silent"] = std::vector<base::Result<int>>(20, FakeLines::hang);
    for (int i = -20; i < 2; ++i) setup.add("silent", 100 + i, i);
    for (int i = 2; i < 30; ++i) setup.add("lively", 1'000 + i, i);
    setup.relay->start();
    REQUIRE(setup.inbox.wait_until([](const Rows& rows) {
        return std::count_if(rows.begin(), rows.end(), [](const auto& row) {
                   return row.state == InboxState::delivered;
               }) == 28;
    }));
}

TEST_CASE("an update that the bot refuses is dead at once with a reason, and the next goes on") {
    Setup setup;
    setup.lines.answers["bot"] = {400};
    setup.add("bot", 1, 1);
    setup.add("bot", 2, 1);
    setup.relay->start();
    REQUIRE(setup.all_ended());
    const auto rows = setup.inbox.rows();
    CHECK(rows[0].state == InboxState::dead);
    CHECK(rows[0].reason == "The bot refused the update with status 400.");
    CHECK(rows[1].state == InboxState::delivered);
}

TEST_CASE("an update for a deleted bot, and one older than a day, are dead with a reason") {
    Setup setup;
    base::Error gone{.kind = ErrorKind::not_found, .message = "no such bot"};
    gone.code = "bot_gone";
    setup.lines.answers["deleted"] = {base::Result<int>(base::fail(gone))};
    setup.lines.answers["down"] = {503};
    setup.add("deleted", 1, 1);
    setup.add("down", 2, 1, core::relay_give_up_after);
    setup.relay->start();
    REQUIRE(setup.all_ended());
    CHECK(setup.inbox.rows()[0].reason == "The bot was deleted.");
    CHECK(setup.inbox.rows()[1].reason.find("Not delivered within 24 hours.") == 0);
}

TEST_CASE("a stop cuts the delivery under way and gives it back without counting it") {
    Setup setup;
    setup.lines.answers["bot"] = {FakeLines::hang};
    setup.add("bot", 1, 1);
    setup.relay->start();
    setup.lines.wait_until_hanging();
    setup.relay->stop();
    const auto rows = setup.inbox.rows();
    CHECK(rows[0].state == InboxState::pending);
    CHECK(rows[0].attempts == 0);
    CHECK(rows[0].lease.empty());
}

TEST_CASE("what waits for a bot is tried at once when the bot has come up") {
    Setup setup;
    // Its next try by backoff would be ten minutes from now.
    base::Error later{.kind = ErrorKind::unavailable, .message = "No server yet."};
    later.retry_after = base::Milliseconds{600'000};
    setup.lines.answers["bot"] = {base::Result<int>(base::fail(later))};
    setup.add("bot", 1, 1);
    setup.relay->start();
    REQUIRE(setup.inbox.wait_until([](const Rows& rows) { return rows[0].attempts == 1; }));
    while (setup.fleet.looks == 0) std::this_thread::yield();
    setup.fleet.status = core::BotStatus::active;
    setup.relay->bot_changed(base::BotId("bot"));
    REQUIRE(setup.all_ended());
    CHECK(setup.lines.received == std::vector<std::string>{"bot 1"});
}

TEST_CASE("a database that is away for a while costs nothing but time") {
    Setup setup;
    setup.add("bot", 1, 1);
    setup.inbox.fail_with(base::Error{.kind = ErrorKind::unavailable, .message = "away"});
    setup.relay->start();
    setup.inbox.fail_with(std::nullopt);
    setup.relay->hint();
    REQUIRE(setup.all_ended());
    CHECK(setup.lines.received.size() == 1);
}

TEST_CASE("delivered updates are kept for two days, dead ones for a week") {
    Setup setup;
    const auto earliest = setup.clock.now();
    setup.relay->start();
    const auto before = setup.inbox.wait_for_pruning();
    REQUIRE(before);
    const auto latest = setup.clock.now();
    CHECK(before->delivered >= earliest - std::chrono::hours(48));
    CHECK(before->delivered <= latest - std::chrono::hours(48));
    CHECK(before->dead >= earliest - std::chrono::hours(7 * 24));
    CHECK(before->dead <= latest - std::chrono::hours(7 * 24));
}
