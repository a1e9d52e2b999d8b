#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

using base::Json;

base::Result<std::int64_t> user_id(const std::string& text) {
    std::int64_t id = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
    if (error == std::errc{} && end == text.data() + text.size() && id > 0) return id;
    return base::fail(
        wrong_use(fmt::format("USER: '{}' is no Telegram user id, which is a whole number", text),
                  "`hatchery allow BOT` shows those who wrote to the bot."));
}

/// Those the bot talks to, and those who wrote to it: a row each.
base::Result<ExitCode> list(const Options& options, Context& context, ApiClient& api,
                            const Json& bot) {
    const auto found = api.get("/api/bots/" + base::json_string(bot, "id") + "/messages");
    if (!found) return base::fail(found.error());
    const Json& senders = base::json_member(*found, "senders");
    const Json& allowed = base::json_member(bot, "allowedTelegramUserIds");
    if (options.has("json")) {
        context.out << base::dump_json_pretty(
                           {{"allowedTelegramUserIds", allowed}, {"senders", senders}})
                    << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:<16}  {:<8}  {:<24}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "USER", "MAY TALK", "WROTE LAST", "NAME");
    }
    for (const auto& id : allowed) {
        const bool wrote = std::any_of(senders.begin(), senders.end(), [&](const Json& one) {
            return base::json_member(one, "userId") == id;
        });
        if (!wrote) context.out << fmt::format(row, id.dump(), "yes", "-", "-");
    }
    for (const auto& one : senders) {
        const auto username = shown(one, "username");
        context.out << fmt::format(
            row, base::json_int(one, "userId"), base::json_bool(one, "allowed") ? "yes" : "no",
            shown(one, "lastAt"), shown(one, "name") + (username.empty() ? "" : " @" + username));
    }
    if (allowed.empty() && base::json_string(bot, "telegramMode") == "polling") {
        context.err << "The bot talks to nobody yet, and who writes to it is not seen here: run: "
                       "hatchery allow BOT NUMBER (@userinfobot tells each their own)\n";
    } else if (allowed.empty()) {
        context.err << "The bot talks to nobody yet: write to it in Telegram, and then run: "
                       "hatchery allow BOT USER\n";
    }
    return ExitCode::ok;
}

/// Lets the user in, or not any more, beside whoever else is in by now. `conflict` when the bot was
/// changed by somebody else at the same moment.
base::Result<Json> change(ApiClient& api, const std::string& path, std::int64_t id, bool let_in) {
    std::string tag;
    const auto now = api.get_tagged(path, tag);
    if (!now) return base::fail(now.error());
    Json ids = Json::array();
    for (const auto& one : base::json_member(*now, "allowedTelegramUserIds")) {
        if (one != id) ids.push_back(one);
    }
    if (let_in) ids.push_back(id);
    return api.put(path, {{"allowedTelegramUserIds", ids}}, tag);
}

base::Result<ExitCode> run(const Options& options, Context& context, ApiClient& api) {
    const std::string user = options.operand(1);
    std::int64_t id = 0;
    if (!user.empty()) {
        const auto read = user_id(user);
        if (!read) return base::fail(read.error());
        id = *read;
    } else if (options.has("remove")) {
        return base::fail(wrong_use("--remove needs a USER."));
    }
    const auto bot = api.find_bot(options.operand(0));
    if (!bot) return base::fail(bot.error());
    if (user.empty()) return list(options, context, api, *bot);
    const auto changed =
        change(api, "/api/bots/" + base::json_string(*bot, "id"), id, !options.has("remove"));
    if (!changed) return base::fail(changed.error());
    // A bot with a server is configured anew, and that is an operation.
    const auto operation = base::json_string(*changed, "operationId");
    if (!operation.empty()) {
        return follow_operation(options, context, api,
                                {{"operationId", operation},
                                 {"botId", base::json_string(*bot, "id")},
                                 {"operation", {{"kind", "reconfigure"}}}});
    }
    if (options.has("json")) {
        context.out << base::dump_json_pretty(*changed) << "\n";
    } else {
        context.out << fmt::format("{} {} to {} now\n", shown(*bot, "name"),
                                   options.has("remove") ? "does not talk" : "talks", id);
    }
    return ExitCode::ok;
}

}  // namespace

Command allow_command() {
    return {.name = "allow",
            .summary = "says who may talk to a bot, or lets somebody",
            .operands = {{.name = "BOT"}, {.name = "USER", .required = false}},
            .options = {{.name = "remove", .help = "do not let USER talk to it any more"},
                        wait_option,
                        wait_logs_option,
                        json_option},
            .details =
                "BOT is a bot's id or name. USER is a person's id at Telegram, a number;\n"
                "without it those who may talk to the bot are listed, and those who wrote\n"
                "to it. A bot that nobody may talk to answers everybody with a code for its\n"
                "owner, which has no use here: let people in by this command.\n",
            .run = with_api(run)};
}

}  // namespace hatchery::cli
