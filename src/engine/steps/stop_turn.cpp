#include <fmt/format.h>

#include "core/chat.hpp"
#include "engine/host_login.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// A stop waits up to 20 s on the server for the run's end.
constexpr auto stop_limit = 30s;
/// More starts than retries allow for.
constexpr int max_starts = 50;
/// A server that is out of reach this often is left alone: the turn ends there by its own limit,
/// and the turns behind it must not wait for longer.
constexpr int max_failures = 2;

/// Ends what runs, and sees to it that a worker which has lost its lease, and does not know it,
/// begins nothing more: its message finds a file in the place of the folder.
base::Result<void> stop(StepContext& context, const ports::SshTarget& target) {
    const auto& chat = context.claimed.operation.id;
    const std::string folder = core::chat_folder(chat);
    auto fenced = context.outside([&] {
        return context.ports.hosts.exec(
            target,
            {.command =
                 fmt::format("rm -rf -- {0} && mkdir -p \"$(dirname {0})\" && : >{0}", folder),
             .input = {}},
            context.call(stop_limit));
    });
    if (!fenced) return base::fail(std::move(fenced).error());
    for (int start = 0; start < max_starts; ++start) {
        const std::string run_id = core::chat_run_id(chat, start);
        auto output = context.outside([&] {
            return context.ports.hosts.read_run(target, run_id, 0, 0ms, context.call(stop_limit));
        });
        if (!output) return base::fail(std::move(output).error());
        if (output->state == ports::RunState::absent) break;
        if (output->state != ports::RunState::running) continue;
        auto stopped = context.outside(
            [&] { return context.ports.hosts.stop_run(target, run_id, context.call(stop_limit)); });
        if (!stopped) return stopped;
    }
    return {};
}

}  // namespace

core::StepOutcome stop_turn(StepContext& context) {
    auto server = context.ports.fleet.server_of(context.bot_id());
    if (!server) return failed(std::move(server).error());
    if (!*server || (*server)->public_ip.empty()) return core::Succeeded{"nothing runs"};
    auto target = ssh_target(context, **server);
    if (!target) return failed(std::move(target).error());
    auto stopped = stop(context, *target);
    if (stopped) return core::Succeeded{"the turn is over"};
    if (context.claimed.job.failures >= max_failures) {
        return core::Succeeded{"the server is out of reach; the turn ends there by its own limit"};
    }
    return failed(std::move(stopped).error());
}

}  // namespace hatchery::engine
