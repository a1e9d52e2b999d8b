#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace hatchery::core {

/// A network in CIDR form, such as `10.0.0.0/8` or `2001:db8::/32`. IPv4 is kept as IPv4-mapped
/// IPv6, so that both spellings of one address are the same.
struct Network {
    std::array<std::uint8_t, 16> base{};
    /// Of the 128 bits, how many belong to the network.
    int bits = 128;

    friend bool operator==(const Network&, const Network&) = default;
};

/// An address or a network in CIDR form. Nothing for any other text, also when bits behind the
/// prefix are set: who writes `10.1.2.3/8` means something else.
[[nodiscard]] std::optional<Network> parse_network(std::string_view text);

/// Whether the numeric address lies in one of the networks.
[[nodiscard]] bool lies_in(std::string_view address, std::span<const Network> networks);

/// The usual spelling of a numeric address (`::ffff:192.0.2.1` is `192.0.2.1`); nothing for other
/// text.
[[nodiscard]] std::optional<std::string> plain_address(std::string_view text);

/// What a limit per address counts: the IPv4 address, or the /64 that an IPv6 customer is given.
/// Any other text counts as itself.
[[nodiscard]] std::string address_group(std::string_view address);

/// Who really asks. `peer` is who is connected to us. If that is one of our proxies, the last entry
/// of `X-Forwarded-For` is who was connected to it, and so on to the left, as long as the entries
/// are proxies of ours; what stands further left was written by a stranger and means nothing. A
/// proxy's entry that is no address ends the search at that proxy. `forwarded_for` has the header's
/// values in the order in which they came.
[[nodiscard]] std::string client_address(std::string_view peer,
                                         std::span<const std::string_view> forwarded_for,
                                         std::span<const Network> proxies);

}  // namespace hatchery::core
