#include "api/metrics.hpp"

#include <fmt/format.h>

namespace hatchery::api {

void Metrics::count(std::string_view method, std::string_view route, int status,
                    std::chrono::microseconds took) {
    const std::lock_guard lock(mutex_);
    auto& series = series_[{std::string(method), std::string(route), status}];
    ++series.requests;
    series.microseconds += static_cast<std::uint64_t>(took.count());
}

std::string Metrics::text() const {
    std::string counts =
        "# HELP hatchery_http_requests_total Requests answered.\n"
        "# TYPE hatchery_http_requests_total counter\n";
    std::string seconds =
        "# HELP hatchery_http_request_seconds_total Time spent answering them, waits included.\n"
        "# TYPE hatchery_http_request_seconds_total counter\n";
    const std::lock_guard lock(mutex_);
    for (const auto& [key, series] : series_) {
        const auto& [method, route, status] = key;
        const auto labels =
            fmt::format(R"({{method="{}",route="{}",status="{}"}})", method, route, status);
        counts += fmt::format("hatchery_http_requests_total{} {}\n", labels, series.requests);
        seconds += fmt::format("hatchery_http_request_seconds_total{} {:.6f}\n", labels,
                               static_cast<double>(series.microseconds) / 1e6);
    }
    return counts + seconds;
}

std::string gauge_text(std::string_view name, std::string_view help, long long value) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
}

}  // namespace hatchery::api
