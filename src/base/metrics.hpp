#pragma once

#include <atomic>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hatchery::base {

/// A number that only grows. Thread-safe and cheap.
class Counter {
public:
    void add(std::uint64_t count = 1) { value_.fetch_add(count, std::memory_order_relaxed); }
    [[nodiscard]] std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// A number that goes up and down. Thread-safe and cheap.
class Gauge {
public:
    void set(double value) { value_.store(value, std::memory_order_relaxed); }
    [[nodiscard]] double value() const { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<double> value_{0};
};

/// How many values fell below each bound. Thread-safe and cheap.
class Histogram {
public:
    explicit Histogram(std::vector<double> bounds);
    void observe(double value);
    /// The bounds in ascending order, without the last one, which is infinite.
    [[nodiscard]] const std::vector<double>& bounds() const { return bounds_; }
    /// The values at or below the bound at this place; at the place behind the last one: all.
    [[nodiscard]] std::uint64_t at_most(std::size_t place) const;
    [[nodiscard]] double sum() const { return sum_.load(std::memory_order_relaxed); }

private:
    std::vector<double> bounds_;
    std::vector<std::atomic<std::uint64_t>> counts_;
    std::atomic<double> sum_{0};
};

using MetricLabels = std::vector<std::pair<std::string, std::string>>;

/// The metrics of a process by name and labels. What it hands out lives as long as the registry;
/// keep the reference where something is counted often. Thread-safe. The first help and kind of a
/// name stand; asking for the name as another kind throws std::logic_error.
class MetricRegistry {
public:
    MetricRegistry();
    ~MetricRegistry();
    MetricRegistry(const MetricRegistry&) = delete;
    MetricRegistry& operator=(const MetricRegistry&) = delete;

    /// Names end in `_total`.
    Counter& counter(std::string_view name, std::string_view help, const MetricLabels& labels = {});
    /// Names end in their unit.
    Gauge& gauge(std::string_view name, std::string_view help, const MetricLabels& labels = {});
    Histogram& histogram(std::string_view name, std::string_view help,
                         const std::vector<double>& bounds, const MetricLabels& labels = {});
    /// Everything in Prometheus' text format 0.0.4, by name.
    [[nodiscard]] std::string text() const;

private:
    struct Series;
    struct Family;
    Series& series(std::string_view name, std::string_view help, std::string_view kind,
                   const MetricLabels& labels);

    mutable std::mutex mutex_;
    std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;
};

}  // namespace hatchery::base
