#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "ports/http_transport.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::providers {

struct HetznerOptions {
    /// With the version and without a slash at the end: `https://api.hetzner.cloud/v1`.
    std::string base_url = "https://api.hetzner.cloud/v1";
    base::Secret token;
};

/// Hetzner Cloud, one project (a token belongs to one). The transport and the clock must outlive
/// the provider.
[[nodiscard]] std::unique_ptr<CloudProvider> make_hetzner_provider(HetznerOptions options,
                                                                   ports::HttpTransport& transport,
                                                                   const base::Clock& clock);

}  // namespace hatchery::providers
