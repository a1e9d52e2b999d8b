#include "base/encoding.hpp"

#include "support/catch.hpp"

using namespace hatchery::base;

TEST_CASE("base64 follows RFC 4648's examples") {
    const std::pair<const char*, const char*> examples[] = {{"", ""},
                                                            {"f", "Zg=="},
                                                            {"fo", "Zm8="},
                                                            {"foo", "Zm9v"},
                                                            {"foob", "Zm9vYg=="},
                                                            {"fooba", "Zm9vYmE="},
                                                            {"foobar", "Zm9vYmFy"}};
    for (const auto& [plain, encoded] : examples) {
        REQUIRE(base64_encode(plain) == encoded);
        REQUIRE(base64_decode(encoded) == plain);
    }
    REQUIRE(base64url_encode("\xff\xfe\xfd") == "__79");
    REQUIRE(base64_decode("__79") == "\xff\xfe\xfd");
}

TEST_CASE("text that is not base64 is refused") {
    for (const char* text : {"a", "a b=", "Zm9v!", "Zm9vY"}) {
        INFO(text);
        REQUIRE_FALSE(base64_decode(text));
    }
}

TEST_CASE("hexadecimal goes there and back") {
    REQUIRE(hex_encode(std::string("\x00\xff\x10", 3)) == "00ff10");
    REQUIRE(hex_decode("00FF10") == std::string("\x00\xff\x10", 3));
    REQUIRE_FALSE(hex_decode("abc"));
    REQUIRE_FALSE(hex_decode("zz"));
}

TEST_CASE("malformed UTF-8 is recognised and can be made safe") {
    REQUIRE(is_utf8("Grüße, 世界 🦀"));
    REQUIRE(utf8_length("Grüße") == 5);
    const std::string bad[] = {"\xff",     "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80",
                               "\xe2\x82", "\x80"};
    for (const auto& bytes : bad) {
        REQUIRE_FALSE(is_utf8(bytes));
        REQUIRE(is_utf8(to_utf8("a" + bytes + "b")));
    }
    REQUIRE(to_utf8(std::string("a\0b", 3)) ==
            "a\xef\xbf\xbd"
            "b");
}
