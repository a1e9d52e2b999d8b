#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

using base::json_int;

/// How long ago, as far as the two clocks agree.
std::string ago(Context& context, const base::Json& object, std::string_view key) {
    const auto time = base::parse_time(shown(object, key));
    if (!time) return "?";
    const auto passed = context.clock.now() - *time;
    return base::format_duration(std::max(passed, base::TimePoint::duration{0}));
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const auto workers = api.all("/api/admin/workers");
    if (!workers) return base::fail(workers.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*workers)) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:<36}  {:<16}  {:<6}  {:<8}  {:<9}  {:<12}  {:<12}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "ID", "HOST", "ROLE", "STATE", "BUSY", "HEARTBEAT", "UP",
                                   "CAPABILITIES");
    }
    for (const auto& worker : *workers) {
        context.out << fmt::format(
            row, shown(worker, "id"), shown(worker, "host"), shown(worker, "role"),
            shown(worker, "state"),
            fmt::format("{}/{}", json_int(worker, "busy"), json_int(worker, "slots")),
            ago(context, worker, "heartbeatAt"), ago(context, worker, "startedAt"),
            base::dump_json(base::json_member(worker, "capabilities")));
    }
    if (workers->empty()) {
        context.err << "No process takes jobs; start one with: hatchery worker\n";
    }
    return ExitCode::ok;
}

}  // namespace

Command workers_command() {
    return {.name = "workers",
            .summary = "lists the processes that run jobs",
            .operands = {},
            .options = {json_option},
            .details =
                "Needs a token with the scope admin. A worker is silent when its heartbeat\n"
                "is older than 20 seconds; its jobs go on elsewhere.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
