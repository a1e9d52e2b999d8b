#pragma once

#include <cstddef>
#include <vector>

#include "arguments.hpp"

namespace hatchery::bench {

/// Each command measures one thing, prints one line of JSON and throws when it cannot.

/// Runs the jobs that are there with steps that do nothing, until none is left.
/// --threads, --runs (how many runs of steps that makes).
void run_jobs(const Arguments& arguments);
/// Starts chats from --threads threads for --seconds.
void enqueue(const Arguments& arguments);
/// From the call that starts a chat to its step's first line, in an idle engine that another
/// process's hint wakes; --jobs.
void pick_up(const Arguments& arguments);
/// --deployments real deployments at once over a fake world; --threads.
void in_flight(const Arguments& arguments);

/// The value that `part` (0 to 1) of the values do not exceed. Sorts them.
[[nodiscard]] double percentile(std::vector<double>& values, double part);

}  // namespace hatchery::bench
