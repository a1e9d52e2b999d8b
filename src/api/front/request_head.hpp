#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace hatchery::api::front {

using Fields = std::vector<std::pair<std::string, std::string>>;

struct HeadLimits {
    std::size_t target_bytes = 8000;
    std::size_t line_bytes = 8000;
    std::size_t fields = 100;
};

/// A request's head that passed every check. Field names are as sent.
struct RequestHead {
    std::string method;
    std::string target;
    int minor_version = 1;
    Fields fields;
    std::optional<std::uint64_t> content_length;
    bool chunked = false;
    bool keep_alive = true;
    bool expects_continue = false;
};

/// Why a head is refused: the status to answer with and one sentence.
struct HeadRefusal {
    int status;
    std::string reason;
};

/// Reads the bytes from the request line up to and including the empty line, stricter than RFC
/// 9112 asks wherever servers and proxies are known to disagree: what two parsers could read
/// differently is refused (a second or odd Content-Length, Content-Length beside
/// Transfer-Encoding, any coding but one `chunked`, folded lines, bare CR or LF, space before the
/// colon, an absolute target, several Hosts). Pure.
[[nodiscard]] std::variant<RequestHead, HeadRefusal> read_head(std::string_view bytes,
                                                               const HeadLimits& limits);

/// What is wrong with a request target, or nothing. It must be a plain absolute path with an
/// optional query: no empty or dot segment in any spelling, no encoded slash, backslash or NUL, no
/// broken percent escape, and UTF-8 once decoded.
[[nodiscard]] std::optional<std::string> target_problem(std::string_view target);

/// Whether a control character (also NUL, tab, line ends) is among the bytes.
[[nodiscard]] bool has_control(std::string_view bytes);

/// Compares header names and tokens without regard to case.
[[nodiscard]] bool same_token(std::string_view a, std::string_view b);

/// The value of the first field of this name, or nothing.
[[nodiscard]] std::optional<std::string_view> find_field(const Fields& fields,
                                                         std::string_view name);

/// Whether a field stays in the front: it is about the connection, would make httplib do work that
/// nobody asked for, or has a name under which httplib tells handlers about the connection.
[[nodiscard]] bool is_dropped_field(std::string_view name);

/// Whether a caller's X-Request-Id is taken over: at most 64 letters, digits, `-`, `_`, `.`.
[[nodiscard]] bool is_request_id(std::string_view text);

}  // namespace hatchery::api::front
