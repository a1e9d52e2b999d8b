#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery::base;

TEST_CASE("a tree that would overflow the stack is refused before it is built") {
    const std::string deep(100'000, '[');
    REQUIRE_FALSE(parse_json(deep));
    REQUIRE(parse_json(std::string(60, '[') + std::string(60, ']')));
    REQUIRE(parse_json(
        R"({"text":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["})"));
}

TEST_CASE("text that is too long, malformed or not UTF-8 is invalid") {
    REQUIRE(parse_json("[1,2,3]", 3).error().kind == ErrorKind::invalid);
    for (const char* text : {"", "{", "nul", "{\"a\":}", "\"\xff\"", "[1] x"}) {
        INFO(text);
        REQUIRE(parse_json(text).error().kind == ErrorKind::invalid);
    }
}

TEST_CASE("broken text can be printed all the same") {
    REQUIRE(dump_json(Json{{"a", "\xff"}}) == "{\"a\":\"\xef\xbf\xbd\"}");
}

TEST_CASE("members are read leniently") {
    const Json object = {{"text", "x"}, {"number", 5}, {"flag", true}, {"null", nullptr}};
    REQUIRE(json_string(object, "text") == "x");
    REQUIRE(json_string(object, "number", "other") == "other");
    REQUIRE(json_int(object, "number") == 5);
    REQUIRE(json_int(object, "null", 7) == 7);
    REQUIRE(json_bool(object, "flag"));
    REQUIRE(json_member(object, "absent").is_null());
    REQUIRE(json_member(Json::array(), "absent").is_null());
}
