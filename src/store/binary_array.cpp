#include "store/binary_array.hpp"

namespace hatchery::store {

namespace {

template <typename Unsigned>
void append_big_endian(std::string& bytes, Unsigned value) {
    for (int shift = static_cast<int>(sizeof(value)) * 8 - 8; shift >= 0; shift -= 8) {
        bytes.push_back(static_cast<char>(value >> shift));
    }
}

unsigned hex_digit(char c) {
    if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
    if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
    return static_cast<unsigned>(c - 'A') + 10;
}

}  // namespace

void BinaryArray::begin(ElementType type, std::uint32_t size) {
    if (type != type_) throw SqlFailure("", "an array with an element of another type", false);
    ++count_;
    append_big_endian(elements_, size);
}

void BinaryArray::add(std::nullopt_t) {
    has_null_ = true;
    // The size of NULL is -1.
    begin(type_, ~std::uint32_t{0});
}

void BinaryArray::add(int value) {
    begin(ElementType::integer, 4);
    append_big_endian(elements_, static_cast<std::uint32_t>(value));
}

void BinaryArray::add(bool value) {
    begin(ElementType::boolean, 1);
    elements_.push_back(value ? '\1' : '\0');
}

void BinaryArray::add(std::string_view text) {
    begin(ElementType::text, static_cast<std::uint32_t>(text.size()));
    elements_ += text;
}

void BinaryArray::add(base::TimePoint time) {
    const auto count = std::chrono::floor<std::chrono::microseconds>(time - binary_time_origin);
    begin(ElementType::timestamptz, 8);
    append_big_endian(elements_, static_cast<std::uint64_t>(count.count()));
}

void BinaryArray::add_uuid(std::string_view text) {
    if (!base::is_uuid(text)) throw SqlFailure("", "an id that is no uuid", false);
    begin(ElementType::uuid, 16);
    bool high = true;
    unsigned value = 0;
    for (const char c : text) {
        if (c == '-') continue;
        value = value << 4U | hex_digit(c);
        if (!high) elements_.push_back(static_cast<char>(value));
        high = !high;
    }
}

Param BinaryArray::param() const {
    std::string bytes;
    bytes.reserve(20 + elements_.size());
    append_big_endian(bytes, std::uint32_t{count_ > 0 ? 1U : 0U});  // dimensions
    append_big_endian(bytes, std::uint32_t{has_null_ ? 1U : 0U});
    append_big_endian(bytes, static_cast<std::uint32_t>(type_));
    if (count_ > 0) {
        append_big_endian(bytes, count_);
        append_big_endian(bytes, std::uint32_t{1});  // the first element's number
        bytes += elements_;
    }
    return Param::binary(std::move(bytes));
}

}  // namespace hatchery::store
