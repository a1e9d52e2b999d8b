#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "base/json_value.hpp"
#include "sandbox/web/web_server.hpp"

namespace hatchery::sandbox::telegram {

/// One call of a Bot API method. Telegram takes every parameter as JSON or as text, whatever the
/// encoding of the request; the readers below even that out.
struct MethodCall {
    std::string method;  ///< As written by the caller.
    base::Json params = base::Json::object();
    std::multimap<std::string, WebPart> files;

    /// Absent: empty. Numbers and truth values as their text.
    [[nodiscard]] std::string text(std::string_view name) const;
    /// Nothing when absent or no whole number.
    [[nodiscard]] std::optional<std::int64_t> integer(std::string_view name) const;
    [[nodiscard]] bool flag(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view name) const;
    /// An array or object, also when it came as text; null when absent or malformed.
    [[nodiscard]] base::Json structure(std::string_view name) const;
};

/// What a method answers.
struct MethodReply {
    int status = 200;
    base::Json result;        ///< Of a success.
    std::string description;  ///< The reason of an error, or a remark.
    int retry_after_s = 0;    ///< Not 0: goes into `parameters` and the Retry-After header.
    bool drop_connection = false;

    [[nodiscard]] base::Json to_json() const;
};

[[nodiscard]] MethodReply reply_ok(base::Json result, std::string description = {});
/// `reason` follows the usual start of its status, "Bad Request: " and so on.
[[nodiscard]] MethodReply reply_error(int status, const std::string& reason = {});

/// Reads the parameters from the query and the body. A MethodReply with an error when the body is
/// not what its content type says.
[[nodiscard]] std::optional<MethodReply> read_call(const WebRequest& request, MethodCall& call);

}  // namespace hatchery::sandbox::telegram
