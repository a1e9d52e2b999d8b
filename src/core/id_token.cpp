#include "core/id_token.hpp"

#include <algorithm>
#include <optional>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::core {

namespace {

using base::Json;

/// Google signs with either spelling of its own name.
constexpr std::string_view google_issuer = "https://accounts.google.com";
constexpr std::string_view google_short_issuer = "accounts.google.com";

/// A time in whole or broken seconds since 1970; nothing when it is none that can be meant.
std::optional<base::TimePoint> time_claim(const Json& claims, const char* name) {
    const Json& value = base::json_member(claims, name);
    if (!value.is_number()) return std::nullopt;
    const double seconds = value.get<double>();
    if (!(seconds > 0) || seconds > 253'402'300'799.0) return std::nullopt;
    return base::TimePoint(std::chrono::microseconds(static_cast<std::int64_t>(seconds * 1e6)));
}

bool text_is(const Json& value, const std::string& text) {
    return value.is_string() && value.get_ref<const std::string&>() == text;
}

bool issuer_fits(const Json& claims, const std::string& issuer) {
    const Json& value = base::json_member(claims, "iss");
    return text_is(value, issuer) ||
           (issuer == google_issuer && text_is(value, std::string(google_short_issuer)));
}

/// The audience is us alone, or several of which we are one and the authorized party.
bool audience_fits(const Json& claims, const std::string& client_id) {
    const Json& audience = base::json_member(claims, "aud");
    bool ours = text_is(audience, client_id);
    bool several = false;
    if (audience.is_array()) {
        several = audience.size() > 1;
        ours = std::any_of(audience.begin(), audience.end(),
                           [&](const Json& one) { return text_is(one, client_id); });
    }
    const Json& party = base::json_member(claims, "azp");
    if (!party.is_null() && !text_is(party, client_id)) return false;
    return ours && (!several || text_is(party, client_id));
}

/// What is wrong with the times, or an empty text.
std::string_view wrong_times(const Json& claims, const IdTokenExpectations& expected) {
    const auto expires = time_claim(claims, "exp");
    if (!expires) return "has no time of expiry";
    if (expected.now >= *expires + expected.leeway) return "has expired";
    const auto issued = time_claim(claims, "iat");
    if (!issued) return "has no time of issue";
    if (*issued > expected.now + expected.leeway) return "was issued in the future";
    if (*issued + expected.max_age + expected.leeway < expected.now) return "is too old";
    if (claims.contains("nbf")) {
        const auto begins = time_claim(claims, "nbf");
        if (!begins || *begins > expected.now + expected.leeway) return "is not valid yet";
    }
    return {};
}

bool is_email(const std::string& text) {
    const auto at = text.find('@');
    return text.size() <= 254 && at != std::string::npos && at > 0 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string::npos && base::is_utf8(text) &&
           std::all_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) > ' ' && c != '\x7f'; });
}

tl::unexpected<base::Error> refused(std::string_view what) {
    return base::fail(base::ErrorKind::unauthorized, "The ID token " + std::string(what) + ".",
                      "Sign in again.");
}

}  // namespace

base::Result<Identity> check_id_token(const Json& claims, const IdTokenExpectations& expected) {
    if (!claims.is_object()) return refused("is not an object");
    if (!issuer_fits(claims, expected.issuer)) return refused("is of another issuer");
    if (!audience_fits(claims, expected.client_id)) return refused("is for somebody else");
    if (const auto wrong = wrong_times(claims, expected); !wrong.empty()) return refused(wrong);
    if (expected.nonce.empty() || !text_is(base::json_member(claims, "nonce"), expected.nonce)) {
        return refused("belongs to another sign-in");
    }
    const std::string subject = base::json_string(claims, "sub");
    if (subject.empty() || subject.size() > 255) return refused("names nobody");
    const std::string email = base::json_string(claims, "email");
    if (!is_email(email)) return refused("has no e-mail address");
    const Json& verified = base::json_member(claims, "email_verified");
    if (!verified.is_boolean() || !verified.get<bool>()) {
        return base::fail(base::ErrorKind::unauthorized,
                          "The issuer has not verified this account's e-mail address.",
                          "Verify the address there, then sign in again.");
    }
    std::string name = base::to_utf8(base::json_string(claims, "name"));
    if (name.size() > 200) name.clear();
    return Identity{
        .issuer = expected.issuer, .subject = subject, .email = email, .name = std::move(name)};
}

bool same_email(const std::string& left, const std::string& right) {
    const auto lower = [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    };
    return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                      [&](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace hatchery::core
