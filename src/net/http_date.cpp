#include "net/http_date.hpp"

#include <curl/curl.h>

namespace hatchery::net {

std::optional<base::TimePoint> parse_http_date(const std::string& text) {
    const auto seconds = curl_getdate(text.c_str(), nullptr);
    if (seconds < 0) return std::nullopt;
    return base::TimePoint(std::chrono::seconds(seconds));
}

}  // namespace hatchery::net
