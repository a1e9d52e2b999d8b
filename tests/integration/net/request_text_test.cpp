#include "net/request_text.hpp"

#include "support/catch.hpp"

using namespace hatchery;

TEST_CASE("a secret is inserted percent-encoded so that it cannot change the path") {
    ports::HttpRequest request{.url = "https://telegram.test/bot{secret}/getMe",
                               .url_secret = base::Secret("42:Ab-_9")};
    CHECK(net::wire_url(request) == "https://telegram.test/bot42:Ab-_9/getMe");
    request.url_secret = base::Secret("../x?y#z %\n");
    CHECK(net::wire_url(request) == "https://telegram.test/bot..%2Fx%3Fy%23z%20%25%0A/getMe");
}

TEST_CASE("secrets are taken out of any text, encoded or not") {
    const ports::HttpRequest request{.url = "https://x/{secret}",
                                     .url_secret = base::Secret("a/b"),
                                     .bearer = base::Secret("bear"),
                                     .secret_headers = {{"K", base::Secret("key")}}};
    CHECK(net::without_secrets("a/b a%2Fb bear key rest", request) ==
          "{secret} {secret} {secret} {secret} rest");
}

TEST_CASE("a request that could smuggle lines is refused") {
    const auto refuses = [](const ports::HttpRequest& request) {
        const auto checked = net::check_request(request);
        return !checked && checked.error().kind == base::ErrorKind::invalid;
    };
    CHECK(refuses({.method = "GET /x", .url = "http://x/"}));
    CHECK(refuses({.method = "", .url = "http://x/"}));
    CHECK(refuses({.url = "http://x/a b"}));
    CHECK(refuses({.url = "http://x/\r\nX: y"}));
    CHECK(refuses({.url = "http://x/", .headers = {{"A:", "b"}}}));
    CHECK(refuses({.url = "http://x/", .headers = {{"A", "b\r\nC: d"}}}));
    CHECK(refuses({.url = "http://x/", .bearer = base::Secret("t\n")}));
    CHECK(refuses({.url = "http://x/", .secret_headers = {{"A", base::Secret("b\n")}}}));
    CHECK_FALSE(refuses({.url = "http://x/", .headers = {{"A", ""}}}));
}

TEST_CASE("an origin is scheme, host and port") {
    CHECK(net::origin_of("https://a.test/x/y") == "https://a.test");
    CHECK(net::origin_of("http://a.test:8080?x=/") == "http://a.test:8080");
    CHECK(net::origin_of("http://a.test") == "http://a.test");
}

TEST_CASE("headers of an interim answer are forgotten and repeated ones joined") {
    ports::HttpResponse response;
    for (const char* line :
         {"HTTP/1.1 103 Early Hints\r\n", "Link: x\r\n", "\r\n", "HTTP/1.1 200 OK\r\n",
          "Set-Thing:  a \r\n", "set-thing: b\r\n", "Empty:\r\n", "nonsense\r\n", "\r\n"}) {
        net::add_header_line(response, line);
    }
    CHECK(response.headers ==
          std::map<std::string, std::string>{{"set-thing", "a, b"}, {"empty", ""}});
}
