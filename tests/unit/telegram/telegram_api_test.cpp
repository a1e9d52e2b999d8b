#include "telegram/telegram_api.hpp"

#include "base/json_value.hpp"
#include "support/catch.hpp"
#include "support/fake_http_transport.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

TEST_CASE("the token stands in the URL's secret only and settings are sent whole") {
    support::FakeHttpTransport http;
    const auto api = telegram::make_telegram_api("https://telegram.test/", http);
    const base::Secret token("42:secret");
    http.answer_next(200, R"({"ok":true,"result":true})");
    http.answer_next(200, R"({"ok":true,"result":{"id":42}})");
    REQUIRE(api->set_webhook(token,
                             {.url = "https://hatchery.test/hooks/telegram/x",
                              .secret_token = base::Secret("hook-secret"),
                              .max_connections = 10,
                              .allowed_updates = {"message"}},
                             base::Call::within(1s)));
    REQUIRE(api->get_me(token, base::Call::within(1s)));
    const auto requests = http.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].method == "POST");
    CHECK(requests[0].url == "https://telegram.test/bot{secret}/setWebhook");
    CHECK(requests[0].url_secret->equals("42:secret"));
    CHECK(*base::parse_json(requests[0].body) ==
          *base::parse_json(
              R"({"url":"https://hatchery.test/hooks/telegram/x","secret_token":"hook-secret",
            "max_connections":10,"allowed_updates":["message"],"drop_pending_updates":false})"));
    CHECK(requests[1].method == "GET");
    CHECK(requests[1].body.empty());
}

TEST_CASE("removing a webhook keeps the updates that wait") {
    support::FakeHttpTransport http;
    const auto api = telegram::make_telegram_api("https://telegram.test", http);
    http.answer_next(200, R"({"ok":true,"result":true})");
    REQUIRE(api->delete_webhook(base::Secret("42:secret"), base::Call::within(1s)));
    CHECK(http.requests().front().body == R"({"drop_pending_updates":false})");
}
