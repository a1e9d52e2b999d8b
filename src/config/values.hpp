#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/secret.hpp"

/// How the text of a setting becomes a value. Whatever reads answers what would be right when the
/// text is wrong, never the text itself: it may be a secret. No text is empty: an empty value
/// counts as not set (load.cpp).
namespace hatchery::config {

/// What would be right; nothing when the value is.
using Wrong = std::optional<std::string>;

/// Whether every character is one of those allowed.
[[nodiscard]] bool only(std::string_view text, std::string_view allowed);

/// Whether it is ASCII without blanks and control characters.
[[nodiscard]] bool printable(std::string_view text);

/// A whole number in decimal; nothing when there is anything else in the text.
[[nodiscard]] std::optional<long long> number(std::string_view text);

/// The parts between commas, without the blanks around them. A comma at the end ends the last part;
/// any other empty part is given, to be refused.
[[nodiscard]] std::vector<std::string_view> comma_list(std::string_view text);

struct UrlParts {
    std::string_view scheme;
    std::string_view host;
    std::string_view port;
    std::string_view path;
};

/// Nothing when it is no http or https URL, or carries a user name, a query or a fragment.
[[nodiscard]] std::optional<UrlParts> split_url(std::string_view url);

[[nodiscard]] bool is_loopback_host(std::string_view host);

/// A whole number within bounds, `least` and `most` included.
[[nodiscard]] Wrong read_whole(std::string_view text, long long least, long long most,
                               long long& into);

template <typename T>
[[nodiscard]] Wrong read_number(std::string_view text, long long least, long long most, T& into) {
    long long value = 0;
    Wrong wrong = read_whole(text, least, most, value);
    if (!wrong) into = static_cast<T>(value);
    return wrong;
}

/// The text is in seconds, whatever the unit of the duration.
template <typename Duration>
[[nodiscard]] Wrong read_seconds(std::string_view text, long long least, long long most,
                                 Duration& into) {
    long long value = 0;
    Wrong wrong = read_whole(text, least, most, value);
    if (!wrong) into = std::chrono::seconds(value);
    return wrong;
}

/// An http or https URL; kept without the slashes at its end.
[[nodiscard]] Wrong read_url(const std::string& text, std::string& into);

/// A service's base URL. Plain http is for this machine only: tokens travel to it.
[[nodiscard]] Wrong read_service_url(const std::string& text, std::string& into);

[[nodiscard]] Wrong read_secret(const std::string& text, base::Secret& into);

/// A name as providers write them: a region, a type, an image.
[[nodiscard]] Wrong read_word(const std::string& text, std::string& into);

/// An absolute path.
[[nodiscard]] Wrong read_path(const std::string& text, std::string& into);

/// Anything without blanks.
[[nodiscard]] Wrong read_printable(const std::string& text, std::string& into);

}  // namespace hatchery::config
