#include "core/network.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>

namespace hatchery::core {

namespace {

using Bytes = std::array<std::uint8_t, 16>;

constexpr Bytes mapped_prefix = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0, 0};

struct Address {
    Bytes bytes{};
    bool v4 = false;
};

std::optional<Address> parse_address(std::string_view text) {
    // Longer is no address; a zone (`%eth0`) is not taken by inet_pton.
    if (text.empty() || text.size() > 45) return std::nullopt;
    const std::string copy(text);
    Address address;
    in_addr four{};
    if (inet_pton(AF_INET, copy.c_str(), &four) == 1 && copy.size() == text.size()) {
        address.bytes = mapped_prefix;
        const auto* raw = reinterpret_cast<const std::uint8_t*>(&four);
        std::copy_n(raw, 4, address.bytes.begin() + 12);
        address.v4 = true;
        return address;
    }
    if (inet_pton(AF_INET6, copy.c_str(), address.bytes.data()) != 1) return std::nullopt;
    address.v4 =
        std::equal(mapped_prefix.begin(), mapped_prefix.begin() + 12, address.bytes.begin());
    return address;
}

std::string text_of(const Address& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    if (address.v4) {
        inet_ntop(AF_INET, address.bytes.data() + 12, text.data(), text.size());
    } else {
        inet_ntop(AF_INET6, address.bytes.data(), text.data(), text.size());
    }
    return text.data();
}

/// The bytes with everything behind the first `bits` cleared.
Bytes masked(Bytes bytes, int bits) {
    for (int i = 0; i < 16; ++i) {
        const int kept = std::clamp(bits - i * 8, 0, 8);
        bytes[static_cast<std::size_t>(i)] &= static_cast<std::uint8_t>(0xff00U >> kept);
    }
    return bytes;
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

/// `192.0.2.1:4711` and `[2001:db8::1]:4711` as some proxies write them, without the port.
std::string_view without_port(std::string_view entry) {
    if (entry.starts_with('[')) {
        const auto end = entry.find(']');
        return end == std::string_view::npos ? std::string_view{} : entry.substr(1, end - 1);
    }
    const auto colon = entry.find(':');
    const bool one_colon = colon != std::string_view::npos && entry.rfind(':') == colon;
    return one_colon ? entry.substr(0, colon) : entry;
}

}  // namespace

std::optional<Network> parse_network(std::string_view text) {
    const auto slash = text.find('/');
    const auto address = parse_address(text.substr(0, slash));
    if (!address) return std::nullopt;
    const int offset = address->v4 && text.find(':') == std::string_view::npos ? 96 : 0;
    int bits = 128 - offset;
    if (slash != std::string_view::npos) {
        const auto digits = text.substr(slash + 1);
        const auto [end, error] =
            std::from_chars(digits.data(), digits.data() + digits.size(), bits);
        const bool whole = error == std::errc{} && end == digits.data() + digits.size();
        if (!whole || bits < 0 || bits > 128 - offset) return std::nullopt;
    }
    const Network network{.base = address->bytes, .bits = bits + offset};
    if (masked(network.base, network.bits) != network.base) return std::nullopt;
    return network;
}

bool lies_in(std::string_view address, std::span<const Network> networks) {
    const auto parsed = parse_address(address);
    return parsed && std::any_of(networks.begin(), networks.end(), [&](const Network& network) {
               return masked(parsed->bytes, network.bits) == network.base;
           });
}

std::optional<std::string> plain_address(std::string_view text) {
    const auto address = parse_address(text);
    if (!address) return std::nullopt;
    return text_of(*address);
}

std::string address_group(std::string_view address) {
    auto parsed = parse_address(address);
    if (!parsed) return std::string(address);
    if (!parsed->v4) parsed->bytes = masked(parsed->bytes, 64);
    return text_of(*parsed);
}

std::string client_address(std::string_view peer, std::span<const std::string_view> forwarded_for,
                           std::span<const Network> proxies) {
    std::string found = plain_address(peer).value_or(std::string(peer));
    for (auto value = forwarded_for.rbegin(); value != forwarded_for.rend(); ++value) {
        std::string_view rest = *value;
        while (true) {
            if (!lies_in(found, proxies)) return found;
            const auto comma = rest.rfind(',');
            const auto entry =
                trimmed(comma == std::string_view::npos ? rest : rest.substr(comma + 1));
            auto next = plain_address(without_port(entry));
            if (!next) return found;
            found = std::move(*next);
            if (comma == std::string_view::npos) break;
            rest = rest.substr(0, comma);
        }
    }
    return found;
}

}  // namespace hatchery::core
