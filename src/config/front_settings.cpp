#include <fmt/format.h>

#include <array>
#include <charconv>

#include "config/settings.hpp"

namespace hatchery::config {

namespace {

using Wrong = std::optional<std::string>;

/// A whole number within bounds.
std::optional<long long> number_of(const std::string& text, long long least, long long most) {
    long long value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    const bool whole = error == std::errc{} && end == text.data() + text.size();
    if (!whole || value < least || value > most) return std::nullopt;
    return value;
}

std::string bounds(long long least, long long most) {
    return fmt::format("must be a whole number from {} to {}", least, most);
}

/// CIDR networks, comma-separated.
Wrong read_proxies(const std::string& text, Config& config) {
    std::string_view rest = text;
    while (true) {
        const auto comma = rest.find(',');
        std::string_view part = rest.substr(0, comma);
        const auto first = part.find_first_not_of(' ');
        part = first == std::string_view::npos ? std::string_view{} : part.substr(first);
        part = part.substr(0, part.find_last_not_of(' ') + 1);
        const auto network = core::parse_network(part);
        if (!network) {
            return "must be addresses or networks like 127.0.0.1,10.0.0.0/8,2001:db8::/32";
        }
        config.front.proxies.push_back(*network);
        if (comma == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(comma + 1);
    }
}

template <std::size_t FrontConfig::* member, long long least, long long most>
Wrong read_count(const std::string& text, Config& config) {
    const auto value = number_of(text, least, most);
    if (!value) return bounds(least, most);
    config.front.*member = static_cast<std::size_t>(*value);
    return std::nullopt;
}

template <std::chrono::seconds FrontConfig::* member>
Wrong read_limit(const std::string& text, Config& config) {
    const auto value = number_of(text, 1, 3'600);
    if (!value) return bounds(1, 3'600);
    config.front.*member = std::chrono::seconds(*value);
    return std::nullopt;
}

/// Requests a minute, or a percentage.
template <int core::RateLimits::* member, long long least, long long most>
Wrong read_rate(const std::string& text, Config& config) {
    const auto value = number_of(text, least, most);
    if (!value) return bounds(least, most);
    config.rates.*member = static_cast<int>(*value);
    return std::nullopt;
}

Wrong read_threads(const std::string& text, Config& config) {
    const auto value = number_of(text, 2, 256);
    if (!value) return bounds(2, 256);
    config.front.threads = static_cast<int>(*value);
    return std::nullopt;
}

constexpr Setting plain(std::string_view name, std::string_view fallback,
                        Wrong (*read)(const std::string&, Config&)) {
    return {name, fallback, false, {}, {}, read};
}

using core::RateLimits;
constexpr long long most_a_minute = 10'000'000;

const std::array all_front_settings = {
    plain("HATCHERY_TRUSTED_PROXIES", "", read_proxies),
    plain("HATCHERY_API_THREADS", "16", read_threads),
    plain("HATCHERY_MAX_CONNECTIONS", "10000",
          read_count<&FrontConfig::connections, 16, 1'000'000>),
    plain("HATCHERY_MAX_CONNECTIONS_PER_ADDRESS", "1024",
          read_count<&FrontConfig::connections_per_address, 1, 1'000'000>),
    plain("HATCHERY_MAX_STREAMS", "6000", read_count<&FrontConfig::streams, 1, 1'000'000>),
    plain("HATCHERY_MAX_STREAMS_PER_USER", "200",
          read_count<&FrontConfig::streams_per_user, 1, 1'000'000>),
    plain("HATCHERY_MAX_BODY_BYTES", "1048576",
          read_count<&FrontConfig::body_bytes, 65'536, 64LL << 20>),
    plain("HATCHERY_HEAD_SECONDS", "10", read_limit<&FrontConfig::head_limit>),
    plain("HATCHERY_BODY_SECONDS", "30", read_limit<&FrontConfig::body_limit>),
    plain("HATCHERY_WRITE_SECONDS", "30", read_limit<&FrontConfig::write_limit>),
    plain("HATCHERY_IDLE_SECONDS", "75", read_limit<&FrontConfig::idle_limit>),
    plain("HATCHERY_RATE_READ", "3000", read_rate<&RateLimits::read, 0, most_a_minute>),
    plain("HATCHERY_RATE_WRITE", "300", read_rate<&RateLimits::write, 0, most_a_minute>),
    plain("HATCHERY_RATE_OUTSIDE", "120", read_rate<&RateLimits::outside, 0, most_a_minute>),
    plain("HATCHERY_RATE_VERIFY", "20", read_rate<&RateLimits::verify, 0, most_a_minute>),
    plain("HATCHERY_RATE_STREAM", "120", read_rate<&RateLimits::stream, 0, most_a_minute>),
    plain("HATCHERY_RATE_SIGN_IN", "30", read_rate<&RateLimits::sign_in, 0, most_a_minute>),
    plain("HATCHERY_RATE_FAILURE", "30", read_rate<&RateLimits::failure, 0, most_a_minute>),
    plain("HATCHERY_RATE_SERVICE", "60000", read_rate<&RateLimits::service, 0, most_a_minute>),
    plain("HATCHERY_RATE_TOKEN_PERCENT", "50", read_rate<&RateLimits::token_percent, 1, 10'000>),
    plain("HATCHERY_RATE_ADDRESS_PERCENT", "400",
          read_rate<&RateLimits::address_percent, 1, 10'000>),
};

}  // namespace

std::span<const Setting> front_settings() { return all_front_settings; }

}  // namespace hatchery::config
