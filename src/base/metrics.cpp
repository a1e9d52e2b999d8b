#include "base/metrics.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

namespace hatchery::base {

namespace {

/// `a="b",c="d"`, escaped as the format wants it.
std::string label_text(const MetricLabels& labels) {
    std::string text;
    for (const auto& [name, value] : labels) {
        text += text.empty() ? "" : ",";
        text += name + "=\"";
        for (const char c : value) {
            if (c == '\\' || c == '"') text.push_back('\\');
            text += c == '\n' ? std::string("\\n") : std::string(1, c);
        }
        text.push_back('"');
    }
    return text;
}

std::string in_braces(const std::string& labels) {
    return labels.empty() ? labels : "{" + labels + "}";
}

std::string histogram_text(const std::string& name, const std::string& labels,
                           const Histogram& histogram) {
    std::string text;
    const std::string before = labels.empty() ? "" : labels + ",";
    for (std::size_t i = 0; i <= histogram.bounds().size(); ++i) {
        const bool last = i == histogram.bounds().size();
        text += fmt::format("{}_bucket{{{}le=\"{}\"}} {}\n", name, before,
                            last ? "+Inf" : fmt::format("{}", histogram.bounds()[i]),
                            histogram.at_most(i));
    }
    text += fmt::format("{}_sum{} {}\n", name, in_braces(labels), histogram.sum());
    text += fmt::format("{}_count{} {}\n", name, in_braces(labels),
                        histogram.at_most(histogram.bounds().size()));
    return text;
}

}  // namespace

Histogram::Histogram(std::vector<double> bounds)
    : bounds_(std::move(bounds)), counts_(bounds_.size() + 1) {}

void Histogram::observe(double value) {
    const auto bound = std::ranges::lower_bound(bounds_, value);
    counts_[static_cast<std::size_t>(bound - bounds_.begin())].fetch_add(1,
                                                                         std::memory_order_relaxed);
    sum_.fetch_add(value, std::memory_order_relaxed);
}

std::uint64_t Histogram::at_most(std::size_t place) const {
    std::uint64_t count = 0;
    for (std::size_t i = 0; i <= place && i < counts_.size(); ++i) {
        count += counts_[i].load(std::memory_order_relaxed);
    }
    return count;
}

struct MetricRegistry::Series {
    Counter counter;
    Gauge gauge;
    std::unique_ptr<Histogram> histogram;
};

struct MetricRegistry::Family {
    std::string kind;
    std::string help;
    std::map<std::string, std::unique_ptr<Series>> series;
};

MetricRegistry::MetricRegistry() = default;
MetricRegistry::~MetricRegistry() = default;

/// The caller holds the mutex.
MetricRegistry::Series& MetricRegistry::series(std::string_view name, std::string_view help,
                                               std::string_view kind, const MetricLabels& labels) {
    auto& family = families_[std::string(name)];
    if (!family) {
        family = std::make_unique<Family>();
        family->kind = kind;
        family->help = help;
    }
    if (family->kind != kind) throw std::logic_error("two kinds of " + std::string(name));
    auto& found = family->series[label_text(labels)];
    if (!found) found = std::make_unique<Series>();
    return *found;
}

Counter& MetricRegistry::counter(std::string_view name, std::string_view help,
                                 const MetricLabels& labels) {
    const std::lock_guard lock(mutex_);
    return series(name, help, "counter", labels).counter;
}

Gauge& MetricRegistry::gauge(std::string_view name, std::string_view help,
                             const MetricLabels& labels) {
    const std::lock_guard lock(mutex_);
    return series(name, help, "gauge", labels).gauge;
}

Histogram& MetricRegistry::histogram(std::string_view name, std::string_view help,
                                     const std::vector<double>& bounds,
                                     const MetricLabels& labels) {
    const std::lock_guard lock(mutex_);
    auto& found = series(name, help, "histogram", labels);
    if (!found.histogram) found.histogram = std::make_unique<Histogram>(bounds);
    return *found.histogram;
}

std::string MetricRegistry::text() const {
    const std::lock_guard lock(mutex_);
    std::string text;
    for (const auto& [name, family] : families_) {
        text += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n", name, family->help, family->kind);
        for (const auto& [labels, series] : family->series) {
            if (series->histogram) {
                text += histogram_text(name, labels, *series->histogram);
            } else if (family->kind == "counter") {
                text += fmt::format("{}{} {}\n", name, in_braces(labels), series->counter.value());
            } else {
                text += fmt::format("{}{} {}\n", name, in_braces(labels), series->gauge.value());
            }
        }
    }
    return text;
}

}  // namespace hatchery::base
