#include "crypto/signed_token.hpp"

#include <cjose/cjose.h>

#include <array>
#include <memory>

#include "base/encoding.hpp"
#include "base/json_value.hpp"
#include "support/catch.hpp"

namespace hatchery::crypto {

namespace {

using base::ErrorKind;
using base::Json;

struct FreeKey {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};

/// A pair of keys that an issuer might have.
class IssuerKey {
public:
    static IssuerKey rsa(std::size_t bits) {
        constexpr std::array<std::uint8_t, 3> exponent = {1, 0, 1};
        cjose_err error{};
        return IssuerKey(
            cjose_jwk_create_RSA_random(bits, exponent.data(), exponent.size(), &error));
    }
    static IssuerKey ec(cjose_jwk_ec_curve curve) {
        cjose_err error{};
        return IssuerKey(cjose_jwk_create_EC_random(curve, &error));
    }

    /// As the issuer publishes it.
    [[nodiscard]] Json published(const std::string& id) const {
        cjose_err error{};
        char* text = cjose_jwk_to_json(key_.get(), false, &error);
        REQUIRE(text != nullptr);
        Json jwk = base::parse_json(text).value();
        cjose_get_dealloc()(text);
        if (!id.empty()) jwk["kid"] = id;
        return jwk;
    }
    [[nodiscard]] std::string sign(const std::string& algorithm, const std::string& key_id,
                                   const std::string& payload = "{}") const {
        cjose_err error{};
        cjose_header_t* header = cjose_header_new(&error);
        REQUIRE(cjose_header_set(header, CJOSE_HDR_ALG, algorithm.c_str(), &error));
        if (!key_id.empty()) {
            REQUIRE(cjose_header_set(header, CJOSE_HDR_KID, key_id.c_str(), &error));
        }
        cjose_jws_t* token = cjose_jws_sign(key_.get(), header,
                                            reinterpret_cast<const std::uint8_t*>(payload.data()),
                                            payload.size(), &error);
        REQUIRE(token != nullptr);
        const char* text = nullptr;
        REQUIRE(cjose_jws_export(token, &text, &error));
        std::string compact = text;
        cjose_jws_release(token);
        cjose_header_release(header);
        return compact;
    }

private:
    explicit IssuerKey(cjose_jwk_t* key) : key_(key) { REQUIRE(key_ != nullptr); }
    std::unique_ptr<cjose_jwk_t, FreeKey> key_;
};

base::Result<std::unique_ptr<SigningKeys>> keys_of(const Json& list) {
    return make_signing_keys(base::dump_json({{"keys", list}}));
}

}  // namespace

TEST_CASE("a token opens by the key that it names, and by no other") {
    const auto rsa = IssuerKey::rsa(2048);
    const auto other = IssuerKey::rsa(2048);
    const auto ec = IssuerKey::ec(CJOSE_JWK_EC_P_256);
    const auto keys = keys_of({rsa.published("r"), ec.published("e")}).value();
    CHECK(keys->open(rsa.sign("RS256", "r", R"({"a":1})")).value() == R"({"a":1})");
    CHECK(keys->open(ec.sign("ES256", "e", R"({"b":2})")).value() == R"({"b":2})");
    // Without a name there is one key of each kind.
    CHECK(keys->open(rsa.sign("RS256", "")));
    CHECK(keys->open(other.sign("RS256", "r")).error().kind == ErrorKind::unauthorized);
    CHECK(keys->open(other.sign("RS256", "new")).error().kind == ErrorKind::not_found);
    CHECK(keys->open(rsa.sign("RS256", "e")).error().kind == ErrorKind::not_found);
    for (const char* algorithm : {"RS384", "RS512", "PS256"}) {
        INFO(algorithm);
        CHECK(keys->open(rsa.sign(algorithm, "r")).error().kind == ErrorKind::unauthorized);
    }
    const auto two = keys_of({rsa.published("r"), other.published("o")}).value();
    CHECK(two->open(rsa.sign("RS256", "")).error().kind == ErrorKind::unauthorized);
}

TEST_CASE("a token is three parts of canonical base64url") {
    const auto rsa = IssuerKey::rsa(2048);
    const auto keys = keys_of(Json::array({rsa.published("r")})).value();
    const std::string good = rsa.sign("RS256", "r");
    REQUIRE(keys->open(good));
    const auto dot = good.find('.');
    for (const std::string& bad :
         {std::string(), std::string("."), std::string(".."), good + ".", "." + good,
          good.substr(0, good.rfind('.')), good.substr(0, good.size() - 3), good + "=", good + " ",
          "\n" + good, good.substr(0, dot) + "+" + good.substr(dot),
          good.substr(0, dot) + good.substr(dot + 1), std::string(20'000, 'a') + good,
          good + std::string(1, '\0')}) {
        INFO(bad.substr(0, 60));
        const auto opened = keys->open(bad);
        REQUIRE_FALSE(opened);
        CHECK(opened.error().kind == ErrorKind::unauthorized);
    }
}

TEST_CASE("only keys of a known kind, of enough bits and for signatures are used") {
    const auto rsa = IssuerKey::rsa(2048);
    const auto with = [&](const char* member, const Json& value) {
        Json jwk = rsa.published("r");
        jwk[member] = value;
        return keys_of(Json::array({jwk})).has_value();
    };
    CHECK(with("use", "sig"));
    CHECK(with("alg", "RS256"));
    CHECK(with("x5t", "more"));
    CHECK_FALSE(with("use", "enc"));
    CHECK_FALSE(with("alg", "RS512"));
    CHECK_FALSE(with("alg", "HS256"));
    CHECK_FALSE(with("kty", "oct"));
    CHECK_FALSE(with("n", "AQAB"));
    CHECK_FALSE(with("n", "!"));
    CHECK_FALSE(keys_of(Json::array({IssuerKey::ec(CJOSE_JWK_EC_P_384).published("e")})));
    CHECK_FALSE(keys_of(Json::array({1, "x", nullptr})));
    CHECK_FALSE(keys_of(Json::array()));
    for (const char* text : {"", "[]", "{}", R"({"keys":{}})", "<html>"}) {
        INFO(text);
        CHECK(make_signing_keys(text).error().kind == ErrorKind::bad_response);
    }
}

}  // namespace hatchery::crypto
