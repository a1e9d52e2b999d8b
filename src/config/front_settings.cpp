#include <array>

#include "config/readers.hpp"
#include "config/table.hpp"

namespace hatchery::config {

namespace {

using core::RateLimits;

template <long long least, std::size_t FrontConfig::* member>
Wrong count(const std::string& text, Config& config) {
    return number_at<least, 1'000'000, &Config::front, member>(text, config);
}

template <std::chrono::seconds FrontConfig::* member>
Wrong limit(const std::string& text, Config& config) {
    return seconds_at<1, 3'600, &Config::front, member>(text, config);
}

/// Requests a minute; none: no limit.
template <int RateLimits::* member>
Wrong rate(const std::string& text, Config& config) {
    return number_at<0, 10'000'000, &Config::rates, member>(text, config);
}

template <int RateLimits::* member>
Wrong percent(const std::string& text, Config& config) {
    return number_at<1, 10'000, &Config::rates, member>(text, config);
}

const std::array all_front_settings = {
    plain("HATCHERY_TRUSTED_PROXIES", "", read_proxies),
    plain("HATCHERY_API_THREADS", "16", number_at<2, 256, &Config::front, &FrontConfig::threads>),
    plain("HATCHERY_MAX_CONNECTIONS", "10000", count<16, &FrontConfig::connections>),
    plain("HATCHERY_MAX_CONNECTIONS_PER_ADDRESS", "1024",
          count<1, &FrontConfig::connections_per_address>),
    plain("HATCHERY_MAX_STREAMS", "6000", count<1, &FrontConfig::streams>),
    plain("HATCHERY_MAX_STREAMS_PER_USER", "200", count<1, &FrontConfig::streams_per_user>),
    plain("HATCHERY_MAX_WAITS", "2000", count<1, &FrontConfig::waits>),
    plain("HATCHERY_MAX_WAITS_PER_USER", "100", count<1, &FrontConfig::waits_per_user>),
    plain("HATCHERY_MAX_BODY_BYTES", "1048576",
          number_at<65'536, 64LL << 20, &Config::front, &FrontConfig::body_bytes>),
    plain("HATCHERY_MAX_HELD_BYTES", "268435456",
          number_at<64LL << 20, 64LL << 30, &Config::front, &FrontConfig::held_bytes>),
    plain("HATCHERY_HEAD_SECONDS", "10", limit<&FrontConfig::head_limit>),
    plain("HATCHERY_BODY_SECONDS", "30", limit<&FrontConfig::body_limit>),
    plain("HATCHERY_WRITE_SECONDS", "30", limit<&FrontConfig::write_limit>),
    plain("HATCHERY_IDLE_SECONDS", "75", limit<&FrontConfig::idle_limit>),
    plain("HATCHERY_RATE_READ", "3000", rate<&RateLimits::read>),
    plain("HATCHERY_RATE_WRITE", "300", rate<&RateLimits::write>),
    plain("HATCHERY_RATE_OUTSIDE", "120", rate<&RateLimits::outside>),
    plain("HATCHERY_RATE_VERIFY", "20", rate<&RateLimits::verify>),
    plain("HATCHERY_RATE_STREAM", "120", rate<&RateLimits::stream>),
    plain("HATCHERY_RATE_SIGN_IN", "30", rate<&RateLimits::sign_in>),
    plain("HATCHERY_RATE_FAILURE", "30", rate<&RateLimits::failure>),
    plain("HATCHERY_RATE_SERVICE", "60000", rate<&RateLimits::service>),
    plain("HATCHERY_RATE_TOKEN_PERCENT", "50", percent<&RateLimits::token_percent>),
    plain("HATCHERY_RATE_ADDRESS_PERCENT", "400", percent<&RateLimits::address_percent>),
};

}  // namespace

std::span<const Setting> front_settings() { return all_front_settings; }

}  // namespace hatchery::config
