#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "base/metrics.hpp"

namespace hatchery::api {

/// Counts and timings of requests. Thread-safe.
class Metrics {
public:
    /// `route` is a pattern, never a path, so that the number of series is bounded; `-` for what
    /// no route took.
    void count(std::string_view method, std::string_view route, int status,
               std::chrono::microseconds took);
    /// The counts in Prometheus' text format 0.0.4.
    [[nodiscard]] std::string text() const;

private:
    mutable std::mutex mutex_;
    /// By method, route and status.
    std::map<std::tuple<std::string, std::string, int>, std::uint64_t> requests_;
    /// By method and route.
    std::map<std::pair<std::string, std::string>, std::unique_ptr<base::Histogram>> seconds_;
};

/// One gauge in the same format.
[[nodiscard]] std::string gauge_text(std::string_view name, std::string_view help, long long value);

}  // namespace hatchery::api
