#include "remote/content_hash.hpp"

#include <openssl/evp.h>

#include <array>
#include <stdexcept>

#include "base/encoding.hpp"

namespace hatchery::remote {

std::string content_hash(std::string_view bytes) {
    std::array<unsigned char, 32> digest{};
    std::size_t length = 0;
    if (EVP_Q_digest(nullptr, "SHA256", nullptr, bytes.data(), bytes.size(), digest.data(),
                     &length) != 1 ||
        length != digest.size()) {
        throw std::runtime_error("OpenSSL cannot compute SHA-256");
    }
    return base::hex_encode({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace hatchery::remote
