#include <atomic>
#include <iostream>
#include <stdexcept>
#include <thread>

#include "base/json_value.hpp"
#include "bench_world.hpp"
#include "commands.hpp"

namespace hatchery::bench {

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr auto live_jobs = "SELECT count(*) FROM jobs";
constexpr auto limit = 120s;

}  // namespace

void run_jobs(const Arguments& arguments) {
    BenchWorld world(arguments.database_url(), 1s);
    const long expected = arguments.number("runs", 0);
    std::atomic<long> runs{0};
    const auto step = [&](engine::StepContext&) -> core::StepOutcome {
        ++runs;
        return core::Succeeded{};
    };
    auto settings = world.settings(static_cast<int>(arguments.number("threads", 16)));
    // Connections and statements are there before the clock runs, as in a process that works.
    must(world.database->ping());
    const auto start = Steady::now();
    Steady::time_point end;
    {
        const RunningEngine engine(world, settings, step);
        while (runs < expected || world.count(live_jobs) > 0) {
            if (Steady::now() - start > limit) throw std::runtime_error("the jobs did not end");
            // Fine enough for rounds of seconds, and no load on the database before the end.
            std::this_thread::sleep_for(2ms);
        }
        end = Steady::now();
    }
    if (runs != expected) {
        throw std::runtime_error(std::to_string(runs.load()) + " runs instead of " +
                                 std::to_string(expected));
    }
    const double seconds = std::chrono::duration<double>(end - start).count();
    std::cout << base::dump_json({{"value", static_cast<double>(runs.load()) / seconds},
                                  {"seconds", seconds},
                                  {"runs", runs.load()}})
              << "\n";
}

}  // namespace hatchery::bench
