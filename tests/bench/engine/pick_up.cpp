#include <condition_variable>
#include <iostream>
#include <mutex>
#include <stdexcept>
#include <thread>

#include "base/json_value.hpp"
#include "bench_world.hpp"
#include "commands.hpp"
#include "some_bots.hpp"

namespace hatchery::bench {

namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

/// When the step began, handed from the engine's thread to the one that waits for it.
class Begun {
public:
    void tell() {
        {
            const std::lock_guard lock(mutex_);
            at_ = Steady::now();
        }
        told_.notify_all();
    }
    Steady::time_point wait() {
        std::unique_lock lock(mutex_);
        if (!told_.wait_for(lock, 20s, [this] { return at_ != Steady::time_point{}; })) {
            throw std::runtime_error("a job was not picked up within 20 s");
        }
        return std::exchange(at_, {});
    }

private:
    std::mutex mutex_;
    std::condition_variable told_;
    Steady::time_point at_;
};

}  // namespace

void pick_up(const Arguments& arguments) {
    BenchWorld world(arguments.database_url(), 1s);
    // Another process in all but name: its hints reach the engine through the database only.
    BenchWorld caller(arguments.database_url(), 1s);
    const auto bots = some_bots(world);
    const auto jobs = static_cast<std::size_t>(arguments.number("jobs", 300));
    constexpr std::size_t warm_up = 20;
    Begun begun;
    const RunningEngine engine(world, world.settings(16),
                               [&](engine::StepContext&) -> core::StepOutcome {
                                   begun.tell();
                                   return core::Succeeded{};
                               });
    while (!world.notifications->listening()) std::this_thread::sleep_for(1ms);
    std::vector<double> times_ms;
    for (std::size_t i = 0; i < jobs + warm_up; ++i) {
        std::this_thread::sleep_for(5ms +
                                    std::chrono::microseconds(world.random.next_u64() % 10'000));
        const auto start = Steady::now();
        (void)must(caller.jobs->start_operation(chat_with(caller, bots[i % bots.size()])));
        const auto at = begun.wait();
        if (i >= warm_up) {
            times_ms.push_back(std::chrono::duration<double, std::milli>(at - start).count());
        }
    }
    const double p50 = percentile(times_ms, 0.5);
    const double p99 = percentile(times_ms, 0.99);
    std::cout << base::dump_json({{"p50", p50}, {"p99", p99}}) << "\n";
}

}  // namespace hatchery::bench
