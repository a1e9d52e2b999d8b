#include <fmt/format.h>

#include <algorithm>

#include "core/chat.hpp"
#include "core/script_error.hpp"
#include "engine/host_login.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using core::StepOutcome;

constexpr auto call_limit = 30s;
/// The guarantee behind the signal that it is this chat's turn.
constexpr base::Milliseconds turn_poll{5'000};
/// Between looks at an operation that makes the bot active.
constexpr base::Milliseconds bot_poll{1'000};
/// Between looks at a running turn while all threads have work.
constexpr base::Milliseconds busy_interval{500};
/// Reads in one run of the step, so that a turn does not hold a thread to its end.
constexpr int max_reads = 4;
/// The script's own limit; run_detached.sh would end it at an hour.
constexpr std::chrono::seconds longest_turn{3'500};

/// Members of the step's progress.
constexpr auto begun = core::chat_begun_key;  ///< the gate was open once
constexpr const char* start = "start";        ///< see core::chat_run_id
constexpr const char* server = "server";      ///< on which the turn is begun
constexpr const char* result = "result";      ///< the turn is over; only its files are left

const base::OperationId& chat_of(const StepContext& context) {
    return context.claimed.operation.id;
}

/// A turn that may have reached the bot: saying it again would be a second turn.
StepOutcome failed_for_good(base::Error error) {
    return core::Failed{.error = std::move(error), .again = core::Again::never};
}

/// What keeps the turn from beginning, if something does.
std::optional<StepOutcome> at_the_gate(StepContext& context) {
    auto line = context.ports.jobs.chat_line(context.bot_id());
    if (!line) return failed(std::move(line).error());
    auto bot = context.ports.fleet.bot(context.bot_id());
    if (!bot) return failed(std::move(bot).error());
    auto gate = core::chat_gate(chat_of(context), *line, *bot);
    switch (gate.verdict) {
        case core::ChatGate::Verdict::open:
            return std::nullopt;
        case core::ChatGate::Verdict::turn_awaited:
            return context.wait(turn_poll, gate.why, core::chat_signal(context.bot_id()));
        case core::ChatGate::Verdict::bot_awaited:
            return context.wait(bot_poll, gate.why);
        case core::ChatGate::Verdict::refused:
            break;
    }
    return failed_for_good(gate.error.value_or(base::Error{}));
}

base::Result<void> begin(StepContext& context, const HostLogin& login, const std::string& run_id) {
    // Known before the bot can hear anything: a server that replaces this one has no run to adopt.
    if (!context.progress.contains(server)) {
        context.progress[server] = login.server.id.text();
        if (auto kept = context.record({}); !kept) return kept;
    }
    auto payload = core::read_chat_payload(context.claimed.operation.payload);
    if (!payload) return base::fail(std::move(payload).error());
    const std::string folder = core::chat_folder(chat_of(context));
    auto staged = context.outside([&] {
        return context.ports.hosts.put_file(
            login.target, base::Secret(core::chat_request_text(*payload)), folder + "/request.json",
            0600, context.call(call_limit));
    });
    if (!staged) return staged;
    // The server bounds the turn too: it ends even if nobody comes back to stop it.
    const auto left = std::chrono::ceil<std::chrono::seconds>(
        context.claimed.operation.deadline_at - context.now());
    const auto limit = std::clamp<std::chrono::seconds>(left, 1s, longest_turn);
    auto started = context.outside([&] {
        return context.ports.hosts.start_run(
            login.target,
            {.run_id = run_id,
             .script = "chat_turn.sh",
             .environment = {{"TURN_DIR", folder}, {"LIMIT_S", std::to_string(limit.count())}}},
            context.call(call_limit));
    });
    if (!started) return base::fail(std::move(started).error());
    return {};
}

/// Removes the turn's files; what fails here, the next turn's script does.
StepOutcome finish(StepContext& context, const HostLogin& login) {
    (void)context.outside([&] {
        return context.ports.hosts.exec(
            login.target,
            {.command = "rm -rf -- " + core::chat_folder(chat_of(context)), .input = {}},
            context.call(call_limit));
    });
    std::string reply = base::json_string(context.progress, result);
    context.progress.erase(result);
    return core::Succeeded{.message = "the bot has answered", .result = std::move(reply)};
}

/// Fetches the reply and writes it down before its file is removed.
StepOutcome collect(StepContext& context, const HostLogin& login) {
    auto answer = context.outside([&] {
        return context.ports.hosts.exec(
            login.target,
            {.command = "cat -- " + core::chat_folder(chat_of(context)) + "/answer.json",
             .input = {},
             .max_output_bytes = core::max_chat_answer_bytes},
            context.call(call_limit));
    });
    if (!answer) return host_failed(login.server, std::move(answer).error());
    auto reply = core::chat_result(answer->out);
    if (!reply) return failed_for_good(std::move(reply).error());
    context.progress[result] = *std::move(reply);
    if (auto kept = context.record({}); !kept) return failed(std::move(kept).error());
    return finish(context, login);
}

StepOutcome ended(StepContext& context, const HostLogin& login, int exit_code) {
    if (exit_code == 0) return collect(context, login);
    auto error = core::script_error("chat_turn.sh", exit_code);
    if (error.kind == base::ErrorKind::cancelled) {
        // Somebody stopped it on the server; nobody has cancelled the chat.
        error.kind = base::ErrorKind::unavailable;
        error.next_action = "Send the message again.";
    }
    if (!core::chat_unsent(exit_code)) return failed_for_good(std::move(error));
    context.progress[start] = base::json_int(context.progress, start) + 1;
    return failed(std::move(error));
}

StepOutcome lost(std::string message) {
    return failed_for_good({.kind = base::ErrorKind::unavailable,
                            .effect = base::Effect::unknown,
                            .message = std::move(message),
                            .next_action = "Send the message again.",
                            .code = "run_lost",
                            .retry_after = std::nullopt,
                            .context = {}});
}

/// Begins the turn, or goes on with the one that an earlier run of the step began.
StepOutcome take_turn(StepContext& context, const HostLogin& login) {
    const auto begun_on = base::json_string(context.progress, server);
    if (!begun_on.empty() && begun_on != login.server.id.text()) {
        return lost("The server was replaced while the bot was answering.");
    }
    const auto run_id = core::chat_run_id(
        chat_of(context), static_cast<int>(base::json_int(context.progress, start)));
    for (int reads = 0; reads < max_reads; ++reads) {
        auto output = context.outside([&] {
            return context.ports.hosts.read_run(login.target, run_id, 0, context.patience(),
                                                context.call(call_limit));
        });
        if (!output) return host_failed(login.server, std::move(output).error());
        switch (output->state) {
            case ports::RunState::absent:
                if (auto started = begin(context, login, run_id); !started) {
                    return host_failed(login.server, std::move(started).error());
                }
                continue;
            case ports::RunState::running:
                break;
            case ports::RunState::lost:
                return lost("The server was restarted while the bot was answering.");
            case ports::RunState::exited:
                return ended(context, login, output->exit_code.value_or(1));
        }
        if (context.patience().count() == 0) break;
    }
    const auto pause = context.patience().count() > 0 ? base::Milliseconds{0} : busy_interval;
    return context.wait(pause, "waiting for the bot's answer");
}

}  // namespace

StepOutcome chat_turn(StepContext& context) {
    if (!base::json_bool(context.progress, begun)) {
        if (auto outcome = at_the_gate(context)) return *std::move(outcome);
        context.progress[begun] = true;
    }
    auto login = login_of_bot(context);
    if (!login) return failed(std::move(login).error());
    if (context.progress.contains(result)) return finish(context, *login);
    return take_turn(context, *login);
}

}  // namespace hatchery::engine
