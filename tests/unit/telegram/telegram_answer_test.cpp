#include "telegram/telegram_answer.hpp"

#include "base/json_value.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using base::Effect;
using base::ErrorKind;

namespace {

base::Error error_of(int status, const std::string& body,
                     std::map<std::string, std::string> headers = {}) {
    const auto read = telegram::read_answer(
        "setWebhook", {.status = status, .headers = std::move(headers), .body = body});
    REQUIRE_FALSE(read);
    return read.error();
}

}  // namespace

TEST_CASE("the result of a good answer is handed on") {
    const auto read = telegram::read_answer(
        "getMe", {.status = 200, .headers = {}, .body = R"({"ok":true,"result":{"id":7}})"});
    REQUIRE(read);
    CHECK(base::json_int(*read, "id") == 7);
}

TEST_CASE("401 and 404 mean that Telegram does not know the token") {
    for (const int code : {401, 404}) {
        CAPTURE(code);
        const auto error = error_of(code, R"({"ok":false,"error_code":)" + std::to_string(code) +
                                              R"(,"description":"Unauthorized"})");
        CHECK(error.kind == ErrorKind::unauthorized);
        CHECK(error.effect == Effect::none);
        CHECK(error.message == "Telegram does not know this token.");
        CHECK(error.next_action.find("BotFather") != std::string::npos);
    }
}

TEST_CASE("other refusals keep Telegram's words and have no effect") {
    const auto error =
        error_of(400, R"({"ok":false,"error_code":400,"description":"Bad Request: bad webhook"})");
    CHECK(error.kind == ErrorKind::invalid);
    CHECK(error.effect == Effect::none);
    CHECK(error.code == "400");
    CHECK(error.message.find("bad webhook") != std::string::npos);
    CHECK(error_of(409, R"({"ok":false,"error_code":409,"description":"Conflict"})").kind ==
          ErrorKind::conflict);
}

TEST_CASE("429 waits as long as Telegram asks, within an hour") {
    const std::string told = R"({"ok":false,"error_code":429,"description":"Too Many Requests",)"
                             R"("parameters":{"retry_after":12}})";
    const std::string silent = R"({"ok":false,"error_code":429,"description":"Too Many"})";
    CHECK(error_of(429, told).kind == ErrorKind::rate_limited);
    CHECK(error_of(429, told).retry_after == 12s);
    CHECK(error_of(429, silent, {{"retry-after", "5"}}).retry_after == 5s);
    CHECK(error_of(429, silent).retry_after == 1s);
    CHECK(error_of(429, silent, {{"retry-after", "999999"}}).retry_after == 1h);
    CHECK(error_of(429, "<html>", {{"retry-after", "5"}}).retry_after == 5s);
}

TEST_CASE("5xx is unavailable with an unknown effect, whatever the body") {
    for (const char* body : {R"({"ok":false,"error_code":500,"description":"Internal"})",
                             "<html>Bad Gateway", "", "[]"}) {
        CAPTURE(body);
        CHECK(error_of(502, body).kind == ErrorKind::unavailable);
        CHECK(error_of(502, body).effect == Effect::unknown);
    }
}

TEST_CASE("an answer that is not the Bot API's is a bad response") {
    for (const char* body : {"", "<html>", "[]", "{}", R"({"ok":"yes"})"}) {
        CAPTURE(body);
        CHECK(error_of(200, body).kind == ErrorKind::bad_response);
        CHECK(error_of(302, body).kind == ErrorKind::bad_response);
    }
}

TEST_CASE("a bot without an id is no bot") {
    CHECK_FALSE(telegram::read_bot(*base::parse_json("{}")));
    CHECK_FALSE(telegram::read_bot(*base::parse_json("null")));
    const auto bot = telegram::read_bot(*base::parse_json(R"({"id":7,"first_name":"Ada"})"));
    REQUIRE(bot);
    CHECK(bot->name == "Ada");
    CHECK(bot->username.empty());
}

TEST_CASE("webhook information is read with and without an error") {
    const auto quiet = telegram::read_webhook_info(
        *base::parse_json(R"({"url":"","has_custom_certificate":false,"pending_update_count":0})"));
    REQUIRE(quiet);
    CHECK(quiet->url.empty());
    CHECK_FALSE(quiet->last_error_at);
    const auto failing = telegram::read_webhook_info(*base::parse_json(
        R"({"url":"https://x","pending_update_count":3,"last_error_date":1700000000,
            "last_error_message":"Connection refused"})"));
    REQUIRE(failing);
    CHECK(failing->pending_update_count == 3);
    CHECK(failing->last_error_at == base::TimePoint(1'700'000'000s));
    CHECK(failing->last_error_message == "Connection refused");
    const auto far = telegram::read_webhook_info(
        base::parse_json(R"({"url":"https://x","last_error_date":2041880150000000})").value());
    CHECK_FALSE(far->last_error_at);
    CHECK_FALSE(telegram::read_webhook_info(*base::parse_json("null")));
}
