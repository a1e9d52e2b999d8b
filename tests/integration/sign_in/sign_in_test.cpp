// Sign-in through a real OpenID provider (npm oidc-provider), by real HTTP.
#include "../api/api_world.hpp"
#include "api/cookies.hpp"
#include "api/sign_in/open_id_client.hpp"
#include "base/encoding.hpp"
#include "net/curl_transport.hpp"
#include "open_id_provider.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using hatchery::base::Json;
using hatchery::store::UserRole;

namespace {

const std::string site = public_url;
const std::string callback = site + "/api/auth/callback/google";
const std::string session_cookie = "__Host-hatchery_session";
const std::string sign_in_cookie = "__Host-hatchery_sign_in";

/// One provider for all cases: a process of Node takes its second to start.
OpenIdProvider& shared_provider() {
    static OpenIdProvider provider;
    return provider;
}

struct SignInWorld {
    explicit SignInWorld(std::chrono::seconds key_refresh_pause = std::chrono::seconds(0))
        : client(hatchery::api::sign_in::make_open_id_client(
              {.issuer_url = provider.issuer(),
               .client_id = test_client_id,
               .client_secret = hatchery::base::Secret(test_client_secret),
               .redirect_url = callback,
               .key_refresh_pause = key_refresh_pause},
              *http, clock)),
          api(WorldSetup{.open_id = client.get()}) {
        be("1001", "ada@example.org");
        provider.control({{"tamper", ""}, {"alg", "RS256"}});
    }

    void be(const std::string& subject, const std::string& email) {
        provider.control(
            {{"account",
              {{"sub", subject}, {"email", email}, {"email_verified", true}, {"name", "Ada"}}}});
    }
    CookieJar jar() { return CookieJar(api.port()); }
    /// The whole way in a new browser.
    CookieJar::Page sign_in(CookieJar& jar, const std::string& return_to = "/healthz") {
        return jar.follow(site + "/api/auth/google?returnTo=" + return_to);
    }
    /// The same up to the answer of the callback.
    CookieJar::Page come_back(CookieJar& jar) {
        const auto at_provider = jar.follow(site + "/api/auth/google", callback);
        return jar.get(at_provider.location);
    }
    Json who(const CookieJar& jar) {
        return api
            .call("GET", "/api/auth/session", "", "",
                  {{"Cookie", session_cookie + "=" + jar.ours.at(session_cookie)}})
            .body;
    }

    OpenIdProvider& provider = shared_provider();
    hatchery::base::SystemClock clock;
    std::unique_ptr<hatchery::ports::HttpTransport> http = hatchery::net::make_curl_transport();
    std::unique_ptr<hatchery::api::sign_in::OpenIdClient> client;
    ApiWorld api;
};

}  // namespace

TEST_CASE("somebody signs in, is known by a cookie, and signs out") {
    SignInWorld world;
    auto jar = world.jar();
    const auto begun = jar.get(site + "/api/auth/google?returnTo=/healthz");
    REQUIRE(begun.status == 302);
    REQUIRE(begun.set_cookies.size() == 1);
    CHECK(begun.set_cookies[0].starts_with(sign_in_cookie + "="));
    CHECK(begun.set_cookies[0].find("; Max-Age=600; HttpOnly; SameSite=Lax; Secure") !=
          std::string::npos);
    CHECK(begun.location.starts_with(world.provider.issuer() + "/auth?"));
    CHECK(begun.location.find("code_challenge_method=S256") != std::string::npos);
    const auto at_callback = jar.follow(begun.location, callback);
    const auto back = jar.get(at_callback.location);
    REQUIRE(back.status == 303);
    CHECK(back.location == site + "/healthz");
    REQUIRE(back.set_cookies.size() == 2);
    CHECK(back.set_cookies[0].find("; Path=/; Max-Age=2592000; HttpOnly; SameSite=Lax; Secure") !=
          std::string::npos);
    CHECK_FALSE(jar.ours.contains(sign_in_cookie));
    const auto me = world.who(jar);
    CHECK(me["user"]["email"] == "ada@example.org");
    CHECK(me["user"]["name"] == "Ada");
    CHECK(me["user"]["role"] == "user");
    // What the browser has is in the database as a hash only.
    const auto secret = jar.ours.at(session_cookie);
    const auto audit = world.api.audit->find({});
    REQUIRE(audit);
    CHECK(audit->items.at(0).entry.action == "sign in");
    CHECK(audit->items.at(0).entry.outcome == 303);
    CHECK(audit->items.at(0).entry.actor_name == "ada@example.org");
    const auto out = world.api.call("POST", "/api/auth/logout", "", "",
                                    {{"Cookie", session_cookie + "=" + secret},
                                     {"Origin", site},
                                     {"X-CSRF-Token", hatchery::api::csrf_token(secret)}});
    CHECK(out.status == 204);
    CHECK(world.who(jar)["code"] == "unauthorized");
}

TEST_CASE("a second sign-in is the same account with a new session, and the old one ends") {
    SignInWorld world;
    auto jar = world.jar();
    CHECK(world.sign_in(jar).status == 200);
    const auto first = jar.ours.at(session_cookie);
    const auto id = world.who(jar)["user"]["id"];
    world.be("1001", "ada@moved.example");
    CHECK(world.sign_in(jar).status == 200);
    CHECK(jar.ours.at(session_cookie) != first);
    CHECK(world.who(jar)["user"]["id"] == id);
    CHECK(world.who(jar)["user"]["email"] == "ada@moved.example");
    const auto old = world.api.call("GET", "/api/auth/session", "", "",
                                    {{"Cookie", session_cookie + "=" + first}});
    CHECK(old.status == 401);
}

TEST_CASE("the first admin is named in the configuration") {
    SignInWorld world;
    world.be("2002", "First-Admin@example.org");
    auto jar = world.jar();
    CHECK(world.sign_in(jar).status == 200);
    CHECK(world.who(jar)["user"]["role"] == "admin");
}

TEST_CASE("a forged or foreign ID token signs nobody in") {
    SignInWorld world;
    {
        auto jar = world.jar();
        REQUIRE(world.come_back(jar).status == 303);
    }
    for (const char* how : {"expired",
                            "from the future",
                            "other audience",
                            "two audiences",
                            "other issuer",
                            "other nonce",
                            "no nonce",
                            "unverified",
                            "no email",
                            "other key",
                            "unknown key",
                            "none",
                            "hs256 by secret",
                            "hs256 by public key",
                            "critical",
                            "changed",
                            "cut",
                            "padded",
                            "garbage",
                            "replayed"}) {
        INFO(how);
        world.provider.control({{"tamper", how}});
        auto jar = world.jar();
        const auto answer = world.come_back(jar);
        CHECK(answer.status == 403);
        CHECK(answer.body.find("\"forbidden\"") != std::string::npos);
        CHECK_FALSE(jar.ours.contains(session_cookie));
    }
    world.provider.control({{"tamper", ""}});
    auto jar = world.jar();
    CHECK(world.come_back(jar).status == 303);
}

TEST_CASE("a state is good once, in its own browser") {
    SignInWorld world;
    auto jar = world.jar();
    const auto stopped = jar.follow(site + "/api/auth/google", callback);
    // Somebody lures another browser to the answer of his own sign-in.
    auto other = world.jar();
    CHECK(other.get(stopped.location).status == 400);
    (void)other.get(site + "/api/auth/google");
    CHECK(other.get(stopped.location).status == 400);
    // The code, with a state of another sign-in of the same browser: PKCE and nonce differ.
    const auto second = jar.follow(site + "/api/auth/google", callback);
    const auto code_at = stopped.location.find("code=");
    const auto code =
        stopped.location.substr(code_at, stopped.location.find('&', code_at) - code_at);
    const auto state_at = second.location.find("state=");
    const auto state =
        second.location.substr(state_at, second.location.find('&', state_at) - state_at);
    CHECK(jar.get(callback + "?" + code + "&" + state).status == 403);
    const auto again = jar.follow(site + "/api/auth/google", callback);
    CHECK(jar.get(again.location).status == 303);
    CHECK(jar.get(again.location).status == 400);
}

TEST_CASE("the way back must be whole and from the issuer") {
    SignInWorld world;
    auto jar = world.jar();
    CHECK(jar.get(callback).status == 400);
    CHECK(jar.get(callback + "?state=x&code=y").status == 400);
    const auto state_of = [&] {
        const auto begun = jar.get(site + "/api/auth/google");
        const auto at = begun.location.find("state=");
        return begun.location.substr(at, begun.location.find('&', at) - at);
    };
    CHECK(jar.get(callback + "?" + state_of()).status == 400);
    CHECK(jar.get(callback + "?" + state_of() + "&error=access_denied").status == 403);
    CHECK(jar.get(callback + "?" + state_of() + "&code=y&iss=https://evil.example").status == 400);
    CHECK(jar.get(callback + "?" + state_of() + "&code=made-up").status == 403);
    const auto twice = state_of();
    CHECK(jar.get(callback + "?" + twice + "&state=other&code=y").status == 400);
}

TEST_CASE("after sign-in the browser stays on this site") {
    SignInWorld world;
    auto jar = world.jar();
    for (const char* path : {"//evil.example", "https://evil.example", "/%5Cevil.example",
                             "javascript:alert(1)", "/a%0d%0aSet-Cookie:%20x=y", ""}) {
        INFO(path);
        const auto answer = jar.get(site + "/api/auth/google?returnTo=" + path);
        CHECK(answer.status == 400);
        CHECK(answer.body.find("returnTo") != std::string::npos);
    }
}

TEST_CASE("an issuer may post its answer") {
    SignInWorld world;
    const auto posted = world.api.call("POST", "/api/auth/callback/google", "", "code=a.b&state=c",
                                       {{"Content-Type", "application/x-www-form-urlencoded"},
                                        {"Origin", world.provider.issuer()}});
    CHECK(posted.status == 303);
    CHECK(posted.header("Location") == "/api/auth/callback/google?code=a.b&state=c");
    const auto wrong = world.api.call("POST", "/api/auth/callback/google", "", "a\r\nb",
                                      {{"Content-Type", "application/x-www-form-urlencoded"}});
    CHECK(wrong.status == 400);
}

TEST_CASE("keys change at the issuer, also their kind, and sign-in goes on") {
    SignInWorld world;
    const auto signs_in = [&] {
        auto jar = world.jar();
        return world.come_back(jar).status == 303;
    };
    CHECK(signs_in());
    world.provider.control({{"rotate", true}});
    CHECK(signs_in());
    world.provider.control({{"alg", "ES256"}});
    CHECK(signs_in());
    world.provider.control({{"tamper", "other key"}});
    CHECK_FALSE(signs_in());
}

TEST_CASE("keys are kept, and forged key names do not make us ask for them again") {
    SignInWorld world(std::chrono::seconds(3'600));
    const auto come_back = [&] {
        auto jar = world.jar();
        return world.come_back(jar).status;
    };
    const auto before = world.provider.key_requests();
    CHECK(come_back() == 303);
    CHECK(come_back() == 303);
    world.provider.control({{"tamper", "unknown key"}});
    for (int i = 0; i < 3; ++i) CHECK(come_back() == 403);
    CHECK(world.provider.key_requests() == before + 1);
}

TEST_CASE("without a client there is no sign-in, and it says so") {
    ApiWorld world;
    const auto answer = world.call("GET", "/api/auth/google", "");
    CHECK(answer.status == 503);
    CHECK(answer.text.find("GOOGLE_CLIENT_ID") != std::string::npos);
}
