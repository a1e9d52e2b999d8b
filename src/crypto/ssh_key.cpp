#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "base/encoding.hpp"
#include "crypto/key_ring.hpp"

namespace hatchery::crypto {

namespace {

using base::Secret;

struct FreeKey {
    void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
};

constexpr std::size_t key_bytes = 32;
constexpr std::string_view key_type = "ssh-ed25519";

void put_u32(std::string& out, std::uint32_t value) {
    for (int shift = 24; shift >= 0; shift -= 8) {
        out.push_back(static_cast<char>(value >> static_cast<unsigned>(shift) & 0xffU));
    }
}

/// RFC 4251's `string`: length, then bytes.
void put_string(std::string& out, std::string_view bytes) {
    put_u32(out, static_cast<std::uint32_t>(bytes.size()));
    out += bytes;
}

std::string public_blob(std::string_view public_bytes) {
    std::string blob;
    put_string(blob, key_type);
    put_string(blob, public_bytes);
    return blob;
}

/// The layout is OpenSSH's PROTOCOL.key: no cipher, one key, two equal check numbers, and padding
/// 1, 2, 3 … up to a multiple of 8.
std::string private_text(std::string_view public_bytes, std::string_view seed,
                         std::uint32_t check_number) {
    std::string secret_part;
    secret_part.reserve(256);
    put_u32(secret_part, check_number);
    put_u32(secret_part, check_number);
    put_string(secret_part, key_type);
    put_string(secret_part, public_bytes);
    put_u32(secret_part, 2 * key_bytes);
    secret_part += seed;
    secret_part += public_bytes;
    put_string(secret_part, "");
    for (char pad = 1; secret_part.size() % 8 != 0; ++pad) secret_part.push_back(pad);

    std::string blob("openssh-key-v1\0", 15);
    blob.reserve(512);
    put_string(blob, "none");
    put_string(blob, "none");
    put_string(blob, "");
    put_u32(blob, 1);
    put_string(blob, public_blob(public_bytes));
    put_string(blob, secret_part);

    std::string encoded = base::base64_encode(blob);
    std::string text = "-----BEGIN OPENSSH PRIVATE KEY-----\n";
    text.reserve(encoded.size() + 128);
    for (std::size_t at = 0; at < encoded.size(); at += 70) {
        text.append(encoded, at, 70);
        text.push_back('\n');
    }
    text += "-----END OPENSSH PRIVATE KEY-----\n";
    OPENSSL_cleanse(secret_part.data(), secret_part.size());
    OPENSSL_cleanse(blob.data(), blob.size());
    OPENSSL_cleanse(encoded.data(), encoded.size());
    return text;
}

class OpensslKeyMaker final : public ports::KeyMaker {
public:
    ports::SshKeyPair make_ssh_key() override {
        const std::unique_ptr<EVP_PKEY, FreeKey> key(
            EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"));
        std::string public_bytes(key_bytes, '\0');
        std::string seed(key_bytes, '\0');
        std::size_t public_size = key_bytes;
        std::size_t seed_size = key_bytes;
        if (!key ||
            EVP_PKEY_get_raw_public_key(key.get(),
                                        reinterpret_cast<unsigned char*>(public_bytes.data()),
                                        &public_size) != 1 ||
            EVP_PKEY_get_raw_private_key(key.get(), reinterpret_cast<unsigned char*>(seed.data()),
                                         &seed_size) != 1) {
            throw std::runtime_error("OpenSSL cannot make an Ed25519 key");
        }
        // Readers only compare the two check numbers with each other; any value will do.
        std::uint32_t check_number = 0;
        for (int i = 0; i < 4; ++i) {
            check_number = check_number << 8U |
                           static_cast<std::uint8_t>(public_bytes[static_cast<std::size_t>(i)]);
        }
        ports::SshKeyPair pair{
            .public_key =
                std::string(key_type) + " " + base::base64_encode(public_blob(public_bytes)),
            .private_key = Secret(private_text(public_bytes, seed, check_number))};
        OPENSSL_cleanse(seed.data(), seed.size());
        return pair;
    }
};

}  // namespace

std::unique_ptr<ports::KeyMaker> make_key_maker() { return std::make_unique<OpensslKeyMaker>(); }

}  // namespace hatchery::crypto
