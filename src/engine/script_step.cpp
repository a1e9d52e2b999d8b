#include "engine/script_step.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/log.hpp"
#include "core/script_error.hpp"
#include "core/script_fact.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto call_limit = 30s;
/// Between looks at a running script while all threads have work.
constexpr base::Milliseconds busy_interval{1'000};
/// Rounds of reading in one run, so that a script that prints without end cannot hold a thread.
constexpr int max_reads = 8;

/// This script's part of the step's progress: which run, and how far its log has been read.
base::Json& memory_of(StepContext& context, const std::string& script) {
    base::Json& all = context.progress["scripts"];
    if (!all.is_object()) all = base::Json::object();
    base::Json& memory = all[script];
    if (!memory.is_object()) memory = {{"run", 0}, {"offset", 0}};
    return memory;
}

/// Forgets the run, so that the next one is started anew.
void next_run(base::Json& memory) {
    memory["run"] = base::json_int(memory, "run") + 1;
    memory["offset"] = 0;
}

std::string run_id(const StepContext& context, const std::string& script,
                   const base::Json& memory) {
    std::string name = script.substr(0, script.find('.'));
    std::ranges::replace(name, '_', '-');
    return fmt::format("{}-{}-{}", context.claimed.job.id.text(), name,
                       base::json_int(memory, "run"));
}

core::EventLevel level_of(const ports::LogLine& line) {
    return line.stream == ports::LineStream::err ? core::EventLevel::warning
                                                 : core::EventLevel::info;
}

/// What the script said to people; what it said to us goes to our own log.
std::vector<core::NewEvent> to_events(const StepContext& context, const std::string& script,
                                      const std::vector<ports::LogLine>& lines) {
    std::vector<core::NewEvent> events;
    events.reserve(lines.size());
    for (const auto& line : lines) {
        if (line.stream == ports::LineStream::out && core::is_script_fact(line.text)) {
            base::log_event(base::LogLevel::debug, "script_fact",
                            {{"bot", context.bot_id().text()},
                             {"script", script},
                             {"fact", line.text.substr(core::script_fact_mark.size())}});
            continue;
        }
        events.push_back({.type = core::EventType::log,
                          .level = level_of(line),
                          .step = context.claimed.job.step,
                          .stream = line.stream == ports::LineStream::err ? core::EventStream::err
                                                                          : core::EventStream::out,
                          .message = line.text,
                          .at = line.at,
                          .data = {}});
    }
    return events;
}

base::Result<void> start(StepContext& context, const HostLogin& login, const ScriptStep& step,
                         const std::string& id) {
    if (step.prepare) {
        if (auto prepared = step.prepare(); !prepared) return prepared;
    }
    auto state = context.outside([&] {
        return context.ports.hosts.start_run(
            login.target, {.run_id = id, .script = step.script, .environment = step.environment},
            context.call(call_limit));
    });
    if (!state) return base::fail(std::move(state).error());
    return {};
}

core::StepOutcome lost_run(base::Json& memory, const std::string& script) {
    next_run(memory);
    return failed({.kind = base::ErrorKind::unavailable,
                   .effect = base::Effect::unknown,
                   .message = fmt::format("The server was restarted while {} ran.", script),
                   .next_action = "Nothing: it is run again.",
                   .code = "run_lost",
                   .retry_after = std::nullopt,
                   .context = {}});
}

}  // namespace

std::optional<core::StepOutcome> run_script(StepContext& context, const HostLogin& login,
                                            const ScriptStep& step) {
    base::Json& memory = memory_of(context, step.script);
    const std::string id = run_id(context, step.script, memory);
    for (int reads = 0; reads < max_reads; ++reads) {
        const auto offset = static_cast<std::uint64_t>(base::json_int(memory, "offset"));
        auto output = context.outside([&] {
            return context.ports.hosts.read_run(login.target, id, offset, context.patience(),
                                                context.call(call_limit));
        });
        if (!output) return host_failed(login.server, std::move(output).error());
        if (output->state == ports::RunState::absent) {
            auto started = start(context, login, step, id);
            if (!started) return host_failed(login.server, std::move(started).error());
            continue;
        }
        if (!output->lines.empty()) {
            memory["offset"] = output->next_offset;
            if (auto written = context.record(to_events(context, step.script, output->lines));
                !written) {
                return failed(std::move(written).error());
            }
        }
        if (output->more) continue;
        switch (output->state) {
            case ports::RunState::absent:
            case ports::RunState::running:
                break;
            case ports::RunState::lost:
                return lost_run(memory, step.script);
            case ports::RunState::exited:
                if (output->exit_code.value_or(1) == 0) return std::nullopt;
                next_run(memory);
                return failed(core::script_error(step.script, output->exit_code.value_or(1)));
        }
        if (output->lines.empty()) break;
    }
    const auto pause = context.patience().count() > 0 ? base::Milliseconds{0} : busy_interval;
    return context.wait(pause, fmt::format("running {} on the server", step.script));
}

}  // namespace hatchery::engine
