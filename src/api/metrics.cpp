#include "api/metrics.hpp"

#include <fmt/format.h>

namespace hatchery::api {

namespace {

/// From an answer out of memory to a long poll.
const std::vector<double> bounds = {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                    0.25,  0.5,    1,     2.5,  5,     10,   60};

std::string histogram_text(const std::string& labels, const base::Histogram& histogram) {
    std::string text;
    for (std::size_t place = 0; place < bounds.size(); ++place) {
        text += fmt::format("hatchery_http_request_seconds_bucket{{{},le=\"{}\"}} {}\n", labels,
                            bounds[place], histogram.at_most(place));
    }
    const auto all = histogram.at_most(bounds.size());
    text += fmt::format("hatchery_http_request_seconds_bucket{{{},le=\"+Inf\"}} {}\n", labels, all);
    text +=
        fmt::format("hatchery_http_request_seconds_sum{{{}}} {:.6f}\n", labels, histogram.sum());
    return text + fmt::format("hatchery_http_request_seconds_count{{{}}} {}\n", labels, all);
}

}  // namespace

void Metrics::count(std::string_view method, std::string_view route, int status,
                    std::chrono::microseconds took) {
    const std::lock_guard lock(mutex_);
    ++requests_[{std::string(method), std::string(route), status}];
    auto& histogram = seconds_[{std::string(method), std::string(route)}];
    if (!histogram) histogram = std::make_unique<base::Histogram>(bounds);
    histogram->observe(static_cast<double>(took.count()) / 1e6);
}

std::string Metrics::text() const {
    std::string counts =
        "# HELP hatchery_http_requests_total Requests answered.\n"
        "# TYPE hatchery_http_requests_total counter\n";
    std::string seconds =
        "# HELP hatchery_http_request_seconds Time to the answer, waits included.\n"
        "# TYPE hatchery_http_request_seconds histogram\n";
    const std::lock_guard lock(mutex_);
    for (const auto& [key, count] : requests_) {
        const auto& [method, route, status] = key;
        counts += fmt::format(
            "hatchery_http_requests_total{{method=\"{}\",route=\"{}\",status=\"{}\"}} {}\n", method,
            route, status, count);
    }
    for (const auto& [key, histogram] : seconds_) {
        seconds += histogram_text(fmt::format(R"(method="{}",route="{}")", key.first, key.second),
                                  *histogram);
    }
    return counts + seconds;
}

std::string gauge_text(std::string_view name, std::string_view help, long long value) {
    return fmt::format("# HELP {0} {1}\n# TYPE {0} gauge\n{0} {2}\n", name, help, value);
}

}  // namespace hatchery::api
