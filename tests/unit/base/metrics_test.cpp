#include "base/metrics.hpp"

#include <thread>

#include "support/catch.hpp"

using namespace hatchery;

TEST_CASE("metrics are printed by name with their help, kind and labels") {
    base::MetricRegistry metrics;
    metrics.counter("b_total", "Counts b.", {{"kind", "x"}}).add(2);
    metrics.counter("b_total", "Counts b.", {{"kind", "y\"\\\n"}}).add();
    metrics.gauge("a_seconds", "How long.").set(1.5);
    CHECK(metrics.text() ==
          "# HELP a_seconds How long.\n# TYPE a_seconds gauge\na_seconds 1.5\n"
          "# HELP b_total Counts b.\n# TYPE b_total counter\n"
          "b_total{kind=\"x\"} 2\nb_total{kind=\"y\\\"\\\\\\n\"} 1\n");
}

TEST_CASE("a histogram's buckets add up") {
    base::MetricRegistry metrics;
    auto& histogram = metrics.histogram("h_seconds", "H.", {0.1, 1}, {{"step", "s"}});
    for (const double value : {0.05, 0.1, 0.5, 20.0}) histogram.observe(value);
    CHECK(metrics.text() ==
          "# HELP h_seconds H.\n# TYPE h_seconds histogram\n"
          "h_seconds_bucket{step=\"s\",le=\"0.1\"} 2\n"
          "h_seconds_bucket{step=\"s\",le=\"1\"} 3\n"
          "h_seconds_bucket{step=\"s\",le=\"+Inf\"} 4\n"
          "h_seconds_sum{step=\"s\"} 20.65\nh_seconds_count{step=\"s\"} 4\n");
}

TEST_CASE("the same name and labels are the same metric, and another kind of it is a mistake") {
    base::MetricRegistry metrics;
    CHECK(&metrics.counter("a_total", "A.") == &metrics.counter("a_total", "A."));
    CHECK(&metrics.counter("a_total", "A.") != &metrics.counter("a_total", "A.", {{"x", "1"}}));
    CHECK_THROWS_AS(metrics.gauge("a_total", "A."), std::logic_error);
}

TEST_CASE("many threads count without losing any") {
    base::MetricRegistry metrics;
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 4; ++i) {
            threads.emplace_back([&] {
                auto& counter = metrics.counter("a_total", "A.");
                auto& histogram = metrics.histogram("h", "H.", {1});
                for (int n = 0; n < 10'000; ++n) {
                    counter.add();
                    histogram.observe(0.5);
                }
            });
        }
    }
    CHECK(metrics.counter("a_total", "A.").value() == 40'000);
    CHECK(metrics.histogram("h", "H.", {1}).sum() == 20'000);
}
