#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <tl/expected.hpp>
#include <vector>

#include "api/answer.hpp"
#include "base/enum_text.hpp"
#include "base/json.hpp"
#include "core/validate.hpp"

namespace hatchery::api {

/// Reads a JSON object member by member and collects everything that is wrong with it, so that the
/// caller learns it all at once. Members that nobody asked for are wrong too.
class BodyReader {
public:
    using Check = std::function<core::Wrong(std::string_view)>;

    /// A Problem when the body is no JSON object at all: 400 for malformed JSON or UTF-8 and for
    /// too deep nesting, 415 for a content type that says it is something else. A member that is
    /// there more than once, at any depth, is a wrong field: finish tells.
    [[nodiscard]] static tl::expected<BodyReader, Problem> open(const Exchange& exchange);

    /// Empty when it is missing or wrong; finish tells.
    [[nodiscard]] std::string text(const std::string& field, const Check& check);
    [[nodiscard]] std::optional<std::string> optional_text(const std::string& field,
                                                           const Check& check);
    /// The same where null has a meaning: `is_null` says so.
    [[nodiscard]] std::optional<std::string> nullable_text(const std::string& field,
                                                           const Check& check, bool& is_null);
    [[nodiscard]] std::optional<std::vector<std::int64_t>> optional_user_ids(
        const std::string& field);
    [[nodiscard]] std::optional<std::int64_t> optional_number(const std::string& field,
                                                              std::int64_t least,
                                                              std::int64_t most);
    [[nodiscard]] std::optional<bool> optional_bool(const std::string& field);
    /// A member that is an object: of any content, or read member by member by a reader of its own,
    /// which names its fields `field.member` and hands what is wrong back by `take_over`.
    [[nodiscard]] std::optional<base::Json> optional_object(const std::string& field);
    [[nodiscard]] std::optional<BodyReader> object(const std::string& field);
    void take_over(BodyReader inner);

    /// A list of 1 to `most` different strings.
    [[nodiscard]] std::vector<std::string> texts(const std::string& field, std::size_t most,
                                                 const Check& check);

    void wrong(const std::string& field, std::string message);
    [[nodiscard]] bool is_wrong(const std::string& field) const;
    /// 422 with every wrong field, or nothing.
    [[nodiscard]] std::optional<Problem> finish();

private:
    explicit BodyReader(base::Json object, std::string prefix = {});
    void note_unknown();
    const base::Json* take(const std::string& field);
    std::optional<std::string> checked(const std::string& field, const base::Json& value,
                                       const Check& check);

    std::shared_ptr<const base::Json> object_;
    /// Stands before every field's name: `payload.`.
    std::string prefix_;
    std::set<std::string> asked_;
    std::vector<FieldProblem> errors_;
};

/// Reads query parameters in the same way. Unknown parameters are left alone: proxies and caches
/// add some.
class QueryReader {
public:
    explicit QueryReader(const Exchange& exchange) : exchange_(exchange) {}

    [[nodiscard]] std::int64_t number(const std::string& name, std::int64_t otherwise,
                                      std::int64_t least, std::int64_t most);
    [[nodiscard]] std::optional<std::string> text(const std::string& name,
                                                  const BodyReader::Check& check);
    /// `true` or `false`; false when it is missing or wrong.
    [[nodiscard]] bool flag(const std::string& name);
    /// One of an enumeration's words.
    template <typename E>
    [[nodiscard]] std::optional<E> choice(const std::string& name) {
        std::optional<E> chosen;
        (void)text(name, [&](std::string_view text) -> core::Wrong {
            chosen = base::parse_enum<E>(text);
            if (chosen) return std::nullopt;
            std::string list;
            for (const auto& [value, word] : base::EnumNames<E>::names) {
                list += (list.empty() ? "" : ", ") + std::string(word);
            }
            return "must be one of: " + list;
        });
        return chosen;
    }
    void wrong(const std::string& name, std::string message);
    /// 400 with every wrong parameter, or nothing.
    [[nodiscard]] std::optional<Problem> finish();

private:
    const Exchange& exchange_;
    std::vector<FieldProblem> errors_;
};

}  // namespace hatchery::api
