#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulation/fleet/sites.hpp"

namespace hatchery::simulation {

/// Thrown where an invariant does not hold. It is no std::exception, so the engine cannot catch it.
struct Violation {
    std::string what;
};

/// What the simulations of one or more seeds did: proof that the faults really happened.
struct Statistics {
    long long seeds = 0;
    /// Turns of workers, pollers, reapers, users and the world, while there are faults.
    long long events = 0;
    /// The same when the faults have stopped.
    long long calm_events = 0;
    long long calls = 0;
    std::array<long long, fault_count> faults{};
    std::array<long long, site_count> calls_of{};
    std::array<long long, site_count> crashes_before{};
    std::array<long long, site_count> crashes_after{};
    /// `deploy succeeded`, `stop cancelled`, …
    std::map<std::string, long long> endings;

    void add(const Statistics& other);
    void count(Fault fault) { ++faults[static_cast<std::size_t>(fault)]; }
    [[nodiscard]] long long of(Fault fault) const {
        return faults[static_cast<std::size_t>(fault)];
    }
    /// Where no process ever died: `before jobs.claim`, …, of the calls that happened at all.
    [[nodiscard]] std::vector<std::string> never_died() const;
    /// Faults that never happened.
    [[nodiscard]] std::vector<std::string> never_injected() const;
    [[nodiscard]] std::string text() const;
};

/// Everything that happens, as a hash: two runs are the same if theirs are. Keeps the last lines
/// as text when it is told to.
class Trace {
public:
    explicit Trace(std::size_t keep_lines) : keep_(keep_lines) {}

    void add(std::string_view what, std::uint64_t first = 0, std::uint64_t second = 0);
    /// A line for people, made only if it is kept.
    template <typename Make>
    void line(Make&& make) {
        if (keep_ == 0) return;
        lines_.push_back(make());
        if (lines_.size() > keep_) lines_.pop_front();
    }
    [[nodiscard]] std::uint64_t hash() const { return hash_; }
    [[nodiscard]] const std::deque<std::string>& lines() const { return lines_; }

private:
    void mix(std::uint64_t value);

    std::size_t keep_;
    std::uint64_t hash_ = 0xcbf29ce484222325ULL;
    std::deque<std::string> lines_;
};

}  // namespace hatchery::simulation
