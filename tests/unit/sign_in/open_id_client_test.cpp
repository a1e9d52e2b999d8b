#include "api/sign_in/open_id_client.hpp"

#include "base/json_value.hpp"
#include "support/catch.hpp"
#include "support/fake_http_transport.hpp"

namespace hatchery::api::sign_in {

namespace {

using base::ErrorKind;
using base::Json;

const std::string issuer = "https://issuer.example";

struct World {
    base::SystemClock clock;
    support::FakeHttpTransport http;
    std::unique_ptr<OpenIdClient> client =
        make_open_id_client({.issuer_url = issuer,
                             .client_id = "a client",
                             .client_secret = base::Secret("s/1"),
                             .redirect_url = "https://h.example/back"},
                            http, clock);
    base::Call call = base::Call::within(std::chrono::seconds(10));

    base::Result<std::string> url() {
        return client->authorization_url({.state = "s", .nonce = "n", .verifier = "v"}, call);
    }
};

Json document() {
    return {{"issuer", issuer},
            {"authorization_endpoint", issuer + "/auth?x=1"},
            {"token_endpoint", issuer + "/token"},
            {"jwks_uri", issuer + "/keys"}};
}

}  // namespace

TEST_CASE("a browser is sent where the issuer says, which is asked once") {
    World world;
    world.http.answer_next(200, base::dump_json(document()));
    const auto url = world.url();
    REQUIRE(url);
    CHECK(url->starts_with(issuer + "/auth?x=1&response_type=code&client_id=a%20client"
                                    "&redirect_uri=https%3A%2F%2Fh.example%2Fback"));
    // The SHA-256 of "v", and never the verifier.
    CHECK(url->find("&code_challenge=TJRIXgwhrmxBzh3-e2v6zupato5AokdvUCCOUm9QYIA&") !=
          std::string::npos);
    REQUIRE(world.url());
    CHECK(world.http.requests().size() == 1);
}

TEST_CASE("an issuer may end its name with a slash, which the configuration does not keep") {
    World world;
    Json named = document();
    named["issuer"] = issuer + "/";
    world.http.answer_next(200, base::dump_json(named));
    CHECK(world.url());
}

TEST_CASE("a discovery document that does not fit is refused") {
    const auto with = [](const char* member, const Json& value) {
        Json changed = document();
        changed[member] = value;
        return base::dump_json(changed);
    };
    for (const auto& [status, body] : std::vector<std::pair<int, std::string>>{
             {200, with("issuer", "https://evil.example")},
             {200, with("issuer", nullptr)},
             {200, with("token_endpoint", "http://issuer.example/token")},
             {200, with("jwks_uri", "file:///etc/passwd")},
             {200, with("authorization_endpoint", "javascript:x")},
             {200, with("authorization_endpoint", issuer + "/auth\r\nSet-Cookie: a=b")},
             {200, with("token_endpoint", issuer + "/to ken")},
             {200, with("jwks_uri", issuer + std::string("/ke\0ys", 6))},
             {200, "[]"},
             {200, "<html>"},
             {404, ""},
             {500, base::dump_json(document())}}) {
        INFO(status << " " << body);
        World world;
        world.http.answer_next(status, body);
        const auto url = world.url();
        REQUIRE_FALSE(url);
        CHECK(url.error().kind == ErrorKind::bad_response);
    }
}

TEST_CASE("the secret goes to the token endpoint only, in a header that is not logged") {
    World world;
    world.http.answer_next(200, base::dump_json(document()));
    world.http.answer_next(400, R"({"error":"invalid_grant"})");
    const auto refused =
        world.client->redeem({.code = "c d", .verifier = "v", .nonce = "n"}, world.call);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unauthorized);
    const auto requests = world.http.requests();
    REQUIRE(requests.size() == 2);
    CHECK(requests[0].secret_headers.empty());
    const auto& token = requests[1];
    CHECK(token.url == issuer + "/token");
    REQUIRE(token.secret_headers.size() == 1);
    // "a%20client:s%2F1"
    CHECK(token.secret_headers[0].second.equals("Basic YSUyMGNsaWVudDpzJTJGMQ=="));
    CHECK(token.body.find("s%2F1") == std::string::npos);
    CHECK(token.body.find("code=c%20d&") != std::string::npos);
}

TEST_CASE("an issuer that fails is not the user's fault") {
    for (const int status : {500, 503, 302, 200}) {
        INFO(status);
        World world;
        world.http.answer_next(200, base::dump_json(document()));
        world.http.answer_next(status, "{}");
        const auto failed =
            world.client->redeem({.code = "c", .verifier = "v", .nonce = "n"}, world.call);
        REQUIRE_FALSE(failed);
        CHECK(failed.error().kind == ErrorKind::bad_response);
    }
}

}  // namespace hatchery::api::sign_in
