#include "sandbox/cloud/validation.hpp"

#include <algorithm>

#include "sandbox/cloud/api_types.hpp"

namespace hatchery::sandbox {
namespace {

constexpr std::size_t kMaxNameLength = 253;
constexpr std::size_t kMaxLabelLength = 63;
constexpr int kMaxJsonDepth = 32;

bool is_alphanumeric(char character) {
    return (character >= 'a' && character <= 'z') || (character >= 'A' && character <= 'Z') ||
           (character >= '0' && character <= '9');
}

bool is_framed(std::string_view text, std::string_view inner) {
    return !text.empty() && text.size() <= kMaxLabelLength && is_alphanumeric(text.front()) &&
           is_alphanumeric(text.back()) &&
           std::all_of(text.begin(), text.end(), [inner](char character) {
               return is_alphanumeric(character) || inner.find(character) != inner.npos;
           });
}

nlohmann::json parse_object(const std::string& text) {
    if (text.empty()) {
        return nlohmann::json::object();
    }
    const auto bounded = [](int depth, nlohmann::json::parse_event_t /*event*/,
                            nlohmann::json& /*parsed*/) {
        if (depth > kMaxJsonDepth) {
            throw ApiError{400, "json_error", "invalid JSON: nested too deep", nullptr};
        }
        return true;
    };
    nlohmann::json parsed = nlohmann::json::parse(text, bounded, false);
    if (parsed.is_discarded()) {
        throw ApiError{400, "json_error", "invalid JSON", nullptr};
    }
    if (!parsed.is_object()) {
        throw ApiError{422,
                       "invalid_input",
                       "the body must be a JSON object",
                       {{"fields", nlohmann::json::array()}}};
    }
    return parsed;
}

}  // namespace

bool is_rfc1123_name(std::string_view name) {
    if (name.empty() || name.size() > kMaxNameLength) {
        return false;
    }
    while (true) {
        const auto dot = name.find('.');
        if (!is_framed(name.substr(0, dot), "-")) {
            return false;
        }
        if (dot == std::string_view::npos) {
            return true;
        }
        name.remove_prefix(dot + 1);
    }
}

bool is_label_key(std::string_view key) {
    const auto slash = key.find('/');
    if (slash == std::string_view::npos) {
        return is_framed(key, "-_.");
    }
    const std::string_view prefix = key.substr(0, slash);
    return prefix != "hetzner.cloud" && is_rfc1123_name(prefix) &&
           is_framed(key.substr(slash + 1), "-_.");
}

bool is_label_value(std::string_view value) { return value.empty() || is_framed(value, "-_."); }

BodyReader::BodyReader(const std::string& text) : object_(parse_object(text)) {}

BodyReader::BodyReader(nlohmann::json object) : object_(std::move(object)) {
    if (!object_.is_object()) {
        throw ApiError{
            422, "invalid_input", "expected a JSON object", {{"fields", nlohmann::json::array()}}};
    }
}

const nlohmann::json* BodyReader::take(const std::string& field, Need need) {
    asked_.insert(field);
    const auto found = object_.find(field);
    if (found == object_.end()) {
        if (need == Need::required) {
            reject(field, "Missing data for required field.");
        }
        return nullptr;
    }
    return &*found;
}

std::optional<std::string> BodyReader::text(const std::string& field, Need need) {
    const auto* value = take(field, need);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_string()) {
        reject(field, "Not a valid string.");
        return std::nullopt;
    }
    return value->get<std::string>();
}

std::optional<std::string> BodyReader::name_or_id(const std::string& field, Need need) {
    const auto* value = take(field, need);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (value->is_number_integer()) {
        return value->dump();
    }
    if (!value->is_string()) {
        reject(field, "Neither a name nor an id.");
        return std::nullopt;
    }
    return value->get<std::string>();
}

bool BodyReader::flag(const std::string& field, bool otherwise) {
    const auto* value = take(field, Need::optional);
    if (value == nullptr) {
        return otherwise;
    }
    if (!value->is_boolean()) {
        reject(field, "Not a valid boolean.");
        return otherwise;
    }
    return value->get<bool>();
}

std::optional<std::map<std::string, std::string>> BodyReader::labels() {
    const auto* value = take("labels", Need::optional);
    if (value == nullptr) {
        return std::nullopt;
    }
    std::map<std::string, std::string> result;
    if (!value->is_object()) {
        reject("labels", "Not a valid mapping.");
        return result;
    }
    for (const auto& [key, text] : value->items()) {
        if (!text.is_string() || !is_label_key(key) ||
            !is_label_value(text.get_ref<const std::string&>())) {
            reject("labels", "Invalid label '" + key + "'.");
            continue;
        }
        result[key] = text.get<std::string>();
    }
    return result;
}

std::vector<nlohmann::json> BodyReader::array(const std::string& field, Need need) {
    const auto* value = take(field, need);
    if (value == nullptr) {
        return {};
    }
    if (!value->is_array()) {
        reject(field, "Not a valid list.");
        return {};
    }
    return {value->begin(), value->end()};
}

std::optional<nlohmann::json> BodyReader::object(const std::string& field, Need need) {
    const auto* value = take(field, need);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_object()) {
        reject(field, "Not a valid object.");
        return std::nullopt;
    }
    return *value;
}

std::optional<nlohmann::json> BodyReader::nullable_object(const std::string& field) {
    const auto* value = take(field, Need::optional);
    return value == nullptr || value->is_null() ? std::nullopt : object(field);
}

std::optional<double> BodyReader::number(const std::string& field, double highest) {
    const auto* value = take(field, Need::optional);
    if (value == nullptr || value->is_null()) {
        return std::nullopt;
    }
    if (!value->is_number() || value->get<double>() < 0 || value->get<double>() > highest) {
        reject(field, "Not a number in the allowed range.");
        return std::nullopt;
    }
    return value->get<double>();
}

int BodyReader::count(const std::string& field, int otherwise, int highest) {
    const auto value = number(field, highest);
    return value ? static_cast<int>(*value) : otherwise;
}

std::optional<std::int64_t> BodyReader::id(const std::string& field, Need need) {
    const auto* value = take(field, need);
    if (value == nullptr) {
        return std::nullopt;
    }
    if (!value->is_number_integer() || value->get<std::int64_t>() < 1) {
        reject(field, "Not a valid id.");
        return std::nullopt;
    }
    return value->get<std::int64_t>();
}

void BodyReader::reject(const std::string& field, const std::string& why) {
    wrong_[field].push_back(why);
}

bool BodyReader::has(const std::string& field) const { return object_.contains(field); }

void BodyReader::finish() {
    for (const auto& [field, value] : object_.items()) {
        if (!asked_.contains(field)) {
            reject(field, "Unknown field.");
        }
    }
    if (wrong_.empty()) {
        return;
    }
    nlohmann::json fields = nlohmann::json::array();
    for (const auto& [field, why] : wrong_) {
        fields.push_back({{"name", field}, {"messages", why}});
    }
    throw ApiError{
        422,
        "invalid_input",
        "invalid input in field '" + wrong_.begin()->first + "': " + wrong_.begin()->second.front(),
        {{"fields", fields}}};
}

void reject_field(const std::string& field, const std::string& why) {
    const nlohmann::json entry{{"name", field}, {"messages", nlohmann::json::array({why})}};
    throw ApiError{422,
                   "invalid_input",
                   "invalid input in field '" + field + "': " + why,
                   {{"fields", nlohmann::json::array({entry})}}};
}

void reject_missing(const std::string& what) {
    throw ApiError{404, "not_found", what + " not found", nullptr};
}

}  // namespace hatchery::sandbox
