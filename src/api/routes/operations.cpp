#include "api/body_reader.hpp"
#include "api/routes/routes.hpp"
#include "base/json_value.hpp"

namespace hatchery::api::routes {

namespace {

Outcome one_operation(RouteContext& context, const Exchange& exchange) {
    QueryReader query(exchange);
    const auto wait = query.number("wait", 0, 0, max_wait_s);
    if (auto problem = query.finish()) return refuse(std::move(*problem));
    const std::string& id = exchange.path.front();
    if (!base::is_uuid(id)) return refuse(404, "There is no such operation.");
    const auto seen = context.hub.version();
    auto found = context.deps.operations.find(base::OperationId(id), exchange.owner());
    if (!found && found.error().kind == base::ErrorKind::not_found) {
        return refuse(404, "There is no such operation.");
    }
    if (!found) return refuse(found.error());
    const auto& operation = found->operation;
    if (!core::is_terminal(operation.state)) {
        if (auto later = wait_for_change(context, exchange, operation.bot_id, wait, seen)) {
            return std::move(*later);
        }
    }
    return json_answer(200, operation_view(*found));
}

}  // namespace

void add_operation_routes(Router& router, RouteContext& context) {
    router.add("GET", "/api/operations/:id",
               [&](const Exchange& exchange) { return one_operation(context, exchange); });
}

}  // namespace hatchery::api::routes
