#include <atomic>
#include <iostream>
#include <stdexcept>
#include <thread>
#include <vector>

#include "base/json_value.hpp"
#include "bench_world.hpp"
#include "commands.hpp"
#include "some_bots.hpp"

namespace hatchery::bench {

using Steady = std::chrono::steady_clock;

void enqueue(const Arguments& arguments) {
    BenchWorld world(arguments.database_url(), std::chrono::seconds(1));
    const auto bots = some_bots(world);
    const auto limit = std::chrono::seconds(arguments.number("seconds", 2));
    const auto threads = static_cast<std::size_t>(arguments.number("threads", 1));
    std::atomic<long> started{0};
    std::atomic<bool> failed{false};
    const auto begin = Steady::now();
    {
        std::vector<std::jthread> callers;
        for (std::size_t i = 0; i < threads; ++i) {
            callers.emplace_back([&, i] {
                for (std::size_t n = i; Steady::now() - begin < limit; n += threads) {
                    if (!world.jobs->start_operation(chat_with(world, bots[n % bots.size()]))) {
                        failed = true;
                        return;
                    }
                    ++started;
                }
            });
        }
    }
    if (failed) throw std::runtime_error("a chat could not be started");
    const double seconds = std::chrono::duration<double>(Steady::now() - begin).count();
    std::cout << base::dump_json({{"value", static_cast<double>(started.load()) / seconds}})
              << "\n";
}

}  // namespace hatchery::bench
