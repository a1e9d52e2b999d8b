#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

/// Of C0 and DEL.
char shown(char c, Lines lines) {
    if (c == '\t' || (c == '\n' && lines == Lines::kept)) return c;
    return c == '\n' || c == '\r' ? ' ' : '?';
}

}  // namespace

std::string printable(std::string_view text, Lines lines) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if (byte < 0x20 || byte == 0x7f) {
            out += shown(text[i], lines);
        } else if (byte == 0xc2 && i + 1 < text.size() &&
                   static_cast<unsigned char>(text[i + 1]) < 0xa0) {
            // C1: U+009B alone begins an escape sequence.
            out += '?';
            ++i;
        } else {
            out += text[i];
        }
    }
    return out;
}

}  // namespace hatchery::cli
