#include "crypto/digest.hpp"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <memory>
#include <stdexcept>
#include <system_error>
#include <vector>

#include "base/encoding.hpp"

namespace hatchery::crypto {

namespace {

struct FreeDigest {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
struct CloseFile {
    void operator()(std::FILE* file) const { std::fclose(file); }
};

/// SHA-256 over pieces. Throws std::runtime_error only when OpenSSL itself is broken.
class Sha256 {
public:
    Sha256() : context_(EVP_MD_CTX_new()) {
        check(context_ && EVP_DigestInit_ex(context_.get(), EVP_sha256(), nullptr) == 1);
    }
    void add(std::string_view bytes) {
        check(EVP_DigestUpdate(context_.get(), bytes.data(), bytes.size()) == 1);
    }
    [[nodiscard]] std::string hex() {
        std::array<unsigned char, 32> digest{};
        check(EVP_DigestFinal_ex(context_.get(), digest.data(), nullptr) == 1);
        return base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
    }

private:
    static void check(bool ok) {
        if (!ok) throw std::runtime_error("OpenSSL cannot compute SHA-256");
    }
    std::unique_ptr<EVP_MD_CTX, FreeDigest> context_;
};

}  // namespace

std::string sha256_hex(std::string_view bytes) {
    Sha256 digest;
    digest.add(bytes);
    return digest.hex();
}

base::Result<std::string> sha256_file(const std::string& path) {
    const std::unique_ptr<std::FILE, CloseFile> file(std::fopen(path.c_str(), "rbe"));
    if (!file) {
        const int code = errno;
        return base::fail(code == ENOENT ? base::ErrorKind::not_found : base::ErrorKind::internal,
                          "cannot read " + path + ": " + std::generic_category().message(code));
    }
    Sha256 digest;
    std::vector<char> buffer(std::size_t{256} << 10U);
    for (;;) {
        const std::size_t got = std::fread(buffer.data(), 1, buffer.size(), file.get());
        digest.add({buffer.data(), got});
        if (got < buffer.size()) break;
    }
    if (std::ferror(file.get()) != 0) {
        return base::fail(base::ErrorKind::internal, "cannot read the whole of " + path);
    }
    return digest.hex();
}

std::string hmac_sha256(std::string_view key, std::string_view message) {
    std::string mac(32, '\0');
    unsigned length = 0;
    // A null key pointer would mean "the key of the last call" to OpenSSL.
    const char* key_bytes = key.empty() ? "" : key.data();
    const bool ok = HMAC(EVP_sha256(), key_bytes, static_cast<int>(key.size()),
                         reinterpret_cast<const unsigned char*>(message.data()), message.size(),
                         reinterpret_cast<unsigned char*>(mac.data()), &length) != nullptr;
    if (!ok || length != mac.size()) throw std::runtime_error("OpenSSL cannot compute an HMAC");
    return mac;
}

bool constant_time_equal(std::string_view left, std::string_view right) {
    return left.size() == right.size() &&
           CRYPTO_memcmp(left.data(), right.data(), left.size()) == 0;
}

}  // namespace hatchery::crypto
