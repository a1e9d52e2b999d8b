#include "api/cookies.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "crypto/digest.hpp"

namespace hatchery::api {

namespace {

/// 32 random bytes in base64url.
bool is_ours(std::string_view value) {
    return value.size() == 43 && std::all_of(value.begin(), value.end(), [](char c) {
               return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '-' || c == '_';
           });
}

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace

Cookies::Cookies(std::string_view public_url)
    : secure_(!public_url.starts_with("http://")),
      session_(secure_ ? "__Host-hatchery_session" : "hatchery_session"),
      sign_in_(secure_ ? "__Host-hatchery_sign_in" : "hatchery_sign_in") {}

std::optional<std::string> Cookies::find(const front::Fields& fields,
                                         const std::string& name) const {
    std::optional<std::string> found;
    for (const auto& [field, text] : fields) {
        if (!front::same_token(field, "Cookie")) continue;
        std::string_view rest = text;
        while (!rest.empty()) {
            const auto end = rest.find(';');
            const auto pair = trim(rest.substr(0, end));
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
            const auto equals = pair.find('=');
            if (equals == std::string_view::npos || pair.substr(0, equals) != name) continue;
            // Two of one name: somebody else planted one of them, and nobody knows which.
            if (found) return std::nullopt;
            found = pair.substr(equals + 1);
        }
    }
    if (!found || !is_ours(*found)) return std::nullopt;
    return found;
}

std::string Cookies::set(const std::string& name, const std::string& value,
                         std::chrono::seconds max_age) const {
    return name + "=" + value + "; Path=/; Max-Age=" + std::to_string(max_age.count()) +
           "; HttpOnly; SameSite=Lax" + (secure_ ? "; Secure" : "");
}

std::string Cookies::clear(const std::string& name) const {
    return set(name, "", std::chrono::seconds(0));
}

std::string csrf_token(const std::string& session_secret) {
    return base::base64url_encode(crypto::hmac_sha256(session_secret, "hatchery csrf token"));
}

}  // namespace hatchery::api
