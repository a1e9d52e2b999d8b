#include "core/validate.hpp"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/encoding.hpp"
#include "base/ids.hpp"

namespace hatchery::core {

namespace {

constexpr std::string_view digits = "0123456789";
constexpr std::string_view lower_letters = "abcdefghijklmnopqrstuvwxyz";
constexpr std::string_view upper_letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

bool in(char c, std::string_view set) { return set.find(c) != std::string_view::npos; }

bool is_letter_or_digit(char c) {
    return in(c, digits) || in(c, lower_letters) || in(c, upper_letters);
}

template <typename Fits>
bool all(std::string_view text, Fits fits) {
    return std::all_of(text.begin(), text.end(), fits);
}

/// Whether well-formed UTF-8 has a control character: C0, DEL, C1, or a line or paragraph
/// separator.
bool has_control(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7f) return true;
        const auto next = i + 1 < text.size() ? static_cast<unsigned char>(text[i + 1]) : 0U;
        if (byte == 0xc2 && next < 0xa0) return true;
        const auto last = i + 2 < text.size() ? static_cast<unsigned char>(text[i + 2]) : 0U;
        if (byte == 0xe2 && next == 0x80 && (last == 0xa8 || last == 0xa9)) return true;
    }
    return false;
}

/// A host name, an IPv4 address, or an IPv6 address in brackets, with an optional port.
bool is_authority(std::string_view text) {
    std::string_view host = text;
    std::string_view port;
    if (text.starts_with('[')) {
        const auto end = text.find(']');
        if (end == std::string_view::npos) return false;
        host = text.substr(1, end - 1);
        if (host.find(':') == std::string_view::npos ||
            !all(host, [](char c) { return in(c, digits) || in(c, "abcdefABCDEF:."); })) {
            return false;
        }
        port = text.substr(end + 1);
        if (!port.empty() && !port.starts_with(':')) return false;
    } else {
        const auto colon = text.find(':');
        host = text.substr(0, colon);
        if (colon != std::string_view::npos) port = text.substr(colon);
        if (!all(host, [](char c) { return is_letter_or_digit(c) || in(c, ".-_"); })) return false;
        if (host.starts_with('.') || host.find("..") != std::string_view::npos) return false;
    }
    if (host.empty() || host.size() > 253) return false;
    return port.empty() || read_whole_number(port.substr(1), 1, 65535).has_value();
}

bool is_model_name(std::string_view text) {
    const auto slash = text.find('/');
    if (slash == std::string_view::npos || text.size() > 200) return false;
    const auto provider = text.substr(0, slash);
    const auto model = text.substr(slash + 1);
    return !provider.empty() && provider.size() <= 64 && is_letter_or_digit(provider.front()) &&
           all(provider, [](char c) { return is_letter_or_digit(c) || in(c, "-_."); }) &&
           !model.empty() && is_letter_or_digit(model.front()) &&
           all(model, [](char c) { return is_letter_or_digit(c) || in(c, "-_.:/@+"); }) &&
           model.find("//") == std::string_view::npos && model.back() != '/';
}

std::string alias_list(const ModelCatalog& catalog) {
    std::string list;
    for (const auto& [alias, model] : catalog.aliases) list += (list.empty() ? "" : ", ") + alias;
    return list;
}

/// Marks of direction, line and paragraph separators, and C1 controls: with them a name looks like
/// another one, or disturbs the line that it stands in.
bool has_unseen(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const auto pair = text.substr(i, 2);
        const auto third = static_cast<unsigned char>(i + 2 < text.size() ? text[i + 2] : '\0');
        if (pair[0] == '\xc2' && static_cast<unsigned char>(pair[1]) < 0xa0) return true;
        if (pair == "\xe2\x80" && (third == 0x8e || third == 0x8f)) return true;
        if (pair == "\xe2\x80" && third >= 0xa8 && third <= 0xae) return true;
        if (pair == "\xe2\x81" && third >= 0xa6 && third <= 0xa9) return true;
    }
    return false;
}

}  // namespace

Wrong check_bot_name(std::string_view text) {
    if (!base::is_utf8(text)) return "must be UTF-8 text";
    const auto length = base::utf8_length(text);
    if (length < 1 || length > 64) return "must have 1 to 64 characters";
    if (has_control(text)) return "must have no control characters or line breaks";
    if (has_unseen(text)) return "must have no invisible characters that turn or break the text";
    if (all(text, [](char c) { return c == ' '; })) return "must not be blank";
    return std::nullopt;
}

Wrong check_telegram_token(std::string_view text) {
    static constexpr const char* right =
        "must be a bot token as BotFather gives it: digits, a colon, and 30 to 64 letters, digits, "
        "'_' or '-'";
    const auto colon = text.find(':');
    if (colon == std::string_view::npos || colon < 6 || colon > 17) return right;
    const auto id = text.substr(0, colon);
    const auto rest = text.substr(colon + 1);
    if (id.front() == '0' || !all(id, [](char c) { return in(c, digits); })) return right;
    if (rest.size() < 30 || rest.size() > 64 ||
        !all(rest, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-'; })) {
        return right;
    }
    return std::nullopt;
}

Wrong check_model_base_url(std::string_view text) {
    static constexpr const char* right =
        "must be a URL such as https://models.example/v1, without user name, query or fragment";
    if (text.size() > 2048) return "must have at most 2048 characters";
    std::string_view rest;
    if (text.starts_with("https://")) {
        rest = text.substr(8);
    } else if (text.starts_with("http://")) {
        rest = text.substr(7);
    } else {
        return right;
    }
    const auto slash = rest.find('/');
    if (!is_authority(rest.substr(0, slash))) return right;
    const auto path = slash == std::string_view::npos ? std::string_view{} : rest.substr(slash);
    const bool plain =
        all(path, [](char c) { return is_letter_or_digit(c) || in(c, "/-._~!&'()*+,;=:%"); });
    if (!plain) return right;
    return std::nullopt;
}

Wrong check_model_api_key(std::string_view text) {
    if (text.empty() || text.size() > 512 ||
        !all(text, [](char c) { return c > ' ' && c < 0x7f; })) {
        return "must have 1 to 512 printable ASCII characters without blanks";
    }
    return std::nullopt;
}

Wrong check_provider_word(std::string_view text) {
    const bool fits =
        !text.empty() && text.size() <= 64 &&
        (in(text.front(), lower_letters) || in(text.front(), digits)) &&
        all(text, [](char c) { return in(c, lower_letters) || in(c, digits) || in(c, "-._"); });
    if (!fits) return "must have 1 to 64 of the characters a-z, 0-9, '-', '.', '_'";
    return std::nullopt;
}

Wrong check_uuid(std::string_view text) {
    if (!base::is_uuid(text)) return "must be a UUID such as 019a0000-0000-7000-8000-000000000000";
    return std::nullopt;
}

Wrong check_email(std::string_view text) {
    const bool fits = text.size() <= 320 && base::is_utf8(text) && text.find('\0') == text.npos &&
                      text.find('@') != text.npos;
    if (!fits) return "must be an e-mail address";
    return std::nullopt;
}

Wrong check_telegram_user_id(std::int64_t id) {
    if (id < 1 || id >= (std::int64_t{1} << 52)) {
        return "must be Telegram user ids: whole numbers from 1 to 4503599627370495";
    }
    return std::nullopt;
}

Wrong check_cursor(std::string_view text) {
    const bool fits = !text.empty() && text.size() <= 200 &&
                      all(text, [](char c) { return is_letter_or_digit(c) || in(c, "-_.:=+,~"); });
    if (!fits) return "must be the `next` of the page before";
    return std::nullopt;
}

base::Result<std::int64_t> read_whole_number(std::string_view text, std::int64_t least,
                                             std::int64_t most) {
    std::int64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stopped, error] = std::from_chars(text.data(), end, value);
    const bool plain = !text.empty() && all(text, [](char c) { return in(c, digits); });
    if (!plain || error != std::errc{} || stopped != end || value < least || value > most) {
        return base::fail(
            base::ErrorKind::invalid,
            "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    }
    return value;
}

base::Result<std::string> resolve_model(const ModelCatalog& catalog, const ModelChoice& choice) {
    using base::ErrorKind;
    const auto alias = catalog.aliases.find(choice.model);
    const std::string& model = alias == catalog.aliases.end() ? choice.model : alias->second;
    if (!is_model_name(model)) {
        return base::fail(ErrorKind::invalid,
                          "must be `provider/model`, such as anthropic/claude-opus-5, or one of: " +
                              alias_list(catalog));
    }
    const std::string provider = model.substr(0, model.find('/'));
    static constexpr auto own_service =
        std::to_array<std::string_view>({"anthropic", "openai", "google"});
    const bool known =
        std::find(own_service.begin(), own_service.end(), provider) != own_service.end();
    if (choice.has_base_url) return model;
    if (!known) {
        return base::fail(ErrorKind::invalid,
                          "must be of anthropic, openai or google; another provider needs "
                          "modelBaseUrl to say where it is");
    }
    const auto key = catalog.operator_keys.find(provider);
    const bool has_key = key != catalog.operator_keys.end() && key->second;
    if (!choice.has_own_key && !has_key) {
        return base::fail(ErrorKind::invalid,
                          "needs modelApiKey: this installation has no key of " + provider);
    }
    return model;
}

}  // namespace hatchery::core
