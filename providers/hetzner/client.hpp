#pragma once

#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json.hpp"
#include "ports/http_transport.hpp"
#include "providers/cloud_types.hpp"
#include "providers/hetzner/errors.hpp"
#include "providers/hetzner/hetzner_provider.hpp"

namespace hatchery::providers::hetzner {

/// One call to the API: sends it with the token, keeps the budget that the answer tells, and turns
/// whatever is not a 2xx JSON answer into a typed error. Never retries. Thread-safe.
class Client {
public:
    Client(HetznerOptions options, ports::HttpTransport& transport, const base::Clock& clock);

    /// `path` starts with a slash and carries its query.
    [[nodiscard]] base::Result<base::Json> get(std::string_view what, const std::string& path,
                                               const base::Call& call);
    /// A null is no body.
    [[nodiscard]] base::Result<base::Json> post(std::string_view what, const std::string& path,
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
    base::Result<base::Json> send(ports::HttpRequest request, const CallSubject& subject,
                                  const base::Call& call);
    void keep_budget(const ports::HttpResponse& response);

    HetznerOptions options_;
    ports::HttpTransport& transport_;
    const base::Clock& clock_;
    mutable std::mutex mutex_;
    std::optional<RequestBudget> budget_;
};

}  // namespace hatchery::providers::hetzner
