#include "api/routes/routes.hpp"
#include "core/webhook_path.hpp"

namespace hatchery::api::routes {

namespace {

Outcome receive(RouteContext& context, const Exchange& exchange) {
    // A guess more costs no look-up; a living bot's updates pass whoever else guesses there.
    if (exchange.guessed_too_often && !context.deps.updates.remembers(exchange.path.front())) {
        return refuse(404, "The update was not taken.");
    }
    const auto hook = context.deps.updates.receive(exchange.path.front(),
                                                   exchange.header(core::telegram_secret_header),
                                                   exchange.request.body);
    if (hook.status == 200) {
        Answer answer;
        answer.body = "{}";
        return answer;
    }
    Problem problem = problem_of_status(hook.status, "The update was not taken.");
    if (hook.retry_after) problem.retry_after_s = static_cast<int>(hook.retry_after->count());
    return refuse(std::move(problem));
}

}  // namespace

void add_hook_routes(Router& router, RouteContext& context) {
    router.add("POST", "/hooks/telegram/:publicId",
               [&](const Exchange& exchange) { return receive(context, exchange); });
}

}  // namespace hatchery::api::routes
