#include "crypto/key_ring.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <stdexcept>
#include <utility>
#include <vector>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"

namespace hatchery::crypto {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::Secret;

constexpr std::size_t key_bytes = 32;
constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t tag_bytes = 16;

struct FreeCipherContext {
    void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
struct FreeCipher {
    void operator()(EVP_CIPHER* cipher) const { EVP_CIPHER_free(cipher); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipherContext>;

struct MasterKey {
    std::string id;
    Secret bytes;
};

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

std::string random_bytes(std::size_t count) {
    std::string bytes(count, '\0');
    if (RAND_bytes(bytes_of(bytes), static_cast<int>(count)) != 1) {
        throw std::runtime_error("OpenSSL gives no random bytes");
    }
    return bytes;
}

void check(int openssl_result) {
    if (openssl_result != 1) throw std::runtime_error("OpenSSL cannot do AES-256-GCM");
}

class KeyRing final : public ports::SecretBox {
public:
    explicit KeyRing(std::vector<MasterKey> keys)
        : keys_(std::move(keys)), cipher_(EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr)) {
        check(cipher_ ? 1 : 0);
    }

    [[nodiscard]] std::vector<std::string> key_ids() const override {
        std::vector<std::string> ids;
        for (const MasterKey& key : keys_) ids.push_back(key.id);
        return ids;
    }

    Sealed seal(const Secret& secret, const std::string& binding) override {
        const MasterKey& key = keys_.front();
        const std::string& plain = secret.reveal();
        std::string text = random_bytes(nonce_bytes);
        text.resize(nonce_bytes + plain.size() + tag_bytes);
        unsigned char* const start = bytes_of(text);
        const CipherContext context(EVP_CIPHER_CTX_new());
        int length = 0;
        check(EVP_EncryptInit_ex2(context.get(), cipher_.get(), bytes_of(key.bytes.reveal()), start,
                                  nullptr));
        check(EVP_EncryptUpdate(context.get(), nullptr, &length, bytes_of(binding),
                                static_cast<int>(binding.size())));
        check(EVP_EncryptUpdate(context.get(), start + nonce_bytes, &length, bytes_of(plain),
                                static_cast<int>(plain.size())));
        check(EVP_EncryptFinal_ex(context.get(), start + nonce_bytes + plain.size(), &length));
        check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_GET_TAG, tag_bytes,
                                  start + nonce_bytes + plain.size()));
        return {key.id, base::base64_encode(text)};
    }

    Result<Secret> open(const Sealed& sealed, const std::string& binding) override {
        const MasterKey* key = find(sealed.key_id);
        if (key == nullptr) {
            return fail(ErrorKind::internal,
                        fmt::format("the key {} that sealed a secret is not in the key ring",
                                    sealed.key_id),
                        "Add the former master key to HATCHERY_MASTER_KEY again.");
        }
        auto text = base::base64_decode(sealed.text);
        if (!text || text->size() < nonce_bytes + tag_bytes) {
            return fail(ErrorKind::internal, "a sealed secret is damaged");
        }
        std::string plain(text->size() - nonce_bytes - tag_bytes, '\0');
        if (!decrypt(*key, *text, binding, plain)) {
            OPENSSL_cleanse(plain.data(), plain.size());
            return fail(ErrorKind::internal,
                        "a sealed secret was changed, or belongs to another row");
        }
        return Secret(std::move(plain));
    }

private:
    const MasterKey* find(const std::string& id) const {
        for (const MasterKey& key : keys_) {
            if (key.id == id) return &key;
        }
        return nullptr;
    }

    bool decrypt(const MasterKey& key, std::string& text, const std::string& binding,
                 std::string& plain) const {
        unsigned char* const start = bytes_of(text);
        const CipherContext context(EVP_CIPHER_CTX_new());
        int length = 0;
        check(EVP_DecryptInit_ex2(context.get(), cipher_.get(), bytes_of(key.bytes.reveal()), start,
                                  nullptr));
        check(EVP_DecryptUpdate(context.get(), nullptr, &length, bytes_of(binding),
                                static_cast<int>(binding.size())));
        check(EVP_DecryptUpdate(context.get(), bytes_of(plain), &length, start + nonce_bytes,
                                static_cast<int>(plain.size())));
        check(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_GCM_SET_TAG, tag_bytes,
                                  start + nonce_bytes + plain.size()));
        return EVP_DecryptFinal_ex(context.get(), bytes_of(plain) + plain.size(), &length) == 1;
    }

    std::vector<MasterKey> keys_;
    std::unique_ptr<EVP_CIPHER, FreeCipher> cipher_;
};

Result<MasterKey> read_master_key(const Secret& text, std::size_t place) {
    static constexpr const char* next = "Make one with: openssl rand -base64 32";
    auto bytes = base::base64_decode(text.reveal());
    if (!bytes) {
        return fail(ErrorKind::invalid,
                    fmt::format("HATCHERY_MASTER_KEY: key {} is not base64", place), next);
    }
    if (bytes->size() != key_bytes) {
        const std::size_t size = bytes->size();
        OPENSSL_cleanse(bytes->data(), size);
        return fail(ErrorKind::invalid,
                    fmt::format("HATCHERY_MASTER_KEY: key {} has {} bytes instead of {}", place,
                                size, key_bytes),
                    next);
    }
    std::string id = sha256_hex(*bytes).substr(0, 8);
    return MasterKey{std::move(id), Secret(std::move(*bytes))};
}

}  // namespace

Result<std::unique_ptr<ports::SecretBox>> make_secret_box(
    std::span<const Secret> master_keys_base64) {
    if (master_keys_base64.empty()) {
        return fail(ErrorKind::invalid, "HATCHERY_MASTER_KEY is not set",
                    "Make one with: openssl rand -base64 32");
    }
    std::vector<MasterKey> keys;
    for (const Secret& text : master_keys_base64) {
        auto key = read_master_key(text, keys.size() + 1);
        if (!key) return tl::unexpected(key.error());
        keys.push_back(std::move(*key));
    }
    return std::make_unique<KeyRing>(std::move(keys));
}

Secret make_master_key() { return Secret(base::base64_encode(random_bytes(key_bytes))); }

}  // namespace hatchery::crypto
