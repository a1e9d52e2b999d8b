#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <istream>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"

namespace hatchery::cli {

namespace {

using base::ErrorKind;
using base::Json;
using base::json_string;

/// Options that describe a new bot; they make no sense for one that exists.
constexpr std::array<std::pair<const char*, const char*>, 6> text_members = {
    {{"name", "name"},
     {"model", "model"},
     {"model-base-url", "modelBaseUrl"},
     {"region", "region"},
     {"server-type", "serverType"},
     {"telegram-mode", "telegramMode"}}};

base::Result<base::Secret> read_line_of_input(Context& context, const char* what) {
    std::string line;
    std::getline(context.in, line);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' ')) line.pop_back();
    if (line.empty()) {
        return base::fail(wrong_use(fmt::format("There is no {} on standard input.", what)));
    }
    return base::Secret(std::move(line));
}

/// The Telegram token: standard input if asked for, else the environment, else a question. Never
/// the command line, which other users of the machine can read.
base::Result<base::Secret> telegram_token(const Options& options, Context& context) {
    if (options.has("token-stdin")) return read_line_of_input(context, "Telegram bot token");
    if (auto value = context.variable("TELEGRAM_BOT_TOKEN")) return base::Secret(*std::move(value));
    if (!context.in_is_terminal) {
        return base::fail(wrong_use("The Telegram bot token is missing.",
                                    "Set TELEGRAM_BOT_TOKEN, or give it on standard input with "
                                    "--token-stdin."));
    }
    base::Secret token(context.ask_hidden("Telegram bot token (from @BotFather): "));
    if (token.empty()) return base::fail(wrong_use("No token was given."));
    return token;
}

/// The model key: empty when the operator's own is to be used.
base::Result<base::Secret> model_key(const Options& options, Context& context) {
    if (options.has("key-stdin")) return read_line_of_input(context, "model key");
    if (auto value = context.variable("MODEL_API_KEY")) return base::Secret(*std::move(value));
    return base::Secret();
}

base::Result<Json> allowed_users(const Options& options) {
    Json ids = Json::array();
    for (const auto& text : options.values("allow-user")) {
        std::int64_t id = 0;
        const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
        if (error != std::errc{} || end != text.data() + text.size() || id <= 0) {
            return base::fail(wrong_use(fmt::format(
                "--allow-user: '{}' is no Telegram user id, which is a whole number", text)));
        }
        ids.push_back(id);
    }
    return ids;
}

base::Result<Json> new_bot_body(const Options& options, Context& context) {
    Json body;
    for (const auto& [option, member] : text_members) {
        if (const auto value = options.value(option)) body[member] = *value;
    }
    auto users = allowed_users(options);
    if (!users) return base::fail(std::move(users).error());
    body["allowedTelegramUserIds"] = *std::move(users);
    const auto token = telegram_token(options, context);
    if (!token) return base::fail(token.error());
    body["telegramBotToken"] = token->reveal();
    const auto key = model_key(options, context);
    if (!key) return base::fail(key.error());
    if (!key->empty()) body["modelApiKey"] = key->reveal();
    return body;
}

bool describes_new_bot(const Options& options) {
    return options.has("allow-user") || options.has("token-stdin") || options.has("key-stdin") ||
           std::any_of(text_members.begin(), text_members.end(),
                       [&](const auto& member) { return options.has(member.first); });
}

/// What is wrong with the combination of operand and options; empty when nothing is.
std::string wrong_usage(const Options& options) {
    const bool existing = !options.operand(0).empty();
    if (existing && describes_new_bot(options)) {
        return "name a bot that exists, or describe a new one with --name and --model, not both";
    }
    if (!existing && (!options.has("name") || !options.has("model"))) {
        return "a new bot needs --name and --model; an existing one its id or name";
    }
    return {};
}

base::Result<Json> create_bot(const Options& options, Context& context, ApiClient& api) {
    const auto body = new_bot_body(options, context);
    if (!body) return base::fail(body.error());
    auto bot = api.post("/api/bots/create", *body);
    if (bot && !options.has("json")) {
        context.out << fmt::format("created bot {} (@{}), id {}\n", json_string(*bot, "name"),
                                   json_string(*bot, "telegramUsername"), json_string(*bot, "id"))
                    << std::flush;
    }
    return bot;
}

/// A deploy worked when the bot is active, and not before.
base::Result<ExitCode> check_active(const Options& options, Context& context, ApiClient& api,
                                    const Json& bot) {
    const auto status = api.get("/api/deploy/" + json_string(bot, "id") + "/status");
    if (!status) return base::fail(status.error());
    const std::string state = json_string(*status, "status");
    if (state != "active") {
        return base::fail(ErrorKind::internal,
                          fmt::format("The deploy ended, but the bot is {}.", state));
    }
    if (!options.has("json")) {
        context.out << fmt::format("{} is active: https://t.me/{}\n", json_string(bot, "name"),
                                   json_string(bot, "telegramUsername"));
        if (base::json_member(bot, "allowedTelegramUserIds").empty()) {
            // Hatchery sees no message of a bot that fetches them itself.
            const bool unseen = json_string(bot, "telegramMode") == "polling";
            const auto id = json_string(bot, "id");
            context.err << "It talks to nobody yet: "
                        << (unseen ? fmt::format("let people in by number: hatchery allow {} "
                                                 "NUMBER (@userinfobot tells each their own)\n",
                                                 id)
                                   : fmt::format("write to it there, and then run: "
                                                 "hatchery allow {}\n",
                                                 id));
        }
    }
    return ExitCode::ok;
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    if (const std::string wrong = wrong_usage(options); !wrong.empty()) {
        return base::fail(wrong_use(wrong, "See: hatchery deploy --help"));
    }
    const auto bot = options.operand(0).empty() ? create_bot(options, context, api)
                                                : api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    const auto accepted = api.post("/api/deploy", {{"botId", json_string(*bot, "id")}});
    if (!accepted) return base::fail(accepted.error());
    const auto code = follow_operation(options, context, api, *accepted);
    const bool waited = options.has("wait") || options.has("logs");
    if (!code || *code != ExitCode::ok || !waited) return code;
    return check_active(options, context, api, *bot);
}

}  // namespace

Command deploy_command() {
    return {
        .name = "deploy",
        .summary = "deploys a bot, making it first if it is described",
        .operands = {{.name = "BOT", .required = false}},
        .options =
            {{.name = "name", .value = "NAME", .help = "of the new bot"},
             {.name = "model",
              .value = "MODEL",
              .help = "provider/model, or claude-opus, gpt-5, gemini"},
             {.name = "model-base-url", .value = "URL", .help = "of an OpenAI-compatible service"},
             {.name = "region",
              .value = "REGION",
              .help = "of the server, as `hatchery cloud regions` lists them"},
             {.name = "server-type", .value = "TYPE", .help = "of the server, from the same list"},
             {.name = "telegram-mode",
              .value = "MODE",
              .help = "webhook (default) or polling",
              .choices = "webhook polling"},
             {.name = "allow-user",
              .value = "ID",
              .help = "Telegram user who may talk to it, by number; may be "
                      "repeated (later: hatchery allow)",
              .repeatable = true},
             {.name = "token-stdin",
              .help = "read the Telegram token from standard input (a line)"},
             {.name = "key-stdin",
              .help = "read the model key from standard input (the next line)"},
             wait_option,
             wait_logs_option,
             json_option},
        .details =
            "BOT is the id or name of a bot that exists. A new bot takes its Telegram token\n"
            "from TELEGRAM_BOT_TOKEN, from standard input or from a question, and its model\n"
            "key from MODEL_API_KEY or standard input; without one the operator's is used.\n"
            "With --wait the exit code is 0 only when the bot is active.\n",
        .run = with_api(run)};
}

}  // namespace hatchery::cli
