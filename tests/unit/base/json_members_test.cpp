#include "base/json_members.hpp"

#include "support/catch.hpp"

using hatchery::base::repeated_members;
using Names = std::vector<std::string>;

TEST_CASE("a member that an object has twice is named with its way from the outside") {
    CHECK(repeated_members(R"({"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}]})", 9).empty());
    CHECK(repeated_members(R"({"a":1,"b":2,"a":3,"a":4,"b":5})", 9) == Names{"a", "b"});
    CHECK(repeated_members(R"({"a":{"b":{"c":1,"c":2}},"d":[{"e":1,"e":2}]})", 9) ==
          Names{"a.b.c", "d.e"});
}

TEST_CASE("a name is what its escapes mean, and may be empty") {
    CHECK(repeated_members(R"({"a":1,"\u0061":2,"":1,"":2})", 9) == Names{"a", ""});
}

TEST_CASE("of many repeated members as many are named as were asked for") {
    CHECK(repeated_members(R"({"a":1,"a":1,"b":1,"b":1,"c":1,"c":1})", 2) == Names{"a", "b"});
}

TEST_CASE("what is no JSON has the repeated members before its mistake, and no more") {
    CHECK(repeated_members("", 9).empty());
    CHECK(repeated_members("[1,", 9).empty());
    CHECK(repeated_members(R"({"a":1,"a":2,)", 9) == Names{"a"});
}
