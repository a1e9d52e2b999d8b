#include "core/retry.hpp"

#include <algorithm>

namespace hatchery::core {

bool is_retryable(base::ErrorKind kind) {
    using base::ErrorKind;
    switch (kind) {
        case ErrorKind::out_of_stock:
        case ErrorKind::rate_limited:
        case ErrorKind::conflict:
        case ErrorKind::unavailable:
        case ErrorKind::timeout:
        case ErrorKind::bad_response:
        case ErrorKind::internal:
        // A step whose call was cut by a drain runs again elsewhere.
        case ErrorKind::cancelled:
            return true;
        case ErrorKind::quota_exceeded:
        case ErrorKind::unauthorized:
        case ErrorKind::not_found:
        case ErrorKind::invalid:
            return false;
    }
    return false;
}

base::Milliseconds retry_delay(const RetryPolicy& policy, int failures, const base::Error& error,
                               double jitter) {
    const int doublings = std::clamp(failures - 1, 0, 20);
    const auto full =
        std::min(policy.max_delay, base::Milliseconds(policy.first_delay.count() << doublings));
    const auto half = full / 2;
    const auto chosen =
        half +
        base::Milliseconds(static_cast<long long>(static_cast<double>(half.count()) * jitter));
    return std::max(chosen, error.retry_after.value_or(base::Milliseconds{0}));
}

}  // namespace hatchery::core
