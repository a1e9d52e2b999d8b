#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/call.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::ports {

/// One HTTP request. Secrets are kept apart from what may be logged.
struct HttpRequest {
    std::string method = "GET";
    /// Full URL without secrets.
    std::string url;
    /// Inserted into the URL at the place of `{secret}`, never logged: Telegram carries its token
    /// in the path.
    std::optional<base::Secret> url_secret;
    std::vector<std::pair<std::string, std::string>> headers;
    /// `Authorization: Bearer …`.
    std::optional<base::Secret> bearer;
    /// Headers whose values are secret.
    std::vector<std::pair<std::string, base::Secret>> secret_headers;
    std::string body;
    /// Connect to this unix socket instead of the URL's host (a tunnel's end); empty for none.
    std::string unix_socket;
    /// A longer answer is refused as bad_response.
    std::size_t max_response_bytes = 8U << 20U;
};

struct HttpResponse {
    int status = 0;
    /// Names in lower case.
    std::map<std::string, std::string> headers;
    std::string body;
};

/// The one way out by HTTP. Redirects are not followed; TLS is verified. Blocking; thread-safe.
///
/// Errors: `timeout`, `cancelled`, `unavailable` (no connection), `bad_response`. Their effect is
/// `none` when the request certainly never left, else `unknown`. A status of any kind is not an
/// error here. No error text holds a secret.
class HttpTransport {
public:
    virtual ~HttpTransport() = default;
    [[nodiscard]] virtual base::Result<HttpResponse> send(const HttpRequest& request,
                                                          const base::Call& call) = 0;
};

}  // namespace hatchery::ports
