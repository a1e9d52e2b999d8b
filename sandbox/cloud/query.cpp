#include "sandbox/cloud/query.hpp"

#include <charconv>

#include "sandbox/cloud/validation.hpp"

namespace hatchery::sandbox {

const std::string* query_value(const Query& query, const std::string& name) {
    const auto found = query.find(name);
    return found == query.end() ? nullptr : &found->second;
}

std::vector<std::string> query_values(const Query& query, const std::string& name) {
    std::vector<std::string> values;
    const auto [first, last] = query.equal_range(name);
    for (auto value = first; value != last; ++value) {
        values.push_back(value->second);
    }
    return values;
}

std::size_t query_number(const Query& query, const std::string& name, std::size_t otherwise,
                         std::size_t highest) {
    const std::string* text = query_value(query, name);
    if (text == nullptr) {
        return otherwise;
    }
    std::size_t number = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
    if (error != std::errc{} || end != text->data() + text->size() || number < 1 ||
        number > highest) {
        reject_field(name, "must be a number from 1 to " + std::to_string(highest));
    }
    return number;
}

}  // namespace hatchery::sandbox
