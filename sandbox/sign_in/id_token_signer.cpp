#include "sandbox/sign_in/id_token_signer.hpp"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>

#include <stdexcept>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::sandbox::sign_in {

namespace {

constexpr const char* key_id = "sandbox";
constexpr unsigned int key_bits = 2048;

/// One of the public numbers, big-endian in base64url.
std::string number_of(const EVP_PKEY* key, const char* name) {
    BIGNUM* number = nullptr;
    if (EVP_PKEY_get_bn_param(key, name, &number) != 1) {
        throw std::runtime_error("the key shows no public number");
    }
    std::string bytes(static_cast<std::size_t>(BN_num_bytes(number)), '\0');
    BN_bn2bin(number, reinterpret_cast<unsigned char*>(bytes.data()));
    BN_free(number);
    return base::base64url_encode(bytes);
}

}  // namespace

struct IdTokenSigner::Key {
    std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> pair{nullptr, &EVP_PKEY_free};
};

IdTokenSigner::IdTokenSigner() : key_(std::make_unique<Key>()) {
    key_->pair.reset(EVP_RSA_gen(key_bits));
    if (!key_->pair) throw std::runtime_error("no RSA key could be made");
}

IdTokenSigner::~IdTokenSigner() = default;

base::Json IdTokenSigner::key_set() const {
    return {
        {"keys", base::Json::array({{{"kty", "RSA"},
                                     {"use", "sig"},
                                     {"alg", "RS256"},
                                     {"kid", key_id},
                                     {"n", number_of(key_->pair.get(), OSSL_PKEY_PARAM_RSA_N)},
                                     {"e", number_of(key_->pair.get(), OSSL_PKEY_PARAM_RSA_E)}}})}};
}

std::string IdTokenSigner::sign(const base::Json& claims) const {
    const base::Json head{{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_id}};
    const std::string text = base::base64url_encode(base::dump_json(head)) + "." +
                             base::base64url_encode(base::dump_json(claims));
    const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(),
                                                                          &EVP_MD_CTX_free);
    std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(key_->pair.get())), '\0');
    std::size_t size = signature.size();
    const bool made =
        context &&
        EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, key_->pair.get()) == 1 &&
        EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                       reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
    if (!made) throw std::runtime_error("the ID token could not be signed");
    signature.resize(size);
    return text + "." + base::base64url_encode(signature);
}

std::string s256(const std::string& text) {
    std::string digest(EVP_MAX_MD_SIZE, '\0');
    unsigned int size = 0;
    if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(digest.data()), &size,
                   EVP_sha256(), nullptr) != 1) {
        throw std::runtime_error("no SHA-256");
    }
    digest.resize(size);
    return base::base64url_encode(digest);
}

}  // namespace hatchery::sandbox::sign_in
