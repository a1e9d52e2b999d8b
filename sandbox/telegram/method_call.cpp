#include "sandbox/telegram/method_call.hpp"

#include <charconv>
#include <utility>

#include "base/encoding.hpp"

namespace hatchery::sandbox::telegram {

std::string MethodCall::text(std::string_view name) const {
    const base::Json& value = base::json_member(params, name);
    if (value.is_string()) return value.get<std::string>();
    if (value.is_null()) return {};
    return base::dump_json(value);
}

std::optional<std::int64_t> MethodCall::integer(std::string_view name) const {
    const base::Json& value = base::json_member(params, name);
    if (value.is_number_integer()) return value.get<std::int64_t>();
    if (!value.is_string()) return std::nullopt;
    const auto& digits = value.get_ref<const std::string&>();
    std::int64_t number = 0;
    const auto [end, problem] =
        std::from_chars(digits.data(), digits.data() + digits.size(), number);
    const bool whole = problem == std::errc() && end == digits.data() + digits.size();
    return whole ? std::optional<std::int64_t>(number) : std::nullopt;
}

bool MethodCall::flag(std::string_view name) const {
    const std::string value = text(name);
    return value == "true" || value == "True" || value == "1" || value == "yes";
}

bool MethodCall::has(std::string_view name) const {
    return !base::json_member(params, name).is_null();
}

base::Json MethodCall::structure(std::string_view name) const {
    const base::Json& value = base::json_member(params, name);
    if (value.is_structured()) return value;
    if (!value.is_string()) return nullptr;
    auto parsed = base::parse_json(value.get_ref<const std::string&>());
    return parsed && parsed->is_structured() ? std::move(*parsed) : base::Json();
}

base::Json MethodReply::to_json() const {
    if (status < 300) {
        base::Json out{{"ok", true}, {"result", result}};
        if (!description.empty()) out["description"] = description;
        return out;
    }
    base::Json out{{"ok", false}, {"error_code", status}, {"description", description}};
    if (retry_after_s > 0) out["parameters"] = {{"retry_after", retry_after_s}};
    return out;
}

MethodReply reply_ok(base::Json result, std::string description) {
    MethodReply reply;
    reply.result = std::move(result);
    reply.description = std::move(description);
    return reply;
}

MethodReply reply_error(int status, const std::string& reason) {
    std::string start;
    switch (status) {
        case 400:
            start = "Bad Request";
            break;
        case 401:
            start = "Unauthorized";
            break;
        case 403:
            start = "Forbidden";
            break;
        case 404:
            start = "Not Found";
            break;
        case 409:
            start = "Conflict";
            break;
        case 413:
            start = "Request Entity Too Large";
            break;
        case 429:
            start = "Too Many Requests";
            break;
        default:
            start = status >= 500 ? "Internal Server Error" : "Error";
            break;
    }
    MethodReply reply;
    reply.status = status;
    reply.description = reason.empty() ? start : start + ": " + reason;
    return reply;
}

namespace {

/// False when the body is not what its content type says.
bool read_body(const WebRequest& request, base::Json& params) {
    const std::string type = request.header("content-type");
    if (type.find("application/json") != std::string::npos) {
        const auto body = base::parse_json(request.body);
        if (!body || !body->is_object()) return false;
        params.update(*body);
        return true;
    }
    if (!type.empty() && type.find("urlencoded") == std::string::npos) return false;
    for (const auto& [name, value] : parse_form(request.body)) params[name] = value;
    return true;
}

}  // namespace

std::optional<MethodReply> read_call(const WebRequest& request, MethodCall& call) {
    for (const auto& [name, value] : request.query) call.params[name] = value;
    for (const auto& [name, part] : request.parts) {
        if (part.filename.empty()) {
            call.params[name] = part.content;
        } else {
            call.files.emplace(name, part);
        }
    }
    if (!request.body.empty() && !read_body(request, call.params)) {
        return reply_error(400, "can't parse JSON object");
    }
    for (const auto& [name, value] : call.params.items()) {
        if (value.is_string() && !base::is_utf8(value.get_ref<const std::string&>())) {
            return reply_error(400, "strings must be encoded in UTF-8");
        }
    }
    return std::nullopt;
}

}  // namespace hatchery::sandbox::telegram
