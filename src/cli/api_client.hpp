#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "ports/http_transport.hpp"

namespace hatchery::cli {

/// A text as it may stand in a path or a query.
[[nodiscard]] std::string percent_encoded(std::string_view text);

/// The API as its commands use it: JSON in and out, problem+json as an Error whose message names
/// the wrong fields and whose next_action says what to do. Blocking.
class ApiClient {
public:
    ApiClient(ports::HttpTransport& http, std::string base_url, base::Secret token)
        : http_(http), base_url_(std::move(base_url)), token_(std::move(token)) {}

    [[nodiscard]] base::Result<base::Json> get(const std::string& path);
    /// Writes the tag of what is shown to `tag`, or nothing where the API gives none: a `put` that
    /// names it is refused with `conflict` when somebody else came first.
    [[nodiscard]] base::Result<base::Json> get_tagged(const std::string& path, std::string& tag);
    [[nodiscard]] base::Result<base::Json> post(const std::string& path, const base::Json& body);
    [[nodiscard]] base::Result<base::Json> post(const std::string& path);
    [[nodiscard]] base::Result<base::Json> put(const std::string& path, const base::Json& body,
                                               const std::string& if_match = {});
    [[nodiscard]] base::Result<base::Json> remove(const std::string& path);

    /// All items of a list, page by page; `path` may have a query.
    /// The first page as a whole goes to `first`, for what it says beside the items.
    [[nodiscard]] base::Result<std::vector<base::Json>> all(const std::string& path,
                                                            base::Json* first = nullptr);
    /// The bot of this id, or else of this name. `not_found`; `conflict` when several have the
    /// name.
    [[nodiscard]] base::Result<base::Json> find_bot(const std::string& id_or_name);

private:
    [[nodiscard]] base::Result<base::Json> send(ports::HttpRequest request,
                                                std::string* tag = nullptr);

    ports::HttpTransport& http_;
    std::string base_url_;
    base::Secret token_;
};

}  // namespace hatchery::cli
