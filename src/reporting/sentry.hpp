#pragma once

#include <memory>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "core/sentry_dsn.hpp"
#include "ports/http_transport.hpp"
#include "reporting/sentry_event.hpp"

namespace hatchery::reporting {

/// Sends faults to Sentry from a thread of its own, so that nobody waits for it. At most
/// `queue_limit` wait; further ones are counted and dropped, as are those that Sentry does not take
/// or asks to keep (429). Nothing is sent twice. Thread-safe.
class Sentry {
public:
    static constexpr std::size_t queue_limit = 100;

    virtual ~Sentry() = default;
    /// Returns at once.
    virtual void report(Fault fault) = 0;
    /// Sends what waits, for at most this long. Blocking.
    virtual void flush(base::Milliseconds limit) = 0;
};

/// All references must outlive it. Counts `hatchery_fault_reports_total` by outcome: `sent`,
/// `refused`, `dropped`.
[[nodiscard]] std::unique_ptr<Sentry> make_sentry(core::SentryDsn dsn, ports::HttpTransport& http,
                                                  base::Clock& clock, base::Random& random,
                                                  base::MetricRegistry& metrics);

}  // namespace hatchery::reporting
