#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "base/secret.hpp"
#include "ports/http_transport.hpp"
#include "providers/cloud_types.hpp"
#include "providers/rest/call_subject.hpp"

namespace hatchery::providers::rest {

/// What one provider's API has of its own.
struct Dialect {
    /// In a sentence: `Hetzner`.
    std::string_view provider;
    /// The largest page.
    int per_page = 50;
    /// The error of an answer that is not 2xx.
    base::Error (*refusal)(const CallSubject& subject, const ports::HttpResponse& response,
                           base::TimePoint now) = nullptr;
    /// The page after this one, or nothing on the last.
    std::optional<long long> (*next_page)(const base::Json& answer, long long page) = nullptr;
};

/// Where a project's API is, and what opens it.
struct Entrance {
    std::string base_url;
    base::Secret token;
};

/// One call to the API: sends it with the token, keeps the budget that the answer tells, and turns
/// whatever is not a 2xx JSON answer into a typed error. Never retries. Thread-safe.
class Client {
public:
    Client(const Dialect& dialect, Entrance access, ports::HttpTransport& transport,
           const base::Clock& clock);

    /// `path` starts with a slash and carries its query.
    [[nodiscard]] base::Result<base::Json> get(std::string_view what, const std::string& path,
                                               const base::Call& call);
    /// A null is no body.
    [[nodiscard]] base::Result<base::Json> post(std::string_view what, const std::string& path,
                                                const base::Json& body, const base::Call& call);
    [[nodiscard]] base::Result<base::Json> put(std::string_view what, const std::string& path,
                                               const base::Json& body, const base::Call& call);
    [[nodiscard]] base::Result<base::Json> remove(std::string_view what, const std::string& path,
                                                  const base::Call& call);
    /// The members of the array `key` over all pages of a list.
    [[nodiscard]] base::Result<std::vector<base::Json>> get_all(std::string_view what,
                                                                const std::string& path,
                                                                const std::string& key,
                                                                const base::Call& call);
    [[nodiscard]] std::optional<RequestBudget> budget() const;

private:
    base::Result<base::Json> write(std::string_view what, std::string_view method,
                                   const std::string& path, const base::Json& body,
                                   const base::Call& call);
    base::Result<base::Json> send(ports::HttpRequest request, const CallSubject& subject,
                                  const base::Call& call);
    void keep_budget(const ports::HttpResponse& response);

    const Dialect& dialect_;
    Entrance access_;
    ports::HttpTransport& transport_;
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::optional<RequestBudget> budget_;
};

/// Everything but unreserved characters as %XX (RFC 3986).
[[nodiscard]] std::string query_escape(std::string_view text);
/// Ids are decimal numbers; anything else would change a path. ErrorKind::invalid.
[[nodiscard]] base::Result<void> check_id(std::string_view provider, const std::string& id);
/// A number as text, or text as it is; empty for anything else.
[[nodiscard]] std::string id_text(const base::Json& id);

}  // namespace hatchery::providers::rest
