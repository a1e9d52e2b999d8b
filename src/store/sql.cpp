#include "store/sql.hpp"

#include <fmt/format.h>

#include <charconv>

namespace hatchery::store {

namespace {

void append_quoted(std::string& text, std::string_view element) {
    text.push_back('"');
    for (const char c : element) {
        if (c == '"' || c == '\\') text.push_back('\\');
        text.push_back(c);
    }
    text.push_back('"');
}

}  // namespace

Param::Param(base::TimePoint time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date{day};
    const hh_mm_ss clock{time - day};
    text_ =
        fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}+00", int(date.year()),
                    unsigned(date.month()), unsigned(date.day()), clock.hours().count(),
                    clock.minutes().count(), clock.seconds().count(), clock.subseconds().count());
}

std::string array_text(std::span<const std::string> elements) {
    std::string text = "{";
    for (const auto& element : elements) {
        if (text.size() > 1) text.push_back(',');
        append_quoted(text, element);
    }
    text.push_back('}');
    return text;
}

std::string array_text(std::span<const Param> elements) {
    std::string text = "{";
    for (const auto& element : elements) {
        if (text.size() > 1) text.push_back(',');
        if (element.text()) {
            append_quoted(text, *element.text());
        } else {
            text += "NULL";
        }
    }
    text.push_back('}');
    return text;
}

std::string array_text(std::span<const std::int64_t> elements) {
    return fmt::format("{{{}}}", fmt::join(elements, ","));
}

std::vector<std::string> parse_array(std::string_view text) {
    std::vector<std::string> elements;
    if (text.size() < 2 || text.front() != '{' || text.back() != '}') {
        throw SqlFailure("", "an array that is none", false);
    }
    text = text.substr(1, text.size() - 2);
    if (text.empty()) return elements;
    elements.emplace_back();
    bool inside_quotes = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '\\' && i + 1 < text.size()) {
            elements.back().push_back(text[++i]);
        } else if (c == '"') {
            inside_quotes = !inside_quotes;
        } else if (c == ',' && !inside_quotes) {
            elements.emplace_back();
        } else {
            elements.back().push_back(c);
        }
    }
    return elements;
}

std::optional<std::string_view> Rows::Row::value(int column) const {
    if (column < 0 || column >= rows_.columns_ || index_ >= rows_.size()) {
        throw SqlFailure("", "a column or row that the result does not have", false);
    }
    const Cell& cell = rows_.cells_[index_ * static_cast<std::size_t>(rows_.columns_) +
                                    static_cast<std::size_t>(column)];
    if (cell.size == null_size) return std::nullopt;
    return std::string_view(rows_.bytes_).substr(cell.begin, cell.size);
}

std::string_view Rows::Row::present(int column) const {
    const auto text = value(column);
    if (!text) throw SqlFailure("", "a value that must be there is NULL", false);
    return *text;
}

std::int64_t Rows::Row::big_endian(int column) const {
    const std::string_view bytes = present(column);
    if (bytes.empty() || bytes.size() > sizeof(std::int64_t)) {
        throw SqlFailure("", "a number of a strange size", false);
    }
    std::uint64_t value = (static_cast<unsigned char>(bytes[0]) & 0x80U) != 0 ? ~0ULL : 0;
    for (const char byte : bytes) value = value << 8U | static_cast<unsigned char>(byte);
    return static_cast<std::int64_t>(value);
}

std::string Rows::Row::id_text(int column) const {
    if (!rows_.binary_) return text_or_empty(column);
    const auto bytes = value(column);
    std::string text;
    if (!bytes) return text;
    if (bytes->size() != 16) throw SqlFailure("", "an id that is none", false);
    constexpr std::string_view digits = "0123456789abcdef";
    text.reserve(36);
    for (std::size_t i = 0; i < bytes->size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text.push_back('-');
        const auto byte = static_cast<unsigned char>((*bytes)[i]);
        text.push_back(digits[byte >> 4U]);
        text.push_back(digits[byte & 0xFU]);
    }
    return text;
}

bool Rows::Row::boolean(int column) const {
    return rows_.binary_ ? big_endian(column) != 0 : present(column) == "t";
}

std::int64_t Rows::Row::integer(int column) const {
    if (rows_.binary_) return big_endian(column);
    const std::string_view digits = present(column);
    std::int64_t number = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    if (problem != std::errc{} || end != digits.data() + digits.size()) {
        throw SqlFailure("", "a number that is none", false);
    }
    return number;
}

base::TimePoint Rows::Row::time(int column) const {
    if (rows_.binary_) return binary_time_origin + std::chrono::microseconds(big_endian(column));
    if (const auto time = base::parse_time(present(column))) return *time;
    throw SqlFailure("", "a time that is none", false);
}

std::optional<base::TimePoint> Rows::Row::optional_time(int column) const {
    if (null(column)) return std::nullopt;
    return time(column);
}

}  // namespace hatchery::store
