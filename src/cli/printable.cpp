#include "cli/printable.hpp"

#include <fmt/format.h>

#include "base/encoding.hpp"

namespace hatchery::cli {

namespace {

/// A character that no terminal may have, at the beginning of a text.
struct Harmful {
    std::size_t bytes = 0;  ///< 0: what stands there is harmless
    unsigned code = 0;
};

unsigned byte_at(std::string_view text, std::size_t i) {
    return i < text.size() ? static_cast<unsigned char>(text[i]) : 0;
}

/// C1 (U+009B alone begins an escape sequence), and what embeds or overrides a direction.
Harmful harmful_character(std::string_view text) {
    const unsigned first = byte_at(text, 0);
    const unsigned second = byte_at(text, 1);
    const unsigned third = byte_at(text, 2);
    if (first == 0xc2 && second >= 0x80 && second < 0xa0) return {2, second};
    if (first != 0xe2 || (second != 0x80 && second != 0x81) || third < 0x80) return {};
    const unsigned code = 0x2000 + ((second & 0x3f) << 6) + (third & 0x3f);
    const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return turns ? Harmful{3, code} : Harmful{};
}

/// How many bytes the character at the beginning of a text has; 0 when none begins or ends there.
std::size_t whole_character(std::string_view text) {
    const unsigned first = byte_at(text, 0);
    const std::size_t bytes = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;
    return bytes <= text.size() && base::is_utf8(text.substr(0, bytes)) ? bytes : 0;
}

/// Of C0 and DEL. JSON's own text has none of C0 within a string: they are line ends between.
std::string control_shown(char c, Lines lines, Replaced replaced) {
    if (c == '\t' || (c == '\n' && lines == Lines::kept)) return {c};
    if (c == '\n' || c == '\r') return " ";
    return replaced == Replaced::by_escape ? fmt::format("\\u{:04x}", static_cast<unsigned char>(c))
                                           : "?";
}

}  // namespace

std::string printable(std::string_view text, Lines lines, Replaced replaced) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const unsigned byte = byte_at(text, i);
        if (byte < 0x20 || byte == 0x7f) {
            out += control_shown(text[i], lines, replaced);
        } else if (const Harmful found = harmful_character(text.substr(i)); found.bytes > 0) {
            out += replaced == Replaced::by_escape ? fmt::format("\\u{:04x}", found.code) : "?";
            i += found.bytes - 1;
        } else if (const std::size_t bytes = whole_character(text.substr(i)); bytes > 0) {
            out += text.substr(i, bytes);
            i += bytes - 1;
        } else if (byte < 0xa0) {
            // C1 as one byte, which some terminals obey.
            out += replaced == Replaced::by_escape ? fmt::format("\\u{:04x}", byte) : "?";
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string shown(const base::Json& object, std::string_view key, std::string_view otherwise) {
    return printable(base::json_string(object, key, otherwise));
}

}  // namespace hatchery::cli
