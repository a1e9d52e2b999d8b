#include "cli/terminal_guard.hpp"

namespace hatchery::cli {

namespace {

/// How many bytes at the end of the text begin a character and do not end it: three at most.
std::size_t begun_at_end(std::string_view text) {
    for (std::size_t bytes = 1; bytes <= 3 && bytes <= text.size(); ++bytes) {
        const unsigned byte = static_cast<unsigned char>(text[text.size() - bytes]);
        if (byte >= 0x80 && byte < 0xc0) continue;
        const std::size_t whole = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : byte >= 0xc0 ? 2 : 1;
        return bytes < whole ? bytes : 0;
    }
    return 0;
}

}  // namespace

TerminalGuard::~TerminalGuard() {
    hand_on_held();
    sink_.flush();
}

void TerminalGuard::control(std::string_view sequence) {
    hand_on_held();
    sink_ << sequence;
}

TerminalGuard::int_type TerminalGuard::overflow(int_type c) {
    if (traits_type::eq_int_type(c, traits_type::eof())) return traits_type::not_eof(c);
    const char byte = traits_type::to_char_type(c);
    return xsputn(&byte, 1) == 1 ? c : traits_type::eof();
}

std::streamsize TerminalGuard::xsputn(const char* text, std::streamsize size) {
    held_.append(text, static_cast<std::size_t>(size));
    const std::size_t whole = held_.size() - begun_at_end(held_);
    sink_ << printable(std::string_view(held_).substr(0, whole), Lines::kept, replaced_);
    held_.erase(0, whole);
    return sink_ ? size : 0;
}

int TerminalGuard::sync() {
    // What is held stays: the bytes that complete it are not here to be judged with it.
    sink_.flush();
    return sink_ ? 0 : -1;
}

void TerminalGuard::hand_on_held() {
    sink_ << held_;
    held_.clear();
}

}  // namespace hatchery::cli
