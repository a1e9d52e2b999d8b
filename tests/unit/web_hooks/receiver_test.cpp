#include "web-hooks/receiver.hpp"

#include "fake_inbox.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using base::ErrorKind;

namespace {

const std::string public_id = "abcdefgh";
const std::string secret = "the-right-secret";
const std::string update = R"({"update_id":10,"message":{"chat":{"id":5},"text":"hi"}})";

class FakeDirectory final : public web_hooks::HookDirectory {
public:
    base::Result<web_hooks::HookBot> find(const std::string& id) override {
        return answer(id, remembered);
    }
    base::Result<web_hooks::HookBot> find_fresh(const std::string& id) override {
        return answer(id, current);
    }
    bool remembers(const std::string& id) const override { return id == public_id; }
    void forget(const std::string& id) override { forgotten = id; }

    std::string remembered = secret;
    std::string current = secret;
    std::optional<base::Error> error;
    std::string forgotten;

private:
    base::Result<web_hooks::HookBot> answer(const std::string& id, const std::string& value) {
        if (error) return base::fail(*error);
        if (id != public_id) return base::fail(ErrorKind::not_found, "There is no such bot.");
        return web_hooks::HookBot{
            .id = base::BotId("bot-1"), .telegram_bot_id = 7, .secret = base::Secret(value)};
    }
};

struct Setup {
    FakeDirectory directory;
    tests::FakeInbox inbox;
    base::SystemClock clock;
    web_hooks::Receiver receiver{directory, inbox, clock};
};

}  // namespace

TEST_CASE("an update with the right secret is stored byte for byte and answered 200") {
    Setup setup;
    CHECK(setup.receiver.receive(public_id, secret, update).status == 200);
    const auto rows = setup.inbox.rows();
    REQUIRE(rows.size() == 1);
    CHECK(rows[0].update.bot_id.text() == "bot-1");
    CHECK(rows[0].update.update_id == 10);
    CHECK(rows[0].update.chat_id == 5);
    CHECK(rows[0].update.body == update);
}

TEST_CASE("an update that comes twice is stored once and answered 200 both times") {
    Setup setup;
    CHECK(setup.receiver.receive(public_id, secret, update).status == 200);
    CHECK(setup.receiver.receive(public_id, secret, update).status == 200);
    CHECK(setup.inbox.rows().size() == 1);
}

TEST_CASE("a post that is not Telegram's stores nothing") {
    struct Row {
        std::string id;
        std::string header;
        std::string body;
        int status;
    };
    const std::string long_text((1U << 20U) + 1, 'x');
    const Row rows[] = {
        {public_id, "wrong", update, 401},      {public_id, "", update, 401},
        {public_id, secret + "x", update, 401}, {public_id, long_text, update, 401},
        {"nobody", secret, update, 404},        {"", secret, update, 404},
        {long_text, secret, update, 404},       {public_id, secret, "not json", 400},
        {public_id, secret, "{}", 400},         {public_id, secret, long_text, 413},
        {public_id, "wrong", "not json", 401},
    };
    for (const Row& row : rows) {
        CAPTURE(row.id.substr(0, 20), row.header.substr(0, 20), row.body.substr(0, 20));
        Setup setup;
        CHECK(setup.receiver.receive(row.id, row.header, row.body).status == row.status);
        CHECK(setup.inbox.rows().empty());
    }
}

TEST_CASE("a secret that was just changed is accepted") {
    Setup setup;
    setup.directory.remembered = "the-old-secret";
    CHECK(setup.receiver.receive(public_id, secret, update).status == 200);
}

TEST_CASE("without the database Telegram is asked to come again") {
    Setup setup;
    const base::Error down{.kind = ErrorKind::unavailable, .message = "no connection"};
    SECTION("at the look-up") { setup.directory.error = down; }
    SECTION("at the inbox") { setup.inbox.fail_with(down); }
    const auto answer = setup.receiver.receive(public_id, secret, update);
    CHECK(answer.status == 503);
    CHECK(answer.retry_after);
    CHECK(setup.inbox.rows().empty());
}

TEST_CASE("a bot that was deleted meanwhile is forgotten") {
    Setup setup;
    setup.inbox.fail_with(base::Error{.kind = ErrorKind::not_found, .message = "no such bot"});
    CHECK(setup.receiver.receive(public_id, secret, update).status == 404);
    CHECK(setup.directory.forgotten == public_id);
}

TEST_CASE("an update is stored for the Telegram bot whose secret it came with") {
    Setup setup;
    CHECK(setup.receiver.receive(public_id, secret, update).status == 200);
    CHECK(setup.inbox.rows().at(0).update.telegram_bot_id == 7);
}
