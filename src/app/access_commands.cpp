#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ostream>

#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/enum_text.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"
#include "cli/printable.hpp"
#include "store/account_repository.hpp"
#include "store/token_repository.hpp"

namespace hatchery::app {

namespace {

/// What these commands work with, once the configuration is good.
struct Access {
    std::unique_ptr<store::Database> database;
    base::SystemRandom random;
    std::unique_ptr<store::TokenRepository> tokens;
};

/// Nothing after what is wrong was printed; `code` says which way it is.
std::unique_ptr<Access> open_access(cli::Context& context, cli::ExitCode& code) {
    const auto config = cli::load_or_report(context, config::Need::database);
    code = cli::ExitCode::config;
    if (!config) return nullptr;
    auto database = store::make_database(config->database_url, 2);
    if (!database) {
        code = cli::report(context, database.error());
        return nullptr;
    }
    auto access = std::make_unique<Access>();
    access->database = *std::move(database);
    access->tokens = store::make_token_repository(*access->database, context.clock, access->random);
    return access;
}

std::string time_or(const std::optional<base::TimePoint>& time, const char* otherwise) {
    return time ? base::format_time(*time) : otherwise;
}

base::Json time_or_null(const std::optional<base::TimePoint>& time) {
    return time ? base::Json(base::format_time(*time)) : base::Json();
}

base::Json token_json(const store::ApiToken& token) {
    return {{"id", token.id.text()},
            {"name", token.name},
            {"scopes", token.scopes},
            {"createdAt", base::format_time(token.created_at)},
            {"expiresAt", time_or_null(token.expires_at)},
            {"lastUsedAt", time_or_null(token.last_used_at)},
            {"revokedAt", time_or_null(token.revoked_at)}};
}

cli::ExitCode list_tokens(const cli::Options& options, cli::Context& context, NotedCommand& noted) {
    cli::ExitCode code{};
    const auto access = open_access(context, code);
    if (!access) return code;
    const auto user = access->tokens->find_user_by_email(options.value_or("user", ""));
    if (!user) return cli::report(context, user.error());
    noted.user_id = user->id;
    const auto tokens = access->tokens->list(user->id);
    if (!tokens) return cli::report(context, tokens.error());
    if (options.has("json")) {
        base::Json items = base::Json::array();
        for (const auto& token : *tokens) items.push_back(token_json(token));
        context.out << base::dump_json_pretty(items) << "\n";
        return cli::ExitCode::ok;
    }
    for (const auto& token : *tokens) {
        context.out << fmt::format(
            "{}  {}  {}  expires {}  last used {}{}\n", token.id.text(), cli::printable(token.name),
            fmt::join(token.scopes, ","), time_or(token.expires_at, "never"),
            time_or(token.last_used_at, "never"), token.revoked_at ? "  revoked" : "");
    }
    return cli::ExitCode::ok;
}

cli::ExitCode revoke_token(const cli::Options& options, cli::Context& context,
                           NotedCommand& noted) {
    cli::ExitCode code{};
    const auto access = open_access(context, code);
    if (!access) return code;
    const base::ApiTokenId token(options.operand(0));
    // Somebody may have given the token itself.
    if (base::is_uuid(token.text())) noted.target = token.text();
    if (const auto revoked = access->tokens->revoke(token, std::nullopt); !revoked) {
        return cli::report(context, revoked.error());
    }
    if (options.has("json")) {
        context.out << base::dump_json_pretty({{"id", token.text()}, {"revoked", true}}) << "\n";
    } else {
        context.out << "revoked " << token.text() << "\n";
    }
    return cli::ExitCode::ok;
}

cli::ExitCode release_user(const cli::Options& options, cli::Context& context,
                           NotedCommand& noted) {
    cli::ExitCode code{};
    const auto access = open_access(context, code);
    if (!access) return code;
    const auto user = access->tokens->find_user_by_email(options.value_or("user", ""));
    if (!user) return cli::report(context, user.error());
    noted.target = user->id.text();
    noted.user_id = user->id;
    const auto accounts =
        store::make_account_repository(*access->database, context.clock, access->random, {});
    const auto released = accounts->release(user->id);
    if (!released) return cli::report(context, released.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(
                           {{"id", user->id.text()}, {"email", user->email}, {"released", true}})
                    << "\n";
    } else {
        context.out << user->email << " belongs to who signs in next with that address\n";
    }
    return cli::ExitCode::ok;
}

cli::ExitCode set_role(const cli::Options& options, cli::Context& context, NotedCommand& noted) {
    const auto role = base::parse_enum<store::UserRole>(options.value_or("role", ""));
    if (!role) {
        cli::report(context, {.kind = base::ErrorKind::invalid,
                              .message = "--role: user, support or admin"});
        return cli::ExitCode::usage;
    }
    cli::ExitCode code{};
    const auto access = open_access(context, code);
    if (!access) return code;
    noted.action = fmt::format("user role {}", base::to_text(*role));
    const auto user = access->tokens->find_user_by_email(options.value_or("user", ""));
    if (!user) return cli::report(context, user.error());
    noted.target = user->id.text();
    noted.user_id = user->id;
    if (const auto set = access->tokens->set_role(user->id, *role); !set) {
        return cli::report(context, set.error());
    }
    if (options.has("json")) {
        context.out << base::dump_json_pretty({{"id", user->id.text()},
                                               {"email", user->email},
                                               {"role", std::string(base::to_text(*role))}})
                    << "\n";
    } else {
        context.out << user->email << " is " << base::to_text(*role) << " now\n";
    }
    return cli::ExitCode::ok;
}

}  // namespace

cli::Command token_list_command() {
    return operator_command(
        {.name = "token list",
         .summary = "shows the API tokens of a user, with their last use",
         .operands = {},
         .options = {{.name = "user", .value = "EMAIL", .help = "whose tokens"}, cli::json_option},
         .details = "Needs DATABASE_URL.\n",
         .run = {}},
        list_tokens);
}

cli::Command token_revoke_command() {
    return operator_command(
        {.name = "token revoke",
         .summary = "ends an API token at once",
         .operands = {{.name = "TOKEN_ID"}},
         .options = {cli::json_option},
         .details = "Needs DATABASE_URL; `hatchery token list` shows the ids.\n",
         .run = {}},
        revoke_token);
}

cli::Command user_release_command() {
    return operator_command(
        {.name = "user release",
         .summary = "gives an account to who signs in next with its e-mail address",
         .operands = {},
         .options = {{.name = "user", .value = "EMAIL", .help = "whose account"}, cli::json_option},
         .details =
             "Needs DATABASE_URL. Who had the account so far is signed out and cannot come\n"
             "back by the identity that he had at the issuer; API tokens stay. For somebody\n"
             "whose identity was made anew, or who follows another one at that address.\n",
         .run = {}},
        release_user);
}

cli::Command user_role_command() {
    return operator_command(
        {.name = "user role",
         .summary = "gives a user another role",
         .operands = {},
         .options = {{.name = "user", .value = "EMAIL", .help = "who"},
                     {.name = "role",
                      .value = "ROLE",
                      .help = "user, support or admin",
                      .choices = "user support admin"},
                     cli::json_option},
         .details = "Needs DATABASE_URL. Its sessions and tokens have the role at once; scopes\n"
                    "that the role does not have stop working.\n",
         .run = {}},
        set_role);
}

}  // namespace hatchery::app
