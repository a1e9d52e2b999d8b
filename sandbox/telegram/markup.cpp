#include "sandbox/telegram/markup.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <optional>
#include <utility>
#include <vector>

namespace hatchery::sandbox::telegram {
namespace {

struct OpenTag {
    std::string name;
    std::string entity;
    std::string url;
    std::size_t offset = 0;  // UTF-16 units
    std::size_t at = 0;      // byte of the source
};

constexpr std::array<std::pair<std::string_view, std::string_view>, 15> tag_entities{{
    {"b", "bold"},
    {"strong", "bold"},
    {"i", "italic"},
    {"em", "italic"},
    {"u", "underline"},
    {"ins", "underline"},
    {"s", "strikethrough"},
    {"strike", "strikethrough"},
    {"del", "strikethrough"},
    {"code", "code"},
    {"pre", "pre"},
    {"a", "text_link"},
    {"span", "spoiler"},
    {"tg-spoiler", "spoiler"},
    {"blockquote", "blockquote"},
}};

std::string_view entity_of(std::string_view tag) {
    if (tag == "tg-emoji") return "custom_emoji";
    for (const auto& [name, entity] : tag_entities) {
        if (name == tag) return entity;
    }
    return {};
}

void append_utf8(std::string& out, unsigned code) {
    if (code < 0x80) {
        out += static_cast<char>(code);
    } else if (code < 0x800) {
        out += static_cast<char>(0xC0 | (code >> 6));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else if (code < 0x10000) {
        out += static_cast<char>(0xE0 | (code >> 12));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    } else {
        out += static_cast<char>(0xF0 | (code >> 18));
        out += static_cast<char>(0x80 | ((code >> 12) & 0x3F));
        out += static_cast<char>(0x80 | ((code >> 6) & 0x3F));
        out += static_cast<char>(0x80 | (code & 0x3F));
    }
}

std::optional<unsigned> character_reference(std::string_view name) {
    if (name == "lt") return '<';
    if (name == "gt") return '>';
    if (name == "amp") return '&';
    if (name == "quot") return '"';
    if (name.size() < 2 || name.front() != '#') return std::nullopt;
    const bool hex = name[1] == 'x' || name[1] == 'X';
    const std::string_view digits = name.substr(hex ? 2 : 1);
    unsigned code = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), code, hex ? 16 : 10);
    const bool valid = problem == std::errc() && end == digits.data() + digits.size() && code > 0 &&
                       code < 0x110000 && (code < 0xD800 || code > 0xDFFF);
    return valid ? std::optional<unsigned>(code) : std::nullopt;
}

/// Appends the reference at `html[at]` ('&') and returns the position behind it; an unknown name
/// stays as it is.
std::size_t append_reference(std::string_view html, std::size_t at, std::string& out) {
    const std::size_t end = html.find(';', at);
    if (end != std::string_view::npos && end - at <= 10) {
        if (const auto code = character_reference(html.substr(at + 1, end - at - 1))) {
            append_utf8(out, *code);
            return end + 1;
        }
    }
    out += '&';
    return at + 1;
}

std::string attribute(std::string_view tag, std::string_view name) {
    const std::size_t at = tag.find(std::string(name) + "=");
    if (at == std::string_view::npos) return {};
    std::string_view rest = tag.substr(at + name.size() + 1);
    char quote = ' ';
    if (!rest.empty() && (rest.front() == '"' || rest.front() == '\'')) {
        quote = rest.front();
        rest.remove_prefix(1);
    }
    const std::string_view raw = rest.substr(0, rest.find(quote));
    std::string out;
    for (std::size_t i = 0; i < raw.size();) {
        if (raw[i] == '&') {
            i = append_reference(raw, i, out);
        } else {
            out += raw[i++];
        }
    }
    return out;
}

std::string lower(std::string_view text) {
    std::string out(text);
    std::transform(out.begin(), out.end(), out.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return out;
}

class HtmlParser {
public:
    explicit HtmlParser(std::string_view html) : html_(html) {}

    MarkedText parse() {
        while (at_ < html_.size() && out_.error.empty()) {
            if (html_[at_] == '<') {
                tag();
            } else if (html_[at_] == '&') {
                at_ = append_reference(html_, at_, out_.text);
            } else {
                out_.text += html_[at_++];
            }
        }
        if (out_.error.empty() && !open_.empty()) {
            fail("Can't find end tag corresponding to start tag \"" + open_.back().name + "\"");
        }
        return std::move(out_);
    }

private:
    void fail(const std::string& what) { out_.error = "can't parse entities: " + what; }

    void tag() {
        const std::size_t begin = at_;
        const std::size_t end = html_.find('>', at_);
        if (end == std::string_view::npos) {
            fail("Unclosed start tag at byte offset " + std::to_string(begin));
            return;
        }
        const bool closing = begin + 1 < html_.size() && html_[begin + 1] == '/';
        const std::size_t name_at = begin + (closing ? 2 : 1);
        const std::string_view inside = html_.substr(name_at, end - name_at);
        const std::string name = lower(inside.substr(0, inside.find_first_of(" \t\r\n/")));
        at_ = end + 1;
        if (closing) {
            close(name, begin);
        } else {
            open(name, inside, begin);
        }
    }

    void open(const std::string& name, std::string_view inside, std::size_t begin) {
        const std::string_view entity = entity_of(name);
        if (entity.empty()) {
            fail("Unsupported start tag \"" + name + "\" at byte offset " + std::to_string(begin));
            return;
        }
        open_.push_back(OpenTag{.name = name,
                                .entity = std::string(entity),
                                .url = name == "a" ? attribute(inside, "href") : std::string(),
                                .offset = utf16_length(out_.text),
                                .at = begin});
    }

    void close(const std::string& name, std::size_t begin) {
        if (open_.empty() || (!name.empty() && open_.back().name != name)) {
            fail(open_.empty() ? "Unexpected end tag at byte offset " + std::to_string(begin)
                               : "Unmatched end tag at byte offset " + std::to_string(begin) +
                                     ", expected \"</" + open_.back().name + ">\", found \"</" +
                                     name + ">\"");
            return;
        }
        const OpenTag tag = std::move(open_.back());
        open_.pop_back();
        const std::size_t length = utf16_length(out_.text) - tag.offset;
        if (length == 0 || (tag.entity == "text_link" && tag.url.empty())) return;
        base::Json entity{{"type", tag.entity}, {"offset", tag.offset}, {"length", length}};
        if (!tag.url.empty()) entity["url"] = tag.url;
        out_.entities.push_back(std::move(entity));
    }

    std::string_view html_;
    std::size_t at_ = 0;
    std::vector<OpenTag> open_;
    MarkedText out_;
};

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

}  // namespace

MarkedText parse_html(std::string_view html) { return HtmlParser(html).parse(); }

base::Json find_typed_entities(std::string_view text) {
    base::Json found = base::Json::array();
    for (std::size_t at = 0; at < text.size(); ++at) {
        const bool command = text[at] == '/';
        if ((!command && text[at] != '@') ||
            (at > 0 && std::isspace(static_cast<unsigned char>(text[at - 1])) == 0)) {
            continue;
        }
        std::size_t end = at + 1;
        while (end < text.size() && (is_word(text[end]) || (command && text[end] == '@'))) ++end;
        const std::size_t length = end - at;
        const bool long_enough = command ? length >= 2 : length >= 6;
        if (!long_enough || (command && length > 65)) continue;
        found.push_back({{"type", command ? "bot_command" : "mention"},
                         {"offset", utf16_length(text.substr(0, at))},
                         {"length", length}});
        at = end - 1;
    }
    return found;
}

std::size_t utf16_length(std::string_view utf8) {
    std::size_t units = 0;
    for (const char c : utf8) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) != 0x80) ++units;
        if (byte >= 0xF0) ++units;
    }
    return units;
}

bool is_blank(std::string_view text) {
    return std::all_of(text.begin(), text.end(),
                       [](unsigned char c) { return std::isspace(c) != 0; });
}

}  // namespace hatchery::sandbox::telegram
