#include "core/retry.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

constexpr auto call_limit = 15s;
/// Telegram's outage must not keep a server's owner from getting rid of his bot.
constexpr int tries_before_going_on = 5;

/// What stands in the way for good, or for too long, is told and left behind: a bot that cannot be
/// deleted is worse than a webhook that points to nothing.
core::StepOutcome go_on_without(StepContext& context, const base::Error& error) {
    const bool final = !core::is_retryable(error.kind) ||
                       context.claimed.job.failures + 1 >= tries_before_going_on;
    if (!final) return failed(error);
    auto said = context.say("Telegram's webhook could not be removed: " + error.message,
                            core::EventLevel::warning);
    if (!said) return failed(std::move(said).error());
    return core::Succeeded{"Telegram's webhook is left behind; it points to nothing"};
}

}  // namespace

core::StepOutcome remove_webhook(StepContext& context) {
    auto token = context.bot_secret(ports::secret_name::telegram_token);
    if (!token) {
        if (token.error().kind == base::ErrorKind::not_found) {
            return core::Succeeded{"the bot has no Telegram token any more"};
        }
        return go_on_without(context, token.error());
    }
    auto removed = context.outside(
        [&] { return context.ports.telegram.delete_webhook(*token, context.call(call_limit)); });
    if (removed) return core::Succeeded{"Telegram's webhook is removed"};
    if (removed.error().kind == base::ErrorKind::unauthorized) {
        return core::Succeeded{"Telegram does not know the token any more"};
    }
    return go_on_without(context, removed.error());
}

}  // namespace hatchery::engine
