#include "simulation/fleet/report.hpp"

#include <fmt/format.h>

namespace hatchery::simulation {

void Statistics::add(const Statistics& other) {
    seeds += other.seeds;
    events += other.events;
    calm_events += other.calm_events;
    calls += other.calls;
    for (std::size_t i = 0; i < faults.size(); ++i) faults[i] += other.faults[i];
    for (std::size_t i = 0; i < calls_of.size(); ++i) {
        calls_of[i] += other.calls_of[i];
        crashes_before[i] += other.crashes_before[i];
        crashes_after[i] += other.crashes_after[i];
    }
    for (const auto& [ending, times] : other.endings) endings[ending] += times;
}

std::vector<std::string> Statistics::never_died() const {
    std::vector<std::string> places;
    for (const auto& [site, name] : base::EnumNames<Site>::names) {
        const auto index = static_cast<std::size_t>(site);
        if (calls_of[index] == 0) continue;
        if (crashes_before[index] == 0) places.push_back(fmt::format("before {}", name));
        if (crashes_after[index] == 0) places.push_back(fmt::format("after {}", name));
    }
    return places;
}

std::vector<std::string> Statistics::never_injected() const {
    std::vector<std::string> missing;
    for (const auto& [fault, name] : base::EnumNames<Fault>::names) {
        if (of(fault) == 0) missing.emplace_back(name);
    }
    return missing;
}

std::string Statistics::text() const {
    std::string out =
        fmt::format("{} seeds, {} events with faults and {} after them, {} port calls\n", seeds,
                    events, calm_events, calls);
    out += "port calls, and deaths before and after them:\n";
    for (const auto& [site, name] : base::EnumNames<Site>::names) {
        const auto index = static_cast<std::size_t>(site);
        out += fmt::format("  {:<30} {:>8} {:>6} {:>6}\n", name, calls_of[index],
                           crashes_before[index], crashes_after[index]);
    }
    out += "faults:\n";
    for (const auto& [fault, name] : base::EnumNames<Fault>::names) {
        out += fmt::format("  {:<30} {:>8}\n", name, of(fault));
    }
    out += "operations:\n";
    for (const auto& [ending, times] : endings) {
        out += fmt::format("  {:<30} {:>8}\n", ending, times);
    }
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
