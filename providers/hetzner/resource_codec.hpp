#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "providers/cloud_types.hpp"

namespace hatchery::providers::hetzner {

/// Where the API keeps a kind of thing, and the names of its members.
struct ResourcePath {
    /// With a slash in front: `/images`.
    std::string_view path;
    /// What selects this kind alone in a list: `type=snapshot&`.
    std::string_view filter;
    std::string_view one;
    std::string_view many;
    /// In a sentence: `snapshot`.
    std::string_view word;
};

[[nodiscard]] ResourcePath path_of(ResourceKind kind);

/// Names and labels that Hetzner takes. ErrorKind::invalid.
[[nodiscard]] base::Result<void> check_resource(const std::string& name,
                                                const std::map<std::string, std::string>& labels);

/// The body of POST /firewalls.
[[nodiscard]] base::Result<base::Json> encode_firewall(const CreateFirewall& request);
/// The rules that let SSH in from the sources and nothing else.
[[nodiscard]] base::Json encode_rules(const std::vector<std::string>& ssh_sources);

/// Nothing when the object has no id. Unknown members and nulls are passed over.
[[nodiscard]] std::optional<CloudResource> decode_resource(ResourceKind kind,
                                                           const base::Json& object);
/// The label selectors that a firewall is applied to, as the API takes them to end that.
[[nodiscard]] base::Json decode_selectors(const base::Json& firewall);
/// An `image` of the provider's own; nothing when it has no name.
[[nodiscard]] std::optional<CloudImage> decode_image(const base::Json& image);

}  // namespace hatchery::providers::hetzner
