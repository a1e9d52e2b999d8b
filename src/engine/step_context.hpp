#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/call.hpp"
#include "base/json_value.hpp"
#include "base/steady_time.hpp"
#include "core/alarms.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/outcome.hpp"
#include "core/server.hpp"
#include "engine/engine_ports.hpp"
#include "engine/engine_settings.hpp"
#include "ports/job_store.hpp"

namespace hatchery::engine {

/// What one run of a step works with. Used by one thread.
class StepContext {
public:
    StepContext(const EnginePorts& engine_ports, const EngineSettings& engine_settings,
                const ports::ClaimedJob& job, std::stop_token stop, base::Milliseconds patience);

    const EnginePorts& ports;
    const EngineSettings& settings;
    const ports::ClaimedJob& claimed;

    [[nodiscard]] base::TimePoint now() const { return ports.clock.now(); }
    [[nodiscard]] const base::BotId& bot_id() const { return claimed.job.bot_id; }
    /// A sealed secret of this bot, by ports::secret_name.
    [[nodiscard]] base::Result<base::Secret> bot_secret(const char* name) const;
    /// A bound for one call to the outside.
    /// It ends no later than the operation's deadline.
    [[nodiscard]] base::Call call(std::chrono::milliseconds limit) const;
    /// How long a call may block to see news at once; zero while other jobs need the thread.
    [[nodiscard]] base::Milliseconds patience() const;

    /// The step's memory between runs. Changed members reach the database with the outcome, or
    /// with the next record().
    base::Json progress;

    /// Writes lines to the bot's story now, together with `progress`.
    [[nodiscard]] base::Result<void> record(std::vector<core::NewEvent> events);
    /// False once a record() has failed: whether its lines and `progress` were stored is unknown,
    /// so the stored progress must stay as it is, or lines would be lost.
    [[nodiscard]] bool progress_known() const { return progress_known_; }
    /// Says one line in the bot's story.
    [[nodiscard]] base::Result<void> say(std::string message,
                                         core::EventLevel level = core::EventLevel::info);
    /// Raises an alarm for the operator, if there is somewhere to raise it and it stands not yet.
    void raise(const core::Alarm& alarm) const;
    /// A log line of this step, for record().
    [[nodiscard]] core::NewEvent line(std::string message,
                                      core::EventLevel level = core::EventLevel::info) const;

    /// Calls something outside Hatchery and counts its time apart from our own.
    template <typename F>
    auto outside(F&& call) {
        const auto before = base::steady_now();
        auto result = std::forward<F>(call)();
        outside_time_ += base::steady_now() - before;
        return result;
    }
    [[nodiscard]] std::chrono::steady_clock::duration outside_time() const { return outside_time_; }

    /// A snooze of `delay` with its reason; longer when runs begin late, see core/pace.hpp.
    [[nodiscard]] core::Waiting wait(base::Milliseconds delay, std::string why,
                                     std::optional<std::string> signal = std::nullopt) const;

private:
    std::stop_token stop_;
    base::Milliseconds patience_;
    /// How long after its time this run began.
    base::Milliseconds late_;
    bool progress_known_ = true;
    std::chrono::steady_clock::duration outside_time_{};
};

/// `Failed` from an error.
[[nodiscard]] core::StepOutcome failed(base::Error error);

}  // namespace hatchery::engine
