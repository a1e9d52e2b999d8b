#include "core/update_sender.hpp"

#include "support/catch.hpp"

using hatchery::core::sender_of;

TEST_CASE("the sender of a private message, of a pressed button and of a first start is known") {
    for (
        const char* update :
        {R"({"update_id":1,"message":{"text":"hi","chat":{"id":7},"from":{"id":7,"first_name":"Ada","last_name":"L.","username":"ada"}}})",
         R"({"update_id":1,"callback_query":{"message":{"chat":{"id":7}},"from":{"id":7,"first_name":"Ada","last_name":"L.","username":"ada"}}})",
         R"({"my_chat_member":{"chat":{"id":7},"from":{"id":7,"first_name":"Ada","last_name":"L.","username":"ada"}},"update_id":1})"}) {
        CAPTURE(update);
        const auto sender = sender_of(update);
        REQUIRE(sender);
        CHECK(sender->user_id == 7);
        CHECK(sender->name == "Ada L.");
        CHECK(sender->username == "ada");
    }
}

TEST_CASE("a group, a channel, another bot and what is no update have no sender") {
    for (const char* update :
         {R"({"update_id":1,"message":{"chat":{"id":-100},"from":{"id":7,"first_name":"Ada"}}})",
          R"({"update_id":1,"channel_post":{"chat":{"id":-100}}})",
          R"({"update_id":1,"message":{"chat":{"id":7},"from":{"id":7,"is_bot":true}}})",
          R"({"update_id":1,"poll":{"id":"7"}})", R"({"update_id":1,"message":[]})", "[1]", "{}",
          "no json", ""}) {
        CAPTURE(update);
        CHECK_FALSE(sender_of(update));
    }
}
