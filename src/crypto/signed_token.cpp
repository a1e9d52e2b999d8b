#include "crypto/signed_token.hpp"

#include <cjose/cjose.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "base/encoding.hpp"
#include "base/json.hpp"

namespace hatchery::crypto {

namespace {

using base::ErrorKind;
using base::fail;
using base::Json;
using base::Result;

constexpr std::size_t longest_token = 16U << 10U;
constexpr std::size_t longest_key_set = 256U << 10U;
constexpr std::size_t most_keys = 50;
/// 2048 bits.
constexpr std::size_t least_modulus_bytes = 256;

struct FreeKey {
    void operator()(cjose_jwk_t* key) const { cjose_jwk_release(key); }
};
struct FreeToken {
    void operator()(cjose_jws_t* token) const { cjose_jws_release(token); }
};

/// One key as its JSON text: importing it takes microseconds, and leaves nothing to share.
struct Key {
    std::string id;
    /// The only algorithm that it is used with.
    std::string_view algorithm;
    std::string json;
};

tl::unexpected<base::Error> refused(std::string_view what) {
    return fail(ErrorKind::unauthorized, "The token " + std::string(what) + ".");
}

/// Nothing for a key of another kind or for another use.
std::optional<Key> usable_key(const Json& jwk) {
    if (!jwk.is_object()) return std::nullopt;
    const std::string type = base::json_string(jwk, "kty");
    Key key{.id = base::json_string(jwk, "kid"), .algorithm = {}, .json = {}};
    Json plain = {{"kty", type}};
    const auto take = [&](const char* member) { plain[member] = base::json_string(jwk, member); };
    if (type == "RSA") {
        const auto modulus = base::base64_decode(base::json_string(jwk, "n"));
        if (!modulus || modulus->size() < least_modulus_bytes) return std::nullopt;
        key.algorithm = "RS256";
        take("n");
        take("e");
    } else if (type == "EC" && base::json_string(jwk, "crv") == "P-256") {
        key.algorithm = "ES256";
        take("crv");
        take("x");
        take("y");
    } else {
        return std::nullopt;
    }
    if (base::json_string(jwk, "use", "sig") != "sig") return std::nullopt;
    if (base::json_string(jwk, "alg", key.algorithm) != key.algorithm) return std::nullopt;
    key.json = base::dump_json(plain);
    return key;
}

/// Three parts in base64url as it must be written: no padding, no stray bits.
bool well_formed(std::string_view token) {
    if (token.size() > longest_token || std::count(token.begin(), token.end(), '.') != 2) {
        return false;
    }
    for (int part = 0; part < 3; ++part) {
        const auto end = std::min(token.find('.'), token.size());
        const auto bytes = base::base64_decode(token.substr(0, end));
        if (!bytes || base::base64url_encode(*bytes) != token.substr(0, end)) return false;
        token.remove_prefix(std::min(end + 1, token.size()));
    }
    return true;
}

/// What the head says, as the library that checks the signature reads it.
struct Head {
    std::string algorithm;
    std::string key_id;
};

Result<Head> read_head(cjose_jws_t* token) {
    cjose_header_t* header = cjose_jws_get_protected(token);
    const auto text = [&](const char* name) {
        cjose_err ignored{};
        const char* value = cjose_header_get(header, name, &ignored);
        return std::string(value == nullptr ? "" : value);
    };
    cjose_err ignored{};
    // What must be understood to be safe is not understood here (RFC 7515, 4.1.11).
    if (char* critical = cjose_header_get_raw(header, "crit", &ignored)) {
        cjose_get_dealloc()(critical);
        return refused("has a critical extension");
    }
    return Head{.algorithm = text(CJOSE_HDR_ALG), .key_id = text(CJOSE_HDR_KID)};
}

class JwkSet final : public SigningKeys {
public:
    explicit JwkSet(std::vector<Key> keys) : keys_(std::move(keys)) {}

    Result<std::string> open(std::string_view token) const override {
        if (!well_formed(token)) return refused("is malformed");
        cjose_err error{};
        const std::unique_ptr<cjose_jws_t, FreeToken> signed_token(
            cjose_jws_import(token.data(), token.size(), &error));
        if (!signed_token) return refused("is malformed");
        const auto head = read_head(signed_token.get());
        if (!head) return fail(head.error());
        if (head->algorithm != "RS256" && head->algorithm != "ES256") {
            return refused("is signed in a way that is not accepted");
        }
        const auto key = key_for(*head);
        if (!key) return fail(key.error());
        const std::unique_ptr<cjose_jwk_t, FreeKey> imported(
            cjose_jwk_import((*key)->json.data(), (*key)->json.size(), &error));
        if (!imported) return refused("is signed by a broken key");
        if (!cjose_jws_verify(signed_token.get(), imported.get(), &error)) {
            return refused("has a wrong signature");
        }
        std::uint8_t* bytes = nullptr;
        std::size_t size = 0;
        if (!cjose_jws_get_plaintext(signed_token.get(), &bytes, &size, &error)) {
            return refused("is malformed");
        }
        return std::string(reinterpret_cast<const char*>(bytes), size);
    }

private:
    /// The key that the head names; without a name, the only one of its kind.
    [[nodiscard]] Result<const Key*> key_for(const Head& head) const {
        const Key* found = nullptr;
        for (const auto& key : keys_) {
            const bool fits =
                key.algorithm == head.algorithm && (head.key_id.empty() || key.id == head.key_id);
            if (!fits) continue;
            if (found != nullptr) return refused("does not say which key signed it");
            found = &key;
        }
        if (found == nullptr) {
            return fail(ErrorKind::not_found, "The token is signed by an unknown key.");
        }
        return found;
    }

    const std::vector<Key> keys_;
};

}  // namespace

Result<std::unique_ptr<SigningKeys>> make_signing_keys(std::string_view jwks) {
    const auto parsed = base::parse_json(jwks, longest_key_set, 8);
    const auto none = [] {
        return fail(ErrorKind::bad_response, "The issuer publishes no keys that can be used.");
    };
    if (!parsed) return none();
    std::vector<Key> keys;
    const Json& list = base::json_member(*parsed, "keys");
    if (!list.is_array() || list.size() > most_keys) return none();
    for (const auto& jwk : list) {
        if (auto key = usable_key(jwk)) keys.push_back(std::move(*key));
    }
    if (keys.empty()) return none();
    return std::make_unique<JwkSet>(std::move(keys));
}

}  // namespace hatchery::crypto
