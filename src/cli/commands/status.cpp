#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

using base::Json;
using base::json_string;

void line(Context& context, std::string_view name, const std::string& value) {
    if (!value.empty()) context.out << fmt::format("{:<12} {}\n", name, printable(value));
}

std::string money(const Json& cost) {
    const std::string amount = json_string(cost, "amount");
    if (amount.empty()) return {};
    return fmt::format("{} {} a month", amount, json_string(cost, "currency"));
}

void print_server(Context& context, const Json& server) {
    if (!server.is_object()) return;
    line(context, "server",
         fmt::format("{} {} in {} at {}", json_string(server, "provider"),
                     json_string(server, "type"), json_string(server, "region"),
                     json_string(server, "publicIp", "no address yet")));
    line(context, "cost", money(base::json_member(server, "cost")));
}

void print_operation(Context& context, const Json& operation) {
    if (!operation.is_object()) return;
    line(context, "operation",
         fmt::format("{} {} ({})", json_string(operation, "kind"), json_string(operation, "state"),
                     json_string(operation, "id")));
    for (const auto& step : base::json_member(operation, "steps")) {
        context.out << fmt::format("  {:<22} {:<10} {}\n", json_string(step, "kind"),
                                   json_string(step, "state"),
                                   printable(json_string(step, "message")));
    }
    const Json& error = base::json_member(operation, "error");
    line(context, "error", json_string(error, "message"));
    line(context, "next", json_string(error, "nextAction"));
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const auto bot = api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    const auto status = api.get("/api/deploy/" + json_string(*bot, "id") + "/status");
    if (!status) return base::fail(status.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(*status) << "\n";
        return ExitCode::ok;
    }
    const std::string condition = json_string(*status, "condition");
    line(context, "bot", json_string(*bot, "name") + " (" + json_string(*bot, "id") + ")");
    line(context, "telegram", "@" + json_string(*bot, "telegramUsername"));
    line(context, "model", json_string(*bot, "model"));
    line(context, "status",
         json_string(*status, "status") + (condition.empty() ? "" : " (" + condition + ")"));
    line(context, "reason", json_string(*status, "statusReason"));
    print_server(context, base::json_member(*status, "server"));
    print_operation(context, base::json_member(*status, "operation"));
    return ExitCode::ok;
}

}  // namespace

Command status_command() {
    return {.name = "status",
            .summary = "shows a bot, its server and its latest operation",
            .operands = {{.name = "BOT"}},
            .options = {json_option},
            .details = "BOT is a bot's id or name.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
