#include "sandbox/telegram/markup.hpp"

#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::sandbox::telegram;

TEST_CASE("HTML becomes text with entities counted in UTF-16 units") {
    const MarkedText marked = parse_html("\U0001F600 <b>bold <i>both</i></b> 1 &lt; 2 &amp; &#65;");
    CHECK(marked.error.empty());
    CHECK(marked.text == "\U0001F600 bold both 1 < 2 & A");
    CHECK(marked.entities == base::Json::parse(R"([{"type":"italic","offset":8,"length":4},
                                {"type":"bold","offset":3,"length":9}])"));
}

TEST_CASE("a link keeps its address") {
    const MarkedText marked = parse_html(R"(<a href="https://example.com/?a=1&amp;b=2">here</a>)");
    CHECK(marked.text == "here");
    CHECK(marked.entities.at(0).at("url") == "https://example.com/?a=1&b=2");
}

TEST_CASE("unknown, unclosed and crossed tags are refused in Telegram's words") {
    CHECK(parse_html("a <foo>b</foo>").error ==
          "can't parse entities: Unsupported start tag \"foo\" at byte offset 2");
    CHECK(parse_html("<b>x").error ==
          "can't parse entities: Can't find end tag corresponding to start tag \"b\"");
    CHECK(parse_html("<b><i>x</b></i>").error ==
          "can't parse entities: Unmatched end tag at byte offset 7, expected \"</i>\", found "
          "\"</b>\"");
    CHECK(parse_html("x</b>").error == "can't parse entities: Unexpected end tag at byte offset 1");
    CHECK_FALSE(parse_html("1 < 2").error.empty());
}

TEST_CASE("commands and mentions that a person types are found") {
    CHECK(find_typed_entities("/start now @some_bot a/b 1@2") ==
          base::Json::parse(R"([{"type":"bot_command","offset":0,"length":6},
                                {"type":"mention","offset":11,"length":9}])"));
    CHECK(find_typed_entities("plain / text").empty());
}
