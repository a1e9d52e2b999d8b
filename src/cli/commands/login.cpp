#include "config/login.hpp"

#include <fmt/format.h>

#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "config/values.hpp"

namespace hatchery::cli {

namespace {

using base::json_string;

std::string line_of_input(Context& context) {
    std::string line;
    std::getline(context.in, line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    return line;
}

std::string stored_where(Context& context) {
    config::Variables variables;
    for (const char* name : {"HOME", "XDG_CONFIG_HOME"}) {
        if (const auto value = context.variable(name)) variables[name] = *value;
    }
    return config::login_path(variables);
}

/// The address: of the command line, else a question with the configured one as its answer.
base::Result<std::string> address(const Options& options, Context& context,
                                  const std::string& configured) {
    std::string given = options.value_or("api-url", "");
    if (given.empty() && context.in_is_terminal && !options.has("token-stdin")) {
        context.err << fmt::format("API address [{}]: ", configured) << std::flush;
        given = line_of_input(context);
    }
    if (given.empty()) return configured;
    std::string url;
    if (const auto wrong = config::read_service_url(given, url)) {
        return base::fail(wrong_use(fmt::format("--api-url: {}", *wrong)));
    }
    return url;
}

/// The token: standard input if asked for, else the environment, else a question. Never the command
/// line, which other users of the machine can read.
base::Result<base::Secret> api_token(const Options& options, Context& context) {
    if (options.has("token-stdin")) {
        base::Secret token(line_of_input(context));
        if (token.empty()) return base::fail(wrong_use("There is no token on standard input."));
        return token;
    }
    if (auto value = context.variable("HATCHERY_TOKEN")) return base::Secret(*std::move(value));
    if (!context.in_is_terminal) {
        return base::fail(wrong_use("The API token is missing.",
                                    "Give it on standard input with --token-stdin."));
    }
    base::Secret token(context.ask_hidden("API token (hat_…): "));
    if (token.empty()) return base::fail(wrong_use("No token was given."));
    return token;
}

base::Result<ExitCode> log_in(const Options& options, Context& context,
                              const config::Config& config) {
    const auto url = address(options, context, config.api_url);
    if (!url) return base::fail(url.error());
    const auto token = api_token(options, context);
    if (!token) return base::fail(token.error());
    const std::string path = stored_where(context);
    if (path.empty()) return base::fail(wrong_use("Neither HOME nor XDG_CONFIG_HOME is set."));
    ApiClient api(context.http(), *url, *token);
    const auto me = api.get("/api/me");
    if (!me) return base::fail(me.error());
    const auto written = config::write_login(path, {.api_url = *url, .token = *token});
    if (!written) return base::fail(written.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(
                           {{"apiUrl", *url}, {"email", json_string(*me, "email")}, {"path", path}})
                    << "\n";
    } else {
        context.out << fmt::format("logged in at {} as {}\nthe token is in {}\n", *url,
                                   json_string(*me, "email"), path);
    }
    if (context.variable("HATCHERY_TOKEN")) {
        context.err << "HATCHERY_TOKEN is set, and goes before what was stored now.\n";
    }
    return ExitCode::ok;
}

ExitCode run_login(const Options& options, Context& context) {
    const auto config = load_or_report(context, config::Need::nothing);
    if (!config) return ExitCode::config;
    const auto code = log_in(options, context, *config);
    return code ? *code : report(context, code.error());
}

ExitCode run_logout(const Options& options, Context& context) {
    const std::string path = stored_where(context);
    const auto removed = config::remove_login(path);
    if (!removed) return report(context, removed.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty({{"path", path}, {"removed", *removed}}) << "\n";
    } else {
        context.out << (*removed ? "removed " + path : "nobody was logged in") << "\n";
    }
    return ExitCode::ok;
}

}  // namespace

Command login_command() {
    return {
        .name = "login",
        .summary = "checks an API token and keeps it for the commands that need one",
        .operands = {},
        .options = {{.name = "api-url",
                     .value = "URL",
                     .help = "the API's address (default: HATCHERY_API_URL)"},
                    {.name = "token-stdin", .help = "read the token from standard input (a line)"},
                    json_option},
        .details =
            "The token is asked for unless HATCHERY_TOKEN has it. Address and token are kept\n"
            "together in ~/.config/hatchery/login, which only you can read. A token or another\n"
            "address in the environment or in .env goes before it.\n",
        .run = run_login};
}

Command logout_command() {
    return {.name = "logout",
            .summary = "removes what login has kept",
            .operands = {},
            .options = {json_option},
            .details =
                "The token stays valid: end it in the dashboard or with hatchery token revoke.\n",
            .run = run_logout};
}

}  // namespace hatchery::cli
