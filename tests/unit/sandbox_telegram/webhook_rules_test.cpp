#include "sandbox/telegram/webhook_rules.hpp"

#include <string>

#include "sandbox/telegram/bot_token.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox::telegram;

TEST_CASE("webhook URLs are https on Telegram's ports, or on loopback") {
    for (const char* url : {"https://bots.example.com/hook", "https://bots.example.com:8443/hook",
                            "https://bots.example.com:88", "HTTPS://bots.example.com:80/x?y=1",
                            "http://127.0.0.1:8080/hook", "http://localhost:9", "http://[::1]:9/x",
                            "https://127.0.0.5:1234/"}) {
        INFO(url);
        CHECK(webhook_url_problem(url).empty());
    }
    CHECK(webhook_url_problem("http://bots.example.com/hook") ==
          "bad webhook: An HTTPS URL must be provided for webhook");
    CHECK(webhook_url_problem("https://bots.example.com:8080/hook") ==
          "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443");
    for (const char* url : {"ftp://127.0.0.1/x", "bots.example.com", "https://", "https://a b/",
                            "https://host:99999/", "https://user:pw@host/", "https://host:x/"}) {
        INFO(url);
        CHECK(webhook_url_problem(url) == "invalid webhook URL specified");
    }
    CHECK_FALSE(webhook_url_problem("http://127.evil.example/").empty());
}

TEST_CASE("a secret token has 1 to 256 characters of Telegram's set") {
    CHECK(secret_token_problem("").empty());
    CHECK(secret_token_problem("Az09_-").empty());
    CHECK(secret_token_problem(std::string(256, 'a')).empty());
    CHECK(secret_token_problem(std::string(257, 'a')) == "secret token is too long");
    CHECK(secret_token_problem("a b") == "secret token contains unallowed characters");
}

TEST_CASE("a token is a bot's number and a secret half") {
    const auto token = parse_bot_token("123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX");
    REQUIRE(token.has_value());
    CHECK(token->bot_id == 123456789);
    CHECK(token->secret == "AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX");
    for (const char* text :
         {"", ":", "123456789", "123456789:short", "012345678:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX",
          "12345:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsawX", "12345678x:AAHdqTcvCH1vGWJxfSeofSAs0K5PAL",
          "123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDs/wX"}) {
        INFO(text);
        CHECK_FALSE(parse_bot_token(text).has_value());
    }
}
