#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>

namespace hatchery::api {

/// How many requests may stay open at the same time: event streams, or requests that wait.
struct StreamLimits {
    /// In this process. Well below the front's connections, so that a house full of readers still
    /// answers everybody else.
    std::size_t all = 6'000;
    std::size_t per_user = 200;
};

/// Counts what stays open in a process. Thread-safe.
class StreamSeats {
public:
    enum class Taken : std::uint8_t {
        yes,
        house_full,
        user_full,  ///< this user has as many as one may
    };

    /// Given back when it goes. Outlives nothing: the count lives as long as its last seat.
    class Seat;

    explicit StreamSeats(StreamLimits limits);

    /// Sets `seat` when there is one.
    [[nodiscard]] Taken take(const std::string& user, std::shared_ptr<Seat>& seat);
    [[nodiscard]] std::size_t taken() const;

private:
    struct Count;
    const StreamLimits limits_;
    std::shared_ptr<Count> count_;
};

}  // namespace hatchery::api
