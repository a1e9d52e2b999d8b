#include "sandbox/cloud/validation.hpp"

#include "sandbox/cloud/api_types.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox;

TEST_CASE("server names follow RFC 1123") {
    for (const char* name : {"a", "A1", "web-1", "web-1.example.com", "0"}) {
        INFO(name);
        CHECK(is_rfc1123_name(name));
    }
    for (const char* name : {"", "-a", "a-", "a_b", "a..b", ".a", "a.", "a b", "ä"}) {
        INFO(name);
        CHECK_FALSE(is_rfc1123_name(name));
    }
    CHECK(is_rfc1123_name(std::string(63, 'a')));
    CHECK_FALSE(is_rfc1123_name(std::string(64, 'a')));
}

TEST_CASE("labels have a bounded form and a reserved prefix") {
    CHECK(is_label_key("hatchery/bot"));
    CHECK(is_label_key("a.b_c-d"));
    CHECK_FALSE(is_label_key("hetzner.cloud/x"));
    CHECK_FALSE(is_label_key("a/b/c"));
    CHECK_FALSE(is_label_key(""));
    CHECK_FALSE(is_label_key("/x"));
    CHECK(is_label_value(""));
    CHECK(is_label_value("A.b-c_9"));
    CHECK_FALSE(is_label_value(".a"));
    CHECK_FALSE(is_label_value(std::string(64, 'a')));
}

TEST_CASE("a body's complaints name every bad field at once") {
    BodyReader body(std::string(R"({"name": 1, "flag": "x", "labels": {"-": "y"}, "extra": 2})"));
    body.text("name");
    body.flag("flag", false);
    body.labels();
    body.text("needed", BodyReader::Need::required);
    try {
        body.finish();
        FAIL("finish() should have thrown");
    } catch (const ApiError& error) {
        CHECK(error.status == 422);
        CHECK(error.code == "invalid_input");
        std::vector<std::string> names;
        for (const auto& field : error.details["fields"]) {
            names.push_back(field["name"]);
        }
        CHECK(names == std::vector<std::string>{"extra", "flag", "labels", "name", "needed"});
    }
}

TEST_CASE("a body that is not JSON, or nested without end, is a json_error") {
    for (const std::string& text :
         {std::string("{"), std::string("\xff"), std::string(100'000, '['),
          std::string(R"({"a":)") + std::string(40, '[')}) {
        try {
            const BodyReader body(text);
            FAIL("should have thrown");
        } catch (const ApiError& error) {
            CHECK(error.status == 400);
            CHECK(error.code == "json_error");
        }
    }
}
