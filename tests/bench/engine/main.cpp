// hatchery_engine_bench COMMAND …: see commands.hpp. tests/bench/engine_bench.py calls it.
#include <algorithm>
#include <iostream>
#include <stdexcept>

#include "base/log.hpp"
#include "bench_world.hpp"
#include "commands.hpp"
#include "store/migrations.hpp"

namespace hatchery::bench {

double percentile(std::vector<double>& values, double part) {
    if (values.empty()) throw std::runtime_error("nothing was measured");
    std::sort(values.begin(), values.end());
    const auto index = static_cast<std::size_t>(part * static_cast<double>(values.size()));
    return values[std::min(index, values.size() - 1)];
}

namespace {

void migrate(const Arguments& arguments) {
    const auto database = must(store::make_database(arguments.database_url(), 2));
    std::cout << R"({"files": )" << must(store::migrate(*database)).total << "}\n";
}

void run(const Arguments& arguments) {
    if (arguments.command() == "migrate") return migrate(arguments);
    if (arguments.command() == "run-jobs") return run_jobs(arguments);
    if (arguments.command() == "enqueue") return enqueue(arguments);
    if (arguments.command() == "pick-up") return pick_up(arguments);
    if (arguments.command() == "in-flight") return in_flight(arguments);
    throw std::runtime_error("there is no command " + arguments.command());
}

}  // namespace

}  // namespace hatchery::bench

int main(int argc, char** argv) {
    // One line a step would be half the work of a step that does nothing.
    hatchery::base::set_log_level(hatchery::base::LogLevel::warning);
    try {
        hatchery::bench::run(hatchery::bench::Arguments(argc, argv));
        return 0;
    } catch (const std::exception& error) {
        std::cerr << "hatchery_engine_bench: " << error.what() << "\n";
        return 1;
    }
}
