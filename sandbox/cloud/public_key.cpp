#include "sandbox/cloud/public_key.hpp"

#include <openssl/evp.h>

#include <algorithm>
#include <string_view>
#include <vector>

namespace hatchery::sandbox {

std::string fingerprint_of(const std::string& public_key) {
    const auto type_end = public_key.find(' ');
    if (type_end == std::string::npos || public_key.find('\n') != std::string::npos) {
        return "";
    }
    const std::string type = public_key.substr(0, type_end);
    std::string encoded = public_key.substr(type_end + 1);
    encoded = encoded.substr(0, encoded.find(' '));
    if (!type.starts_with("ssh-") && !type.starts_with("ecdsa-") && !type.starts_with("sk-")) {
        return "";
    }
    std::vector<unsigned char> blob(encoded.size() + 3);
    const int size =
        EVP_DecodeBlock(blob.data(), reinterpret_cast<const unsigned char*>(encoded.data()),
                        static_cast<int>(encoded.size()));
    const auto padding = static_cast<int>(std::count(encoded.begin(), encoded.end(), '='));
    // The bytes repeat the type in front, after its length in four bytes.
    const std::string start(blob.begin(), blob.begin() + std::max(size, 0));
    if (size <= padding + 4 || start.compare(4, type.size(), type) != 0) {
        return "";
    }
    unsigned char digest[EVP_MAX_MD_SIZE];
    unsigned int length = 0;
    EVP_Digest(blob.data(), static_cast<std::size_t>(size - padding), digest, &length, EVP_md5(),
               nullptr);
    constexpr std::string_view kDigits = "0123456789abcdef";
    std::string text;
    for (unsigned int position = 0; position < length; ++position) {
        text += position == 0 ? "" : ":";
        text += kDigits[digest[position] >> 4U];
        text += kDigits[digest[position] & 15U];
    }
    return text;
}

}  // namespace hatchery::sandbox
