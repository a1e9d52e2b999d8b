#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <ostream>

#include "api/access.hpp"
#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "base/enum_text.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"
#include "core/validate.hpp"
#include "crypto/digest.hpp"
#include "store/migrations.hpp"
#include "store/token_repository.hpp"

namespace hatchery::app {

namespace {

using base::ErrorKind;

constexpr std::string_view usual_scopes = "bots:read,bots:write,deploy";

/// What the command line asks for.
struct Request {
    std::string email;
    std::string name;
    store::UserRole role = store::UserRole::user;
    /// Whether the command line names the role.
    bool role_given = false;
    std::vector<std::string> scopes;
    std::chrono::seconds lifetime{0};
};

base::Result<std::vector<std::string>> read_scopes(std::string_view text) {
    std::vector<std::string> read;
    while (!text.empty()) {
        const auto comma = text.find(',');
        const std::string_view word = text.substr(0, comma);
        if (!api::parse_scope(word)) {
            return base::fail(ErrorKind::invalid,
                              fmt::format("--scopes: unknown scope '{}'; there are bots:read, "
                                          "bots:write, deploy, account, admin and act-as",
                                          word));
        }
        read.emplace_back(word);
        text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
    }
    if (read.empty()) return base::fail(ErrorKind::invalid, "--scopes: name one scope at least");
    return read;
}

base::Result<std::chrono::seconds> read_lifetime(const std::string& text) {
    constexpr std::array<std::pair<char, long long>, 3> units = {
        {{'m', 60}, {'h', 3'600}, {'d', 86'400}}};
    long long count = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
    for (const auto& [letter, seconds] : units) {
        const bool whole = error == std::errc{} && end + 1 == text.data() + text.size();
        if (whole && *end == letter && count > 0 && count * seconds <= 3'660 * 86'400LL) {
            return std::chrono::seconds(count * seconds);
        }
    }
    return base::fail(ErrorKind::invalid, "--expires-in: write 30m, 12h or 90d, at most 3660d");
}

bool is_email(std::string_view text) {
    const auto at = text.find('@');
    return text.size() <= 254 && at != std::string_view::npos && at > 0 && at + 1 < text.size() &&
           text.find('@', at + 1) == std::string_view::npos &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c != '\x7f'; });
}

base::Result<Request> read_request(const cli::Options& options) {
    Request request{.email = options.value_or("user", ""), .name = options.value_or("name", "cli")};
    if (!is_email(request.email)) {
        return base::fail(ErrorKind::invalid, "--user: give an e-mail address");
    }
    if (const auto wrong = core::check_bot_name(request.name)) {
        return base::fail(ErrorKind::invalid, fmt::format("--name: {}", *wrong));
    }
    const auto role = base::parse_enum<store::UserRole>(options.value_or("role", "user"));
    if (!role) return base::fail(ErrorKind::invalid, "--role: user, support or admin");
    request.role = *role;
    request.role_given = options.has("role");
    auto wanted = read_scopes(options.value_or("scopes", usual_scopes));
    if (!wanted) return base::fail(std::move(wanted).error());
    request.scopes = *std::move(wanted);
    auto lifetime = read_lifetime(options.value_or("expires-in", "90d"));
    if (!lifetime) return base::fail(std::move(lifetime).error());
    request.lifetime = *lifetime;
    return request;
}

/// A role is given to new users only: that a token is made must not change what its user may.
base::Result<void> check_role(const Request& request, store::UserRole role) {
    if (!request.role_given || request.role == role) return {};
    return base::fail(ErrorKind::conflict,
                      fmt::format("--role: {} exists already, with the role {}.", request.email,
                                  base::to_text(role)),
                      fmt::format("Leave out --role, or change it first: hatchery user role --user "
                                  "{} --role {}",
                                  request.email, base::to_text(request.role)));
}

/// A token can do no more than its user's role.
base::Result<void> check_scopes_of_role(const Request& request, store::UserRole role) {
    const auto allowed = api::scopes_of(role);
    for (const auto& word : request.scopes) {
        if (std::find(allowed.begin(), allowed.end(), api::parse_scope(word)) != allowed.end()) {
            continue;
        }
        return base::fail(ErrorKind::invalid,
                          fmt::format("--scopes: the user's role is {}, which has no {}",
                                      base::to_text(role), word),
                          fmt::format("hatchery user role --user {} --role admin", request.email));
    }
    return {};
}

cli::ExitCode create(const Request& request, const config::Config& config, bool json,
                     cli::Context& context, NotedCommand& noted) {
    auto database = store::make_database(config.database_url, 2);
    if (!database) return cli::report(context, database.error());
    if (const auto current = store::require_current_schema(**database); !current) {
        return cli::report(context, current.error());
    }
    base::SystemRandom random;
    const auto tokens = store::make_token_repository(**database, context.clock, random);
    // Nobody is made for a token that is not.
    if (const auto known = tokens->find_user_by_email(request.email); !known) {
        if (known.error().kind != ErrorKind::not_found) {
            return cli::report(context, known.error());
        }
        if (const auto fits = check_scopes_of_role(request, request.role); !fits) {
            return cli::report(context, fits.error());
        }
    }
    const auto user = tokens->get_or_create_user(request.email, request.role);
    if (!user) return cli::report(context, user.error());
    noted.user_id = user->id;
    if (const auto fits = check_role(request, user->role); !fits) {
        return cli::report(context, fits.error());
    }
    if (const auto fits = check_scopes_of_role(request, user->role); !fits) {
        return cli::report(context, fits.error());
    }
    const std::string token = "hat_" + base::random_token(random, 32);
    const auto expires_at = context.clock.now() + request.lifetime;
    const auto made = tokens->create({.user_id = user->id,
                                      .name = request.name,
                                      .hash_hex = crypto::sha256_hex(token),
                                      .scopes = request.scopes,
                                      .expires_at = expires_at});
    if (!made) return cli::report(context, made.error());
    noted.target = made->id.text();
    if (json) {
        context.out << base::dump_json_pretty({{"id", made->id.text()},
                                               {"token", token},
                                               {"scopes", request.scopes},
                                               {"expiresAt", base::format_time(expires_at)}})
                    << std::endl;
        return cli::ExitCode::ok;
    }
    context.out << token << std::endl;
    context.err << "This is shown once. It may: "
                << fmt::format("{}", fmt::join(request.scopes, ", ")) << "; it expires at "
                << base::format_time(expires_at) << ".\n";
    return cli::ExitCode::ok;
}

cli::ExitCode run(const cli::Options& options, cli::Context& context, NotedCommand& noted) {
    const auto request = read_request(options);
    if (!request) {
        cli::report(context, request.error());
        return cli::ExitCode::usage;
    }
    const auto config = cli::load_or_report(context, config::Need::database);
    if (!config) return cli::ExitCode::config;
    return create(*request, *config, options.has("json"), context, noted);
}

}  // namespace

cli::Command token_create_command() {
    return operator_command(
        {.name = "token create",
         .summary = "makes an API token and prints it once",
         .operands = {},
         .options = {{.name = "user", .value = "EMAIL", .help = "whose token; made when new"},
                     {.name = "scopes",
                      .value = "LIST",
                      .help = "of bots:read,bots:write,deploy,account,admin,act-as (default: the "
                              "first three)"},
                     {.name = "name", .value = "TEXT", .help = "what it is for (default: cli)"},
                     {.name = "expires-in", .value = "TIME", .help = "30m, 12h, 90d (default)"},
                     {.name = "role",
                      .value = "ROLE",
                      .help = "of a new user: user (default), support, admin",
                      .choices = "user support admin"},
                     cli::json_option},
         .details = "Needs DATABASE_URL. The database keeps only a hash of the token.\n",
         .run = {}},
        run);
}

}  // namespace hatchery::app
