#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::net {

/// Where the secret of a request stands in its URL, and what error texts show instead of it.
inline constexpr std::string_view secret_place_holder = "{secret}";

/// Refuses what must not reach the wire: an unknown scheme or method, blanks and control
/// characters in the URL, line breaks in a header. ErrorKind::invalid, effect none.
[[nodiscard]] base::Result<void> check_request(const ports::HttpRequest& request);

/// The URL as it is sent: the secret inserted, percent-encoded but for what may stand in a path.
[[nodiscard]] std::string wire_url(const ports::HttpRequest& request);

/// `METHOD URL` without secrets and without the query, for error texts.
[[nodiscard]] std::string printable_target(const ports::HttpRequest& request);

/// The text with every secret of this request replaced by `{secret}`.
[[nodiscard]] std::string without_secrets(std::string text, const ports::HttpRequest& request);

/// `scheme://host:port` of a URL that check_request accepted: what a connection belongs to.
[[nodiscard]] std::string origin_of(std::string_view url);

/// Adds one header line (`Name: value`, ended by CR LF) to a response. A status line empties the
/// headers: those before it belonged to an interim answer. Names become lower case; values of a
/// repeated name are joined by a comma (RFC 9110, 5.3).
void add_header_line(ports::HttpResponse& response, std::string_view line);

}  // namespace hatchery::net
