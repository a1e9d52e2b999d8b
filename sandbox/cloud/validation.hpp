#pragma once

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace hatchery::sandbox {

/// A host name of RFC 1123: dot-separated labels of letters, digits and inner dashes, 1 to 63
/// characters each, 253 in all.
bool is_rfc1123_name(std::string_view name);

/// "name" or "dns.prefix/name", as Hetzner's documentation on labels has it.
bool is_label_key(std::string_view key);

/// At most 63 characters; empty, or alphanumeric at both ends with "-_." between.
bool is_label_value(std::string_view value);

/// Reads the JSON object of a request field by field and remembers what is wrong with it, so that
/// one answer names every bad field. A field that no call asked for is wrong too.
class BodyReader {
public:
    /// Throws ApiError 400 json_error when `text` is not JSON, or nested too deep, and 422 when it
    /// is not an object. An empty text is an empty object.
    explicit BodyReader(const std::string& text);
    explicit BodyReader(nlohmann::json object);

    enum class Need { optional, required };

    std::optional<std::string> text(const std::string& field, Need need = Need::optional);
    /// A name or a number, as text.
    std::optional<std::string> name_or_id(const std::string& field, Need need = Need::optional);
    bool flag(const std::string& field, bool otherwise);
    /// Checked keys and values; nothing when the field is absent.
    std::optional<std::map<std::string, std::string>> labels();
    /// The array's elements; empty when absent.
    std::vector<nlohmann::json> array(const std::string& field, Need need = Need::optional);
    /// The object; nothing when absent.
    std::optional<nlohmann::json> object(const std::string& field, Need need = Need::optional);

    /// The object; nothing when absent or null.
    std::optional<nlohmann::json> nullable_object(const std::string& field);
    /// A number from 0 to `highest`; nothing when absent or null.
    std::optional<double> number(const std::string& field, double highest);
    /// A whole number from 0 to `highest`.
    int count(const std::string& field, int otherwise, int highest);
    /// A positive id; nothing when absent.
    std::optional<std::int64_t> id(const std::string& field, Need need = Need::optional);

    /// Says that a field is wrong.
    void reject(const std::string& field, const std::string& why);
    [[nodiscard]] bool has(const std::string& field) const;
    /// Throws ApiError 422 invalid_input when anything was wrong.
    void finish();

private:
    const nlohmann::json* take(const std::string& field, Need need);

    nlohmann::json object_;
    std::set<std::string> asked_;
    std::map<std::string, std::vector<std::string>> wrong_;
};

/// Throws 422 invalid_input for one field.
[[noreturn]] void reject_field(const std::string& field, const std::string& why);

/// Throws 404 not_found.
[[noreturn]] void reject_missing(const std::string& what);

}  // namespace hatchery::sandbox
