#include "support/catch.hpp"
// The fixture uses the test macros.
#include "world_fixture.hpp"

using namespace hatchery;
using namespace hatchery::tests;

TEST_CASE("a well-formed token is a bot with a name made of its number") {
    WorldFixture f;
    const auto me = f.call("getMe");
    CHECK(me.status == 200);
    CHECK(me.result.at("id") == kBotId);
    CHECK(me.result.at("is_bot") == true);
    CHECK(me.result.at("username") == "sandbox_123456789_bot");
    CHECK(f.call("GETME").status == 200);
}

TEST_CASE("malformed tokens are 404, other secrets 401, unknown methods 404") {
    WorldFixture f;
    CHECK(f.call("getMe", {}, "nonsense").to_json() ==
          base::Json::parse(R"({"ok":false,"error_code":404,"description":"Not Found"})"));
    REQUIRE(f.call("getMe").status == 200);
    CHECK(f.call("getMe", {}, kOtherSecret).to_json() ==
          base::Json::parse(R"({"ok":false,"error_code":401,"description":"Unauthorized"})"));
    CHECK(f.call("noSuchMethod").description == "Not Found: method not found");
}

TEST_CASE("after a revoke the old secret is refused and the next one is the bot's") {
    WorldFixture f;
    REQUIRE(f.call("getMe").status == 200);
    REQUIRE(f.world.revoke(kBotId));
    CHECK(f.call("getMe").status == 401);
    CHECK(f.call("getMe", {}, kOtherSecret).status == 200);
    CHECK(f.call("getMe").status == 401);
    CHECK_FALSE(f.world.revoke(42));
}

TEST_CASE("setWebhook answers as Telegram does") {
    WorldFixture f;
    CHECK(f.set_webhook().description == "Webhook was set");
    CHECK(f.set_webhook().description == "Webhook is already set");
    CHECK(f.set_webhook({{"secret_token", "other"}}).description == "Webhook was set");
    CHECK(
        f.set_webhook({{"secret_token", "other"}, {"allowed_updates", {"message"}}}).description ==
        "Webhook was set");
    CHECK(f.call("setWebhook", {{"url", "http://bots.example.com/"}}).description ==
          "Bad Request: bad webhook: An HTTPS URL must be provided for webhook");
    CHECK(f.set_webhook({{"secret_token", "a b"}}).description ==
          "Bad Request: secret token contains unallowed characters");
    const auto info = f.webhook_info();
    CHECK(info.at("url") == "https://bots.example.com/hook");
    CHECK(info.at("allowed_updates") == base::Json::array({"message"}));
    CHECK(f.call("setWebhook", {{"url", ""}}).description == "Webhook was deleted");
    CHECK(f.call("deleteWebhook").description == "Webhook is already deleted");
    CHECK(f.webhook_info().at("url") == "");
}

TEST_CASE("sendMessage takes HTML apart and returns the message") {
    WorldFixture f;
    f.say("hello");
    const auto sent = f.call("sendMessage", {{"chat_id", std::to_string(kUser)},
                                             {"text", "<b>hi</b> &lt;you&gt;"},
                                             {"parse_mode", "HTML"}});
    REQUIRE(sent.status == 200);
    CHECK(sent.result.at("text") == "hi <you>");
    CHECK(sent.result.at("chat").at("id") == kUser);
    CHECK(sent.result.at("chat").at("type") == "private");
    CHECK(sent.result.at("entities").at(0).at("type") == "bold");
    const auto heard = f.world.messages({.bot_id = kBotId}, 0, std::chrono::seconds(0), {});
    REQUIRE(heard.at("items").size() == 2);
    CHECK(heard.at("items").at(0).at("direction") == "user");
    CHECK(heard.at("items").at(1).at("direction") == "bot");
    CHECK(heard.at("items").at(1).at("text") == "hi <you>");
    CHECK(heard.at("items").at(1).at("method") == "sendMessage");
    CHECK(heard.at("next") == heard.at("items").at(1).at("seq"));
}

TEST_CASE("sendMessage refuses what Telegram refuses") {
    WorldFixture f;
    const auto refusal = [&](base::Json params) {
        return f.call("sendMessage", params).description;
    };
    CHECK(refusal({{"chat_id", kUser}, {"text", "x"}}) == "Bad Request: chat not found");
    f.say("hello");
    CHECK(refusal({{"text", "x"}}) == "Bad Request: chat_id is empty");
    CHECK(refusal({{"chat_id", kUser}}) == "Bad Request: message text is empty");
    CHECK(refusal({{"chat_id", kUser}, {"text", " \n"}}) == "Bad Request: message text is empty");
    CHECK(refusal({{"chat_id", kUser}, {"text", std::string(4097, 'x')}}) ==
          "Bad Request: message is too long");
    CHECK(refusal({{"chat_id", kUser}, {"text", "<x>"}, {"parse_mode", "HTML"}}) ==
          "Bad Request: can't parse entities: Unsupported start tag \"x\" at byte offset 0");
}

TEST_CASE("messages can be edited, reacted to and deleted") {
    WorldFixture f;
    const auto spoken = f.say("hello");
    const auto sent = f.call("sendMessage", {{"chat_id", kUser}, {"text", "one"}}).result;
    const auto of_sent = [&](base::Json more) {
        more["chat_id"] = kUser;
        more["message_id"] = sent.at("message_id");
        return more;
    };
    CHECK(f.call("editMessageText", of_sent({{"text", "two"}})).result.at("text") == "two");
    CHECK(f.call("editMessageText", of_sent({{"text", "two"}}))
              .description.starts_with("Bad Request: message is not modified"));
    const base::Json reaction = base::Json::array({{{"type", "emoji"}, {"emoji", "\U0001F44D"}}});
    CHECK(f.call("setMessageReaction",
                 {{"chat_id", kUser}, {"message_id", spoken.message_id}, {"reaction", reaction}})
              .status == 200);
    CHECK(f.call("deleteMessage", of_sent({})).status == 200);
    CHECK(f.call("deleteMessage", of_sent({})).description ==
          "Bad Request: message to delete not found");
    const auto items =
        f.world.messages({.bot_id = kBotId}, 0, std::chrono::seconds(0), {}).at("items");
    CHECK(items.back().at("method") == "deleteMessage");
}

TEST_CASE("a typing bot is seen until five seconds later or its message") {
    WorldFixture f;
    f.say("hello");
    const auto active = [&] {
        return f.world.messages({.bot_id = kBotId}, 0, std::chrono::seconds(0), {})
            .at("actions")
            .at("active")
            .size();
    };
    CHECK(f.call("sendChatAction", {{"chat_id", kUser}, {"action", "typing"}}).status == 200);
    CHECK(active() == 1);
    f.clock->advance(std::chrono::seconds(5));
    CHECK(active() == 0);
    f.call("sendChatAction", {{"chat_id", kUser}, {"action", "typing"}});
    f.call("sendMessage", {{"chat_id", kUser}, {"text", "x"}});
    CHECK(active() == 0);
}

TEST_CASE("commands are kept by scope and language") {
    WorldFixture f;
    const base::Json commands = base::Json::array({{{"command", "go"}, {"description", "Go"}}});
    CHECK(f.call("setMyCommands", {{"commands", commands}}).status == 200);
    CHECK(f.call("setMyCommands", {{"commands", base::dump_json(commands)},
                                   {"scope", {{"type", "all_group_chats"}}}})
              .status == 200);
    CHECK(f.call("getMyCommands").result == commands);
    CHECK(f.call("getMyCommands", {{"language_code", "de"}}).result.empty());
    CHECK(f.call("deleteMyCommands").status == 200);
    CHECK(f.call("getMyCommands").result.empty());
    CHECK(f.call("setMyCommands", {{"commands", base::Json::array({{{"command", "Bad Name"}}})}})
              .description == "Bad Request: BOT_COMMAND_INVALID");
}

TEST_CASE("uploaded files can be found again") {
    WorldFixture f;
    f.say("hello");
    sandbox::telegram::MethodCall call{.method = "sendDocument", .params = {{"chat_id", kUser}}};
    call.files.emplace(
        "document",
        sandbox::WebPart{.filename = "a.txt", .content_type = "text/plain", .content = "content"});
    const auto sent = f.world.call(kToken, call);
    REQUIRE(sent.status == 200);
    const auto file_id = sent.result.at("document").at("file_id");
    const auto file = f.call("getFile", {{"file_id", file_id}});
    REQUIRE(file.status == 200);
    CHECK(file.result.at("file_size") == 7);
    CHECK(f.world.file(kToken, file_id.get<std::string>()) == "content");
    CHECK_FALSE(f.world.file(kOtherSecret, file_id.get<std::string>()).has_value());
}

TEST_CASE("faults hit the calls they name, so many times, before or after the effect") {
    WorldFixture f;
    base::Json problem;
    const auto faults = sandbox::telegram::TelegramFaults::from_json(
        base::Json::parse(R"({"rateLimited":{"count":1,"retryAfter":7},
            "errors":[{"method":"setWebhook","status":502,"afterEffect":true},
                      {"method":"getMe","status":0}],
            "unauthorizedTokens":["987654321"]})"),
        problem);
    REQUIRE(faults.has_value());
    f.world.set_faults(*faults);
    const auto limited = f.call("deleteWebhook");
    CHECK(limited.to_json().at("parameters").at("retry_after") == 7);
    CHECK(limited.description == "Too Many Requests: retry after 7");
    CHECK(f.set_webhook().status == 502);
    CHECK(f.webhook_info().at("url") == "https://bots.example.com/hook");
    CHECK(f.call("getMe").drop_connection);
    CHECK(f.call("getMe").status == 200);
    CHECK(f.call("getMe", {}, "987654321:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX").status == 401);
    CHECK_FALSE(
        sandbox::telegram::TelegramFaults::from_json({{"latencyMs", "much"}}, problem).has_value());
    CHECK(problem.at("field") == "latencyMs");
}

TEST_CASE("what the sandbox shows holds no secret half of a token") {
    WorldFixture f;
    f.say("hello");
    f.call("getMe");
    base::Json problem;
    f.world.set_faults(*sandbox::telegram::TelegramFaults::from_json(
        {{"unauthorizedTokens", {kOtherSecret}}}, problem));
    const std::string shown = base::dump_json(f.world.bots()) +
                              base::dump_json(f.world.requests()) +
                              base::dump_json(f.world.faults());
    CHECK(shown.find("HdqTcvCH1vGWJxfSeofSAs0K5PALDsawX") == std::string::npos);
    CHECK(f.world.requests().at("bots").at("123456789").at("getMe") == 1);
}
