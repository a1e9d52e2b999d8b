#include "core/id_token.hpp"

#include "base/json_value.hpp"
#include "support/catch.hpp"

namespace hatchery::core {

namespace {

using base::Json;

/// 2026-03-01T10:00:00Z.
constexpr std::int64_t now_s = 1'772'359'200;

Json good_claims() {
    return {{"iss", "https://issuer.example"},
            {"aud", "client"},
            {"sub", "1234"},
            {"nonce", "n-1"},
            {"iat", now_s},
            {"exp", now_s + 3600},
            {"email", "Ada@example.org"},
            {"email_verified", true},
            {"name", "Ada"}};
}

IdTokenExpectations expectations() {
    return {.issuer = "https://issuer.example",
            .client_id = "client",
            .nonce = "n-1",
            .now = base::TimePoint(std::chrono::seconds(now_s))};
}

struct Row {
    const char* what;
    const char* claim;
    /// Null takes the claim away.
    Json value;
    bool good = false;
};

void check(const std::vector<Row>& rows) {
    for (const auto& row : rows) {
        INFO(row.what);
        Json claims = good_claims();
        if (row.value.is_null()) {
            claims.erase(row.claim);
        } else {
            claims[row.claim] = row.value;
        }
        const auto identity = check_id_token(claims, expectations());
        CHECK(identity.has_value() == row.good);
        if (!identity) {
            CHECK(identity.error().kind == base::ErrorKind::unauthorized);
            CHECK_FALSE(identity.error().next_action.empty());
        }
    }
}

}  // namespace

TEST_CASE("a good ID token says who somebody is") {
    const auto identity = check_id_token(good_claims(), expectations());
    REQUIRE(identity);
    CHECK(identity->issuer == "https://issuer.example");
    CHECK(identity->subject == "1234");
    CHECK(identity->email == "Ada@example.org");
    CHECK(identity->name == "Ada");
    CHECK_FALSE(check_id_token(Json::array(), expectations()));
    CHECK_FALSE(check_id_token("text", expectations()));
    auto without_nonce = expectations();
    without_nonce.nonce.clear();
    Json claims = good_claims();
    claims["nonce"] = "";
    CHECK_FALSE(check_id_token(claims, without_nonce));
}

TEST_CASE("an ID token is for us, from our issuer and of this sign-in") {
    check({
        {"another issuer", "iss", "https://evil.example"},
        {"a longer issuer", "iss", "https://issuer.example/"},
        {"no issuer", "iss", nullptr},
        {"an issuer that is no text", "iss", 1},
        {"another audience", "aud", "other"},
        {"no audience", "aud", nullptr},
        {"an empty list", "aud", Json::array()},
        {"us in a list", "aud", {"client"}, true},
        {"several without an authorized party", "aud", {"client", "other"}},
        {"several without us", "aud", {"x", "other"}},
        {"us as the authorized party", "azp", "client", true},
        {"another authorized party", "azp", "other"},
        {"an authorized party that is no text", "azp", 5},
        {"another nonce", "nonce", "n-2"},
        {"no nonce", "nonce", nullptr},
        {"a nonce that is no text", "nonce", 1},
    });
    Json several = good_claims();
    several["aud"] = {"client", "other"};
    several["azp"] = "client";
    CHECK(check_id_token(several, expectations()));
}

TEST_CASE("an ID token is of now, give or take a minute") {
    check({
        {"expired within the leeway", "exp", now_s - 59, true},
        {"expired", "exp", now_s - 60},
        {"no expiry", "exp", nullptr},
        {"an expiry that is text", "exp", std::to_string(now_s + 60)},
        {"an endless expiry", "exp", 1e300},
        {"a negative expiry", "exp", -1},
        {"issued a little ahead", "iat", now_s + 60, true},
        {"issued in the future", "iat", now_s + 61},
        {"issued long ago", "iat", now_s - 16 * 60 - 1},
        {"no time of issue", "iat", nullptr},
        {"broken seconds", "iat", now_s + 0.5, true},
        {"valid since before", "nbf", now_s - 10, true},
        {"valid from later on", "nbf", now_s + 61},
        {"a beginning that is none", "nbf", "x"},
    });
}

TEST_CASE("an ID token names a person with a verified address") {
    check({
        {"nobody", "sub", nullptr},
        {"an empty name", "sub", ""},
        {"a long name", "sub", std::string(256, 'a')},
        {"a name that is no text", "sub", 7},
        {"no address", "email", nullptr},
        {"no address at all", "email", "ada"},
        {"two addresses", "email", "a@b.example,c@d.example"},
        {"a line break", "email", "a@b.example\n"},
        {"a long address", "email", std::string(250, 'a') + "@b.example"},
        {"unverified", "email_verified", false},
        {"nothing said", "email_verified", nullptr},
        {"a text", "email_verified", "true"},
        {"a number", "email_verified", 1},
        {"no name", "name", nullptr, true},
    });
}

TEST_CASE("Google may leave the scheme out of its own name, and nobody else") {
    auto expected = expectations();
    Json claims = good_claims();
    claims["iss"] = "issuer.example";
    CHECK_FALSE(check_id_token(claims, expected));
    expected.issuer = "https://accounts.google.com";
    claims["iss"] = "accounts.google.com";
    CHECK(check_id_token(claims, expected).value().issuer == "https://accounts.google.com");
}

TEST_CASE("addresses are compared without case") {
    CHECK(same_email("Ada@Example.org", "ada@example.ORG"));
    CHECK_FALSE(same_email("ada@example.org", "ada@example.or"));
}

}  // namespace hatchery::core
