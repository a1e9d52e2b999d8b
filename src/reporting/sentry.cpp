#include "reporting/sentry.hpp"

#include <charconv>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>

#include "base/log.hpp"
#include "base/version.hpp"

namespace hatchery::reporting {

namespace {

using namespace std::chrono_literals;

constexpr auto send_limit = 5s;
/// How long Sentry is left alone when it says that it has enough and not for how long.
constexpr auto usual_pause = 60s;
constexpr std::chrono::seconds longest_pause = 1h;

class HttpSentry final : public Sentry {
public:
    HttpSentry(core::SentryDsn dsn, ports::HttpTransport& http, base::Clock& clock,
               base::Random& random, base::MetricRegistry& metrics)
        : dsn_(std::move(dsn)),
          http_(http),
          clock_(clock),
          random_(random),
          sent_(outcome(metrics, "sent")),
          refused_(outcome(metrics, "refused")),
          dropped_(outcome(metrics, "dropped")),
          thread_([this](const std::stop_token& stop) { run(stop); }) {}

    void report(Fault fault) override {
        {
            const std::lock_guard lock(mutex_);
            if (queue_.size() >= queue_limit || clock_.now() < quiet_until_) {
                dropped_.add();
                return;
            }
            queue_.push_back(std::move(fault));
        }
        changed_.notify_all();
    }

    void flush(base::Milliseconds limit) override {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, limit, [this] { return queue_.empty() && !sending_; });
    }

private:
    static base::Counter& outcome(base::MetricRegistry& metrics, const char* what) {
        return metrics.counter("hatchery_fault_reports_total", "Faults for Sentry, by outcome.",
                               {{"outcome", what}});
    }

    void run(const std::stop_token& stop) {
        while (true) {
            Fault fault;
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock, stop, [this] { return !queue_.empty(); });
                if (stop.stop_requested()) return;
                fault = std::move(queue_.front());
                queue_.pop_front();
                sending_ = true;
            }
            send(fault, stop);
            {
                const std::lock_guard lock(mutex_);
                sending_ = false;
            }
            changed_.notify_all();
        }
    }

    void send(const Fault& fault, const std::stop_token& stop) {
        ports::HttpRequest request;
        request.method = "POST";
        request.url = dsn_.envelope_url;
        request.headers = {{"Content-Type", "application/x-sentry-envelope"}};
        request.secret_headers.emplace_back(
            "X-Sentry-Auth",
            base::Secret("Sentry sentry_version=7, sentry_client=hatchery/" +
                         std::string(base::version) + ", sentry_key=" + dsn_.key.reveal()));
        request.body =
            sentry_envelope(fault, base::random_hex(random_, 16), base::version, clock_.now());
        request.max_response_bytes = 64U << 10U;
        const auto answer = http_.send(request, base::Call::within(send_limit, stop));
        if (answer && answer->status < 300) return sent_.add();
        refused_.add();
        if (answer && answer->status == 429) be_quiet(*answer);
        // Not as an error, which would be one more fault to report.
        base::log_event(base::LogLevel::warning, "fault_not_reported",
                        {{"event", fault.event},
                         {"why", answer ? "status " + std::to_string(answer->status)
                                        : answer.error().message}});
    }

    void be_quiet(const ports::HttpResponse& answer) {
        std::chrono::seconds pause = usual_pause;
        if (const auto header = answer.headers.find("retry-after");
            header != answer.headers.end()) {
            long long seconds = 0;
            const auto& text = header->second;
            const auto [end, wrong] =
                std::from_chars(text.data(), text.data() + text.size(), seconds);
            if (wrong == std::errc{} && seconds > 0) {
                pause = std::min(std::chrono::seconds(seconds), longest_pause);
            }
        }
        const std::lock_guard lock(mutex_);
        quiet_until_ = clock_.now() + pause;
        dropped_.add(queue_.size());
        queue_.clear();
    }

    const core::SentryDsn dsn_;
    ports::HttpTransport& http_;
    base::Clock& clock_;
    base::Random& random_;
    base::Counter& sent_;
    base::Counter& refused_;
    base::Counter& dropped_;
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Fault> queue_;
    bool sending_ = false;
    base::TimePoint quiet_until_{};
    std::jthread thread_;
};

}  // namespace

std::unique_ptr<Sentry> make_sentry(core::SentryDsn dsn, ports::HttpTransport& http,
                                    base::Clock& clock, base::Random& random,
                                    base::MetricRegistry& metrics) {
    return std::make_unique<HttpSentry>(std::move(dsn), http, clock, random, metrics);
}

}  // namespace hatchery::reporting
