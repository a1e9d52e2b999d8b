#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "ports/http_transport.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::providers {

struct DigitalOceanOptions {
    /// With the version and without a slash at the end: `https://api.digitalocean.com/v2`.
    std::string base_url = "https://api.digitalocean.com/v2";
    base::Secret token;
};

/// DigitalOcean, one account. Names are not unique there: every create bears a tag of its own, by
/// which find_server() looks. The transport and the clock must outlive the provider.
[[nodiscard]] std::unique_ptr<CloudProvider> make_digitalocean_provider(
    DigitalOceanOptions options, ports::HttpTransport& transport, const base::Clock& clock);

}  // namespace hatchery::providers
