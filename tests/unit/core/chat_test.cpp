#include "core/chat.hpp"

#include <string>
#include <vector>

#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using core::BotStatus;
using core::OperationKind;
using Verdict = core::ChatGate::Verdict;

namespace {

const base::OperationId self{"01a1fce5-2566-7dce-9846-00f183ed552f"};
const base::OperationId other{"01a1fce5-2566-7dce-9846-00f183ed5530"};

core::Bot bot_that_is(BotStatus status) {
    core::Bot bot;
    bot.status = status;
    return bot;
}

}  // namespace

TEST_CASE("a chat begins when it is first in line and its bot is active") {
    struct Row {
        std::optional<base::OperationId> first;
        std::optional<OperationKind> operation;
        BotStatus status;
        Verdict verdict;
    };
    const std::vector<Row> rows = {
        {self, {}, BotStatus::active, Verdict::open},
        {{}, {}, BotStatus::active, Verdict::open},
        {other, {}, BotStatus::active, Verdict::turn_awaited},
        // Whoever stands before it finds out what the bot does.
        {other, OperationKind::stop, BotStatus::stopped, Verdict::turn_awaited},
        {self, OperationKind::deploy, BotStatus::deploying, Verdict::bot_awaited},
        {self, OperationKind::deploy, BotStatus::pending, Verdict::bot_awaited},
        {self, OperationKind::start, BotStatus::stopped, Verdict::bot_awaited},
        {self, OperationKind::restart, BotStatus::active, Verdict::bot_awaited},
        {self, OperationKind::reconfigure, BotStatus::failed, Verdict::bot_awaited},
        {self, {}, BotStatus::deploying, Verdict::bot_awaited},
        {self, OperationKind::stop, BotStatus::active, Verdict::refused},
        {self, OperationKind::destroy, BotStatus::active, Verdict::refused},
        {self, {}, BotStatus::pending, Verdict::refused},
        {self, {}, BotStatus::stopped, Verdict::refused},
        {self, {}, BotStatus::failed, Verdict::refused},
    };
    for (const auto& row : rows) {
        INFO(base::to_text(row.status)
             << " " << (row.operation ? base::to_text(*row.operation) : "idle"));
        const auto gate = core::chat_gate(self, {.first = row.first, .operation = row.operation},
                                          bot_that_is(row.status));
        CHECK(gate.verdict == row.verdict);
        CHECK(gate.error.has_value() == (row.verdict == Verdict::refused));
        if (gate.error) {
            CHECK_FALSE(gate.error->message.empty());
            CHECK_FALSE(gate.error->next_action.empty());
        }
        const bool waits =
            row.verdict == Verdict::turn_awaited || row.verdict == Verdict::bot_awaited;
        CHECK(gate.why.empty() != waits);
    }
}

TEST_CASE("a payload comes back as it was written, and something else is refused") {
    const core::ChatPayload payload{
        .message = "a \"b\"\n\\ ü 🐣", .session_key = "s-1", .interrupt = true};
    const auto read = core::read_chat_payload(core::chat_payload_text(payload));
    REQUIRE(read);
    CHECK(read->message == payload.message);
    CHECK(read->session_key == "s-1");
    CHECK(read->interrupt);
    for (const char* text : {"", "{}", "[]", "{\"message\":5}", "{\"message\":\"\"}"}) {
        CHECK_FALSE(core::read_chat_payload(text));
    }
}

TEST_CASE("the gateway is asked as an OpenAI chat, in the conversation that was named") {
    const auto shared = base::parse_json(core::chat_request_text({.message = "hi\n"}));
    REQUIRE(shared);
    CHECK(base::json_string(*shared, "model") == "openclaw/default");
    CHECK(base::json_string(*shared, "user") == "hatchery");
    CHECK(base::json_member(*shared, "messages").dump() == R"([{"content":"hi\n","role":"user"}])");
    const auto own =
        base::parse_json(core::chat_request_text({.message = "hi", .session_key = "mine"}));
    CHECK(base::json_string(*own, "user") == "mine");
}

TEST_CASE("an answer becomes the result, and what is none is no reply") {
    CHECK(core::chat_result(R"({"reply":"Hello","usage":null})").value() == R"({"reply":"Hello"})");
    CHECK(core::chat_result(R"({"reply":"","usage":{"total_tokens":2}})").value() ==
          R"({"reply":"","usage":{"total_tokens":2}})");
    for (const char* text : {"", "{", "{}", "[]", R"({"reply":null})", R"({"reply":5})"}) {
        INFO(text);
        const auto result = core::chat_result(text);
        REQUIRE_FALSE(result);
        CHECK(result.error().kind == base::ErrorKind::bad_response);
    }
}

TEST_CASE("messages and session keys are checked") {
    CHECK_FALSE(core::check_chat_message("hi"));
    CHECK_FALSE(core::check_chat_message(std::string(32'768, 'a')));
    for (const std::string& text : {std::string(), std::string(" \n\t"), std::string(32'769, 'a'),
                                    std::string("a\0b", 3), std::string("\xff\xfe")}) {
        CHECK(core::check_chat_message(text));
    }
    CHECK_FALSE(core::check_session_key("My_session-1.2"));
    for (const std::string& text : {std::string(), std::string("a b"), std::string("a:b"),
                                    std::string("ü"), std::string(65, 'a')}) {
        CHECK(core::check_session_key(text));
    }
}

TEST_CASE("a run's name fits a server, and only a turn that was not sent is begun anew") {
    CHECK(core::chat_run_id(self, 49).size() <= 64);
    CHECK(core::chat_run_id(self, 0) != core::chat_run_id(self, 1));
    CHECK(core::chat_unsent(80));
    CHECK(core::chat_unsent(81));
    for (const int code : {1, 2, 82, 83, 84, 85, 86, 87, 88, 124, 137, 143}) {
        CHECK_FALSE(core::chat_unsent(code));
    }
}
