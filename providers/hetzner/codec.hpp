#pragma once

#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/json.hpp"
#include "base/result.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::providers::hetzner {

/// Where a location is, as `GET /locations` tells.
struct Place {
    std::string description;
    /// ISO 3166-1 alpha-2.
    std::string country;
};

/// RFC 1123, at most 63 characters.
[[nodiscard]] bool is_host_name(std::string_view name);
/// Labels outside Hetzner's alphabet are ErrorKind::invalid.
[[nodiscard]] base::Result<void> check_labels(const std::map<std::string, std::string>& labels);
/// The `labels` of any object; what is no text is passed over.
[[nodiscard]] std::map<std::string, std::string> decode_labels(const base::Json& object);

/// Refuses what Hetzner would refuse, before anything is sent: names that are no host names
/// (RFC 1123), labels outside their alphabet, user data over 32 KiB. ErrorKind::invalid.
[[nodiscard]] base::Result<void> check_create(const CreateServer& request);
/// One `key=value` selector, refused when either half is outside the alphabet of labels: anything
/// else could select other servers than meant. ErrorKind::invalid.
[[nodiscard]] base::Result<std::string> label_selector(const std::string& label,
                                                       const std::string& value);
/// The same for any of several values, `key in (a,b)`.
[[nodiscard]] base::Result<std::string> label_selector(const std::string& label,
                                                       std::span<const std::string> values);
/// The body of POST /servers.
[[nodiscard]] base::Json encode_create(const CreateServer& request);

/// A `server` object. Unknown members and nulls are passed over; nothing when it has no id or name.
[[nodiscard]] std::optional<CloudServer> decode_server(const base::Json& server,
                                                       const std::string& currency);
/// The ids of `action` and `next_actions` of a create's answer.
[[nodiscard]] std::vector<std::string> decode_create_actions(const base::Json& answer);
/// An `action` object; nothing when it has no id.
[[nodiscard]] std::optional<core::CloudAction> decode_action(const base::Json& action);
/// `meta.pagination.next_page`, or nothing on the last page.
[[nodiscard]] std::optional<long long> next_page(const base::Json& answer);
/// The offers of one `server_type` object: one for each location that still sells it at `now`.
[[nodiscard]] std::vector<Offer> decode_offers(const base::Json& server_type,
                                               const std::map<std::string, Place>& places,
                                               const std::string& currency, base::TimePoint now);

}  // namespace hatchery::providers::hetzner
