#include "cli/client_command.hpp"

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/watch.hpp"

namespace hatchery::cli {

using base::json_string;

std::function<ExitCode(const Options&, Context&)> with_api(ClientRun run) {
    return [run = std::move(run)](const Options& options, Context& context) {
        const auto config = load_or_report(context, config::Need::client);
        if (!config) return ExitCode::config;
        ApiClient api(context.http(), config->api_url, config->api_token);
        const auto code = run(options, context, api);
        return code ? *code : report(context, code.error());
    };
}

base::Result<ExitCode> follow_operation(const Options& options, Context& context, ApiClient& api,
                                        const base::Json& accepted) {
    const std::string id = json_string(accepted, "operationId");
    const bool json = options.has("json");
    if (!options.has("wait") && !options.has("logs")) {
        if (json) {
            context.out << base::dump_json_pretty(accepted) << "\n";
        } else {
            context.out << json_string(base::json_member(accepted, "operation"), "kind")
                        << " accepted: operation " << id << "\n";
        }
        return ExitCode::ok;
    }
    const auto ended = watch_operation(api, context,
                                       {.bot_id = json_string(accepted, "botId"),
                                        .operation_id = id,
                                        .logs = options.has("logs"),
                                        .json = json});
    if (!ended) return base::fail(ended.error());
    if (json) context.out << base::dump_json_pretty(*ended) << "\n";
    return report_end(context, *ended);
}

}  // namespace hatchery::cli
