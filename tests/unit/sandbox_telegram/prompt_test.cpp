#include "sandbox/model/prompt.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::sandbox::model;

TEST_CASE("OpenClaw's wrapping comes off and the person's words stay") {
    const std::string wrapped =
        "[Sat 2026-11-21 06:29 UTC] Conversation info: \u27E6openclaw:ctx\u27E7\n```json\n"
        "{\"sender\":{\"id\":\"1\"}}\n```\n\nHello bot, 1 < 2\n\nsecond paragraph\n\n"
        "Runtime: agent=main | session=agent:main:main | host=vm";
    CHECK(strip_agent_wrapping(wrapped) == "Hello bot, 1 < 2\n\nsecond paragraph");
}

TEST_CASE("plain words stay as they are") {
    for (const char* text : {"Hello", "[note] keep me", "```\ncode\n```", "Runtime: what is it?"}) {
        CHECK(strip_agent_wrapping(text) == text);
    }
    CHECK(strip_agent_wrapping("  \n ").empty());
}

TEST_CASE("the last user message with words counts, past internal context and tool results") {
    const auto conversation = base::Json::parse(R"([
        {"role":"system","content":"You are."},
        {"role":"user","content":"first"},
        {"role":"assistant","content":"reply"},
        {"role":"user","content":[{"type":"text","text":"second"},{"type":"image_url"}]},
        {"role":"tool","content":"result"},
        {"role":"user","content":[{"type":"text","text":
          "<<<BEGIN_OPENCLAW_INTERNAL_CONTEXT>>>\nstate\n<<<END_OPENCLAW_INTERNAL_CONTEXT>>>"}]}])");
    CHECK(last_user_text(conversation) == "second");
}

TEST_CASE("the responses protocol's input may be a text or items") {
    CHECK(last_user_text("plain") == "plain");
    CHECK(last_user_text(base::Json::parse(
              R"([{"role":"user","content":[{"type":"input_text","text":"typed"}]}])")) == "typed");
    CHECK(last_user_text(base::Json::array()).empty());
    CHECK(last_user_text(nullptr).empty());
}
