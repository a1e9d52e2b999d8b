#include "api/body_reader.hpp"

#include <algorithm>

#include "base/encoding.hpp"
#include "base/json_members.hpp"
#include "base/json_value.hpp"

namespace hatchery::api {

namespace {

constexpr std::size_t max_body_bytes = 1U << 20U;
constexpr int max_depth = 16;
/// So many members of one kind of mistake are told.
constexpr std::size_t most_named = 20;

/// A body without a type is taken for JSON, and so is what curl sends when nobody says a type.
bool may_be_json(std::string type) {
    type = type.substr(0, type.find(';'));
    while (!type.empty() && type.back() == ' ') type.pop_back();
    return type.empty() || front::same_token(type, "application/json") ||
           front::same_token(type, "application/x-www-form-urlencoded") ||
           front::same_token(type, "text/plain") || type.ends_with("+json");
}

std::string shown_name(const std::string& name) {
    return name.size() <= 64 ? name : base::to_utf8(name.substr(0, 61)) + "...";
}

}  // namespace

BodyReader::BodyReader(base::Json object, std::string prefix)
    : object_(std::make_shared<const base::Json>(std::move(object))), prefix_(std::move(prefix)) {}

tl::expected<BodyReader, Problem> BodyReader::open(const Exchange& exchange) {
    if (!may_be_json(exchange.header("Content-Type"))) {
        return refuse(415, "The body must be application/json.");
    }
    const auto refuse_body = [](const std::string& message) {
        Problem problem =
            problem_of_status(400, "The body is not what it should be: " + message + ".");
        problem.errors = {{"body", message}};
        return refuse(std::move(problem));
    };
    const std::string& body = exchange.request.body;
    if (body.empty()) return refuse_body("it is empty; send a JSON object");
    if (!base::is_utf8(body)) return refuse_body("it is not UTF-8");
    // The parser takes a NUL for the end and would not look behind it.
    if (body.find('\0') != std::string::npos) return refuse_body("it has a NUL byte");
    auto parsed = base::parse_json(body, max_body_bytes, max_depth);
    if (!parsed) return refuse_body(parsed.error().message);
    if (!parsed->is_object()) return refuse_body("it must be a JSON object");
    BodyReader reader(std::move(*parsed));
    for (const auto& name : base::repeated_members(body, most_named)) {
        reader.wrong(shown_name(name), "is there more than once; send it once");
    }
    return reader;
}

const base::Json* BodyReader::take(const std::string& field) {
    asked_.insert(field);
    const auto found = object_->find(field);
    return found == object_->end() ? nullptr : &*found;
}

std::optional<std::string> BodyReader::checked(const std::string& field, const base::Json& value,
                                               const Check& check) {
    if (!value.is_string()) {
        wrong(field, "must be a string");
        return std::nullopt;
    }
    auto text = value.get<std::string>();
    if (auto problem = check(text)) {
        wrong(field, *problem);
        return std::nullopt;
    }
    return text;
}

std::string BodyReader::text(const std::string& field, const Check& check) {
    const auto* value = take(field);
    if (value == nullptr) {
        wrong(field, "is required");
        return {};
    }
    return checked(field, *value, check).value_or("");
}

std::optional<std::string> BodyReader::optional_text(const std::string& field, const Check& check) {
    const auto* value = take(field);
    return value == nullptr ? std::nullopt : checked(field, *value, check);
}

std::optional<std::string> BodyReader::nullable_text(const std::string& field, const Check& check,
                                                     bool& is_null) {
    const auto* value = take(field);
    is_null = value != nullptr && value->is_null();
    return value == nullptr || is_null ? std::nullopt : checked(field, *value, check);
}

std::optional<std::vector<std::int64_t>> BodyReader::optional_user_ids(const std::string& field) {
    const auto* value = take(field);
    if (value == nullptr) return std::nullopt;
    if (!value->is_array() || value->size() > core::max_allowed_telegram_users) {
        wrong(field, "must be a list of at most " +
                         std::to_string(core::max_allowed_telegram_users) + " Telegram user ids");
        return std::nullopt;
    }
    std::vector<std::int64_t> ids;
    for (const auto& item : *value) {
        // An unsigned number beyond 63 bits would come out negative: it fails the check too.
        const auto id = item.is_number_integer() ? item.get<std::int64_t>() : std::int64_t{0};
        if (auto problem = core::check_telegram_user_id(id)) {
            wrong(field, *problem);
            return std::nullopt;
        }
        if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
    }
    return ids;
}

std::optional<std::int64_t> BodyReader::optional_number(const std::string& field,
                                                        std::int64_t least, std::int64_t most) {
    const auto* value = take(field);
    if (value == nullptr) return std::nullopt;
    // An unsigned number beyond 63 bits would come out as another one.
    const bool fits = value->is_number_integer() &&
                      (!value->is_number_unsigned() ||
                       value->get<std::uint64_t>() <= static_cast<std::uint64_t>(INT64_MAX));
    if (fits && value->get<std::int64_t>() >= least && value->get<std::int64_t>() <= most) {
        return value->get<std::int64_t>();
    }
    wrong(field,
          "must be a whole number from " + std::to_string(least) + " to " + std::to_string(most));
    return std::nullopt;
}

std::optional<bool> BodyReader::optional_bool(const std::string& field) {
    const auto* value = take(field);
    if (value == nullptr) return std::nullopt;
    if (value->is_boolean()) return value->get<bool>();
    wrong(field, "must be true or false");
    return std::nullopt;
}

std::optional<base::Json> BodyReader::optional_object(const std::string& field) {
    const auto* value = take(field);
    if (value == nullptr) return std::nullopt;
    if (value->is_object()) return *value;
    wrong(field, "must be an object");
    return std::nullopt;
}

std::optional<BodyReader> BodyReader::object(const std::string& field) {
    const bool missing = !object_->contains(field);
    auto value = optional_object(field);
    if (missing) wrong(field, "is required");
    if (!value) return std::nullopt;
    return BodyReader(*std::move(value), prefix_ + field + ".");
}

void BodyReader::take_over(BodyReader inner) {
    inner.note_unknown();
    errors_.insert(errors_.end(), std::make_move_iterator(inner.errors_.begin()),
                   std::make_move_iterator(inner.errors_.end()));
}

std::vector<std::string> BodyReader::texts(const std::string& field, std::size_t most,
                                           const Check& check) {
    const auto* value = take(field);
    if (value == nullptr || !value->is_array() || value->empty() || value->size() > most) {
        wrong(field, value == nullptr
                         ? "is required"
                         : "must be a list of 1 to " + std::to_string(most) + " strings");
        return {};
    }
    std::vector<std::string> read;
    for (const auto& item : *value) {
        auto text = checked(field, item, check);
        if (!text) return {};
        if (std::find(read.begin(), read.end(), *text) == read.end()) {
            read.push_back(std::move(*text));
        }
    }
    return read;
}

void BodyReader::wrong(const std::string& field, std::string message) {
    errors_.push_back({prefix_ + field, std::move(message)});
}

bool BodyReader::is_wrong(const std::string& field) const {
    return std::any_of(errors_.begin(), errors_.end(),
                       [&](const auto& error) { return error.field == prefix_ + field; });
}

void BodyReader::note_unknown() {
    std::size_t unknown = 0;
    for (const auto& [key, value] : object_->items()) {
        if (asked_.contains(key)) continue;
        if (++unknown <= most_named) wrong(shown_name(key), "is not a field of this request");
    }
}

std::optional<Problem> BodyReader::finish() {
    note_unknown();
    if (errors_.empty()) return std::nullopt;
    return refuse_fields(std::move(errors_)).value();
}

std::int64_t QueryReader::number(const std::string& name, std::int64_t otherwise,
                                 std::int64_t least, std::int64_t most) {
    const auto text = exchange_.parameter(name);
    if (!text) return otherwise;
    const auto value = core::read_whole_number(*text, least, most);
    if (value) return *value;
    wrong(name, value.error().message);
    return otherwise;
}

std::optional<std::string> QueryReader::text(const std::string& name,
                                             const BodyReader::Check& check) {
    auto text = exchange_.parameter(name);
    if (!text) return std::nullopt;
    if (auto problem = check(*text)) {
        wrong(name, *problem);
        return std::nullopt;
    }
    return text;
}

bool QueryReader::flag(const std::string& name) {
    const auto given = text(name, [](std::string_view word) -> core::Wrong {
        const bool fits = word == "true" || word == "false";
        return fits ? core::Wrong{} : core::Wrong{"must be true or false"};
    });
    return given == "true";
}

void QueryReader::wrong(const std::string& name, std::string message) {
    errors_.push_back({name, std::move(message)});
}

std::optional<Problem> QueryReader::finish() {
    if (errors_.empty()) return std::nullopt;
    Problem problem = refuse_fields(std::move(errors_)).value();
    problem.status = 400;
    return problem;
}

}  // namespace hatchery::api
