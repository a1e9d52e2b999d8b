#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "ports/http_transport.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::providers {

/// What the project's request budget was when the provider last said so. Hetzner grants 3600
/// requests an hour and gives one back every second (docs.hetzner.cloud, "Rate limiting").
struct RequestBudget {
    long limit = 0;
    long remaining = 0;
    base::TimePoint seen_at;
};

struct HetznerOptions {
    /// With the version and without a slash at the end: `https://api.hetzner.cloud/v1`.
    std::string base_url = "https://api.hetzner.cloud/v1";
    base::Secret token;
};

/// Hetzner Cloud, one project (a token belongs to one).
class HetznerProvider : public CloudProvider {
public:
    /// The budget as the last answer told it; nothing before the first answer. Thread-safe.
    [[nodiscard]] virtual std::optional<RequestBudget> budget() const = 0;
};

/// The transport and the clock must outlive the provider.
[[nodiscard]] std::unique_ptr<HetznerProvider> make_hetzner_provider(
    HetznerOptions options, ports::HttpTransport& transport, const base::Clock& clock);

}  // namespace hatchery::providers
