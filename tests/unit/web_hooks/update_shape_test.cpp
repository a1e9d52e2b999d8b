#include "web-hooks/update_shape.hpp"

#include <string>

#include "support/catch.hpp"

using hatchery::web_hooks::read_update;

TEST_CASE("an update is read whatever kind it is of, with the chat whose order counts") {
    struct Row {
        const char* body;
        std::int64_t update_id;
        std::int64_t chat_id;
    };
    const Row rows[] = {
        {R"({"update_id":1,"message":{"chat":{"id":42},"from":{"id":7}}})", 1, 42},
        {R"({"update_id":2,"edited_message":{"chat":{"id":-100123}}})", 2, -100123},
        {R"({"update_id":3,"callback_query":{"from":{"id":7},"message":{"chat":{"id":9}}}})", 3, 9},
        {R"({"update_id":4,"inline_query":{"from":{"id":7}}})", 4, 7},
        {R"({"update_id":5,"poll_answer":{"user":{"id":8}}})", 5, 8},
        {R"({"update_id":6,"poll":{"id":"x"}})", 6, 0},
        {R"({"update_id":7})", 7, 0},
        {R"({"message":{"chat":{"id":9007199254740993}},"update_id":9223372036854775807})",
         9223372036854775807, 9007199254740993},
        {R"({"update_id":8,"message":{"chat":{"id":"42"}}})", 8, 0},
    };
    for (const Row& row : rows) {
        CAPTURE(row.body);
        const auto shape = read_update(row.body);
        REQUIRE(shape);
        CHECK(shape->update_id == row.update_id);
        CHECK(shape->chat_id == row.chat_id);
    }
}

TEST_CASE("what is no update is refused") {
    const std::string deep =
        R"({"update_id":1,"message":)" + std::string(100, '[') + std::string(100, ']') + "}";
    const std::string bodies[] = {
        "",
        "null",
        "[]",
        "[{\"update_id\":1}]",
        "{}",
        "{\"update_id\":1",
        R"({"update_id":"1"})",
        R"({"update_id":-1})",
        R"({"update_id":1.5})",
        R"({"update_id":18446744073709551615})",
        R"({"update_id":null})",
        "{\"update_id\":1,\"message\":{\"text\":\"\xff\xfe\"}}",
        deep,
        std::string(hatchery::web_hooks::max_update_bytes + 1, ' '),
    };
    for (const std::string& body : bodies) {
        CAPTURE(body.substr(0, 80));
        const auto shape = read_update(body);
        REQUIRE_FALSE(shape);
        CHECK(shape.error().kind == hatchery::base::ErrorKind::invalid);
    }
}
