#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "core/create_actions.hpp"
#include "providers/cloud_types.hpp"

namespace hatchery::providers::digitalocean {

/// The body of POST /v2/droplets: strict, refused before anything is sent when DigitalOcean would
/// refuse it. ErrorKind::invalid.
[[nodiscard]] base::Result<base::Json> encode_create(const CreateServer& request);

/// A `droplet` object. Unknown members and nulls are passed over; nothing when it has no id.
[[nodiscard]] std::optional<CloudServer> decode_droplet(const base::Json& droplet);
/// The ids of the actions that a create's answer links to.
[[nodiscard]] std::vector<std::string> decode_create_actions(const base::Json& answer);
/// An `action` object; nothing when it has no id. DigitalOcean does not say why one failed.
[[nodiscard]] std::optional<core::CloudAction> decode_action(const base::Json& action);
/// The page after this one, or nothing when `links.pages.next` is absent.
[[nodiscard]] std::optional<long long> next_page(const base::Json& answer, long long page);

/// A region as `GET /v2/regions` tells.
struct Region {
    std::string slug;
    std::string name;
    bool available = false;
    /// What can be had there now.
    std::vector<std::string> sizes;
};
[[nodiscard]] std::optional<Region> decode_region(const base::Json& region);
/// The offers of one `size` object: one for each region that sells it.
[[nodiscard]] std::vector<Offer> decode_offers(const base::Json& size,
                                               const std::map<std::string, Region>& regions);
/// ISO 3166-1 alpha-2 of a region's slug (`fra1`); empty for one that we do not know.
[[nodiscard]] std::string_view country_of(std::string_view region);
/// A distribution's image; nothing when it has no slug.
[[nodiscard]] std::optional<CloudImage> decode_image(const base::Json& image);
[[nodiscard]] AccountLimits decode_account(const base::Json& account);

/// The body of POST and PUT /v2/firewalls: SSH from the sources in, and everything out.
[[nodiscard]] base::Result<base::Json> encode_firewall(const CreateFirewall& request);
/// Nothing when the object has no id.
[[nodiscard]] std::optional<CloudResource> decode_reserved_ip(const base::Json& object);
[[nodiscard]] std::optional<CloudResource> decode_resource(ResourceKind kind,
                                                           const base::Json& object);
/// Firewalls have a UUID, everything else a number. ErrorKind::invalid.
[[nodiscard]] base::Result<void> check_resource_id(ResourceKind kind, const std::string& id);

}  // namespace hatchery::providers::digitalocean
