#include "simulation/fleet/report.hpp"

#include <fmt/format.h>

namespace hatchery::simulation {

void Statistics::add(const Statistics& other) {
    seeds += other.seeds;
    events += other.events;
    calls += other.calls;
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
    for (std::size_t i = 0; i < calls_of.size(); ++i) {
        calls_of[i] += other.calls_of[i];
        crashes_before[i] += other.crashes_before[i];
        crashes_after[i] += other.crashes_after[i];
    }
    for (const auto& [ending, times] : other.endings) endings[ending] += times;
}

std::string Statistics::crash_coverage() const {
    int called = 0;
    int before = 0;
    int after = 0;
    std::string missing;
    for (const auto& [site, name] : base::EnumNames<Site>::names) {
        const auto index = static_cast<std::size_t>(site);
        if (calls_of[index] == 0) continue;
        ++called;
        if (crashes_before[index] > 0) ++before;
        if (crashes_after[index] > 0) ++after;
        if (crashes_before[index] == 0) missing += fmt::format(" before {}", name);
        if (crashes_after[index] == 0) missing += fmt::format(" after {}", name);
    }
    return fmt::format("died before {} and after {} of {} kinds of port call{}{}", before, after,
                       called, missing.empty() ? "" : "; never", missing);
}

std::string Statistics::text() const {
    std::string out = fmt::format("{} seeds, {} events, {} port calls\n{}\n", seeds, events, calls,
                                  crash_coverage());
    for (const auto& [fault, name] : base::EnumNames<Fault>::names) {
        out += fmt::format("  {:<20} {}\n", name, of(fault));
    }
    for (const auto& [ending, times] : endings) out += fmt::format("  {:<28} {}\n", ending, times);
    return out;
}

void Trace::mix(std::uint64_t value) {
    hash_ = (hash_ ^ value) * 0x100000001b3ULL;
    hash_ ^= hash_ >> 29U;
}

void Trace::add(std::string_view what, std::uint64_t first, std::uint64_t second) {
    for (const char c : what) mix(static_cast<unsigned char>(c));
    mix(first);
    mix(second);
}

}  // namespace hatchery::simulation
