#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

namespace hatchery::api {

/// Counts of requests. Thread-safe.
class Metrics {
public:
    /// `route` is a pattern, never a path, so that the number of series is bounded; `-` for what
    /// no route took.
    void count(std::string_view method, std::string_view route, int status,
               std::chrono::microseconds took);
    /// The counts in Prometheus' text format 0.0.4.
    [[nodiscard]] std::string text() const;

private:
    struct Series {
        std::uint64_t requests = 0;
        std::uint64_t microseconds = 0;
    };
    mutable std::mutex mutex_;
    std::map<std::tuple<std::string, std::string, int>, Series, std::less<>> series_;
};

/// One gauge in the same format.
[[nodiscard]] std::string gauge_text(std::string_view name, std::string_view help, long long value);

}  // namespace hatchery::api
