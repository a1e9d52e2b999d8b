#include "api/front/request_head.hpp"

#include <algorithm>
#include <array>

#include "base/encoding.hpp"

namespace hatchery::api::front {

namespace {

bool is_tchar(char c) {
    static constexpr std::string_view marks = "!#$%&'*+-.^_`|~";
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
           marks.find(c) != std::string_view::npos;
}

bool is_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is_tchar);
}

bool is_field_value_char(char c) {
    const auto byte = static_cast<unsigned char>(c);
    return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string_view trim(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

bool lists_token(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const auto comma = list.find(',');
        if (same_token(trim(list.substr(0, comma)), wanted)) return true;
        if (comma == std::string_view::npos) return false;
        list.remove_prefix(comma + 1);
    }
    return false;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/// Decodes percent escapes; nothing when one is broken.
std::optional<std::string> percent_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '%') {
            out.push_back(text[i]);
            continue;
        }
        if (i + 2 >= text.size()) return std::nullopt;
        const int high = hex_digit(text[i + 1]);
        const int low = hex_digit(text[i + 2]);
        if (high < 0 || low < 0) return std::nullopt;
        out.push_back(static_cast<char>(high * 16 + low));
        i += 2;
    }
    return out;
}

std::optional<HeadRefusal> read_request_line(std::string_view line, const HeadLimits& limits,
                                             RequestHead& head) {
    const auto first = line.find(' ');
    const auto last = line.rfind(' ');
    if (first == std::string_view::npos || first == last) {
        return HeadRefusal{400, "The request line must be: method, target, version."};
    }
    head.method = line.substr(0, first);
    head.target = line.substr(first + 1, last - first - 1);
    const auto version = line.substr(last + 1);
    if (!is_token(head.method)) return HeadRefusal{400, "The method is not a token."};
    static constexpr auto known = std::to_array<std::string_view>(
        {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"});
    if (std::find(known.begin(), known.end(), head.method) == known.end()) {
        return HeadRefusal{501, "The method is not one that this server knows."};
    }
    if (version == "HTTP/1.1") {
        head.minor_version = 1;
    } else if (version == "HTTP/1.0") {
        head.minor_version = 0;
    } else if (version.starts_with("HTTP/")) {
        return HeadRefusal{505, "Only HTTP/1.1 and HTTP/1.0 are spoken here."};
    } else {
        return HeadRefusal{400, "The request line must end with the HTTP version."};
    }
    if (head.target.size() > limits.target_bytes) {
        return HeadRefusal{414, "The request target is too long."};
    }
    if (const auto problem = target_problem(head.target)) return HeadRefusal{400, *problem};
    return std::nullopt;
}

std::optional<HeadRefusal> read_field(std::string_view line, const HeadLimits& limits,
                                      RequestHead& head) {
    if (line.size() > limits.line_bytes) return HeadRefusal{431, "A header line is too long."};
    if (head.fields.size() >= limits.fields) {
        return HeadRefusal{431, "The request has too many header fields."};
    }
    if (line.front() == ' ' || line.front() == '\t') {
        return HeadRefusal{400, "Folded header lines are not accepted."};
    }
    const auto colon = line.find(':');
    if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) {
        return HeadRefusal{400, "A header field's name is malformed."};
    }
    const auto value = trim(line.substr(colon + 1));
    if (!std::all_of(value.begin(), value.end(), is_field_value_char)) {
        return HeadRefusal{400, "A header field's value has a control character."};
    }
    head.fields.emplace_back(std::string(line.substr(0, colon)), std::string(value));
    return std::nullopt;
}

std::optional<HeadRefusal> read_framing(RequestHead& head) {
    int hosts = 0;
    int codings = 0;
    bool close = false;
    bool keep = false;
    for (const auto& [name, value] : head.fields) {
        if (same_token(name, "Host")) ++hosts;
        if (same_token(name, "Content-Length")) {
            const bool digits = !value.empty() && value.size() <= 18 &&
                                std::all_of(value.begin(), value.end(),
                                            [](char c) { return c >= '0' && c <= '9'; });
            if (head.content_length || !digits) {
                return HeadRefusal{400, "Content-Length must be there once, as a plain number."};
            }
            head.content_length = std::stoull(value);
        }
        if (same_token(name, "Transfer-Encoding")) {
            ++codings;
            if (!same_token(value, "chunked")) {
                return HeadRefusal{501, "The only transfer coding accepted is chunked."};
            }
            head.chunked = true;
        }
        if (same_token(name, "Connection")) {
            close = close || lists_token(value, "close");
            keep = keep || lists_token(value, "keep-alive");
        }
        if (same_token(name, "Expect")) {
            if (!same_token(value, "100-continue")) {
                return HeadRefusal{417, "The only expectation accepted is 100-continue."};
            }
            head.expects_continue = head.minor_version == 1;
        }
    }
    if (codings > 1) return HeadRefusal{400, "Transfer-Encoding must be there once."};
    if (head.chunked && head.content_length) {
        return HeadRefusal{400, "Content-Length and Transfer-Encoding exclude each other."};
    }
    if (head.chunked && head.minor_version == 0) {
        return HeadRefusal{400, "HTTP/1.0 has no transfer coding."};
    }
    if (hosts > 1 || (hosts == 0 && head.minor_version == 1)) {
        return HeadRefusal{400, "The request needs exactly one Host field."};
    }
    head.keep_alive = head.minor_version == 1 ? !close : keep && !close;
    return std::nullopt;
}

}  // namespace

bool has_control(std::string_view bytes) {
    return std::any_of(bytes.begin(), bytes.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return byte < 0x20 || byte == 0x7f;
    });
}

bool same_token(std::string_view a, std::string_view b) {
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                              [](char x, char y) { return lower(x) == lower(y); });
}

std::optional<std::string_view> find_field(const Fields& fields, std::string_view name) {
    for (const auto& [key, value] : fields) {
        if (same_token(key, name)) return value;
    }
    return std::nullopt;
}

std::optional<std::string> target_problem(std::string_view target) {
    if (target.empty() || target.front() != '/') return "The request target must be a path.";
    for (const char c : target) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte <= 0x20 || byte >= 0x7f || c == '#' || c == '\\') {
            return "The request target has a character that must be percent-encoded.";
        }
    }
    const auto mark = target.find('?');
    const auto path = percent_decode(target.substr(0, mark));
    const auto query = mark == std::string_view::npos ? std::optional<std::string>("")
                                                      : percent_decode(target.substr(mark + 1));
    if (!path || !query) return "The request target has a broken percent escape.";
    if (has_control(*path) || query->find('\0') != std::string::npos) {
        return "The request target has an encoded control character.";
    }
    if (!base::is_utf8(*path) || !base::is_utf8(*query)) {
        return "The request target is not UTF-8.";
    }
    const auto slashes = std::count(path->begin(), path->end(), '/');
    if (slashes !=
            std::count(target.begin(),
                       target.begin() + static_cast<std::ptrdiff_t>(std::min(mark, target.size())),
                       '/') ||
        path->find('\\') != std::string::npos) {
        return "The request target has an encoded slash.";
    }
    std::string_view rest = std::string_view(*path).substr(1);
    while (!rest.empty()) {
        const auto slash = rest.find('/');
        const auto segment = rest.substr(0, slash);
        if (segment.empty() || segment == "." || segment == "..") {
            return "The request target has an empty or dot segment.";
        }
        if (slash == std::string_view::npos) break;
        rest.remove_prefix(slash + 1);
    }
    return std::nullopt;
}

std::variant<RequestHead, HeadRefusal> read_head(std::string_view bytes, const HeadLimits& limits) {
    RequestHead head;
    bool first = true;
    while (true) {
        const auto end = bytes.find('\n');
        if (end == std::string_view::npos || end == 0 || bytes[end - 1] != '\r') {
            return HeadRefusal{400, "Every header line must end with CR LF."};
        }
        const auto line = bytes.substr(0, end - 1);
        bytes.remove_prefix(end + 1);
        if (line.find('\r') != std::string_view::npos ||
            line.find('\0') != std::string_view::npos) {
            return HeadRefusal{400, "The request's head has a bare CR or NUL."};
        }
        if (line.empty() && !first) break;
        const auto refusal =
            first ? read_request_line(line, limits, head) : read_field(line, limits, head);
        if (refusal) return *refusal;
        first = false;
    }
    if (!bytes.empty()) return HeadRefusal{400, "Bytes follow the request's head."};
    if (const auto refusal = read_framing(head)) return *refusal;
    return head;
}

bool is_dropped_field(std::string_view name) {
    static constexpr auto dropped = std::to_array<std::string_view>(
        {"Connection", "Keep-Alive", "Proxy-Connection", "Transfer-Encoding", "Content-Length",
         "TE", "Trailer", "Upgrade", "Expect", "Range", "If-Range", "Accept-Encoding",
         "Content-Encoding", "REMOTE_ADDR", "REMOTE_PORT", "LOCAL_ADDR", "LOCAL_PORT",
         "X-Request-Id"});
    return std::any_of(dropped.begin(), dropped.end(),
                       [&](std::string_view other) { return same_token(name, other); });
}

bool is_request_id(std::string_view text) {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               c == '-' || c == '_' || c == '.';
    });
}

}  // namespace hatchery::api::front
