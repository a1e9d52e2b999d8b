#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

using base::json_member;

constexpr std::string_view plans = "starter pro enterprise";
constexpr const char* needs_admin = "Needs a token with the scope admin.\n";

base::Result<base::Json> find_user(ApiClient& api, const std::string& id_or_email) {
    if (base::is_uuid(id_or_email)) return api.get("/api/admin/users/" + id_or_email);
    const auto page = api.get("/api/admin/users?email=" + percent_encoded(id_or_email));
    if (!page) return base::fail(page.error());
    const auto& items = json_member(*page, "items");
    if (!items.empty()) return items.front();
    return base::fail(base::ErrorKind::not_found,
                      fmt::format("No user has the e-mail address '{}'.", id_or_email),
                      "`hatchery users list` shows all of them.");
}

std::string or_dash(const std::string& text) { return text.empty() ? "-" : text; }

std::string count_of(const base::Json& object, const std::string& name) {
    return base::dump_json(json_member(object, name));
}

/// `2/5`: bots that there are, and that the plan has.
std::string bots_of(const base::Json& user) {
    const auto& plan = json_member(user, "plan");
    return count_of(json_member(user, "usage"), "bots") + "/" +
           (plan.is_object() ? count_of(plan, "bots") : "0");
}

base::Result<ExitCode> list(const Options& options, Context& context, ApiClient& api) {
    std::string path = "/api/admin/users";
    for (const char* name : {"plan", "standing"}) {
        const auto value = options.value(name);
        if (!value) continue;
        path += (path.find('?') == std::string::npos ? "?" : "&") + std::string(name) + "=" +
                percent_encoded(*value);
    }
    const auto users = api.all(path);
    if (!users) return base::fail(users.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*users)) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:<36}  {:<32}  {:<8}  {:<10}  {:<9}  {:<24}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "ID", "E-MAIL", "ROLE", "PLAN", "STANDING", "PERIOD ENDS",
                                   "BOTS");
    }
    for (const auto& user : *users) {
        const auto& subscription = json_member(user, "subscription");
        context.out << fmt::format(row, shown(user, "id"), shown(user, "email"),
                                   shown(user, "role"), or_dash(shown(subscription, "plan")),
                                   shown(subscription, "standing"),
                                   or_dash(shown(subscription, "periodEnd")), bots_of(user));
    }
    if (users->empty() && context.out_is_terminal) context.err << "There are no such users.\n";
    return ExitCode::ok;
}

void print_subscription(Context& context, const base::Json& subscription) {
    const auto line = [&](const char* what, const std::string& text) {
        context.out << fmt::format("{:<12} {}\n", what, or_dash(text));
    };
    line("plan", shown(subscription, "plan"));
    line("standing", shown(subscription, "standing"));
    line("status", shown(subscription, "status"));
    line("period ends", shown(subscription, "periodEnd"));
    line("stops", shown(subscription, "stopsAt"));
    line("kept until", shown(subscription, "destroysAt"));
}

base::Result<ExitCode> show(const Options& options, Context& context, ApiClient& api) {
    const auto user = find_user(api, options.operand(0));
    if (!user) return base::fail(user.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(*user) << "\n";
        return ExitCode::ok;
    }
    context.out << fmt::format("{:<12} {}\n{:<12} {}\n{:<12} {}\n", "user", shown(*user, "email"),
                               "id", shown(*user, "id"), "role", shown(*user, "role"));
    print_subscription(context, json_member(*user, "subscription"));
    context.out << fmt::format("{:<12} {}\n{:<12} {}\n", "bots", bots_of(*user), "servers",
                               count_of(json_member(*user, "usage"), "servers"));
    return ExitCode::ok;
}

base::Result<ExitCode> set_plan(const Options& options, Context& context, ApiClient& api) {
    const auto until = options.value("until");
    if (!until) {
        return base::fail(wrong_use("--until is missing.",
                                    "Give a time such as 2027-01-31T12:00:00Z, or never."));
    }
    const auto user = find_user(api, options.operand(0));
    if (!user) return base::fail(user.error());
    const base::Json body = {{"plan", options.operand(1)},
                             {"status", options.has("cancelled") ? "cancelled" : "active"},
                             {"periodEnd", *until == "never" ? base::Json() : base::Json(*until)}};
    const auto set = api.put("/api/admin/users/" + shown(*user, "id") + "/subscription", body);
    if (!set) return base::fail(set.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(*set) << "\n";
        return ExitCode::ok;
    }
    context.out << fmt::format("{:<12} {}\n", "user", shown(*user, "email"));
    print_subscription(context, *set);
    return ExitCode::ok;
}

}  // namespace

std::vector<Command> users_commands() {
    return {{.name = "users list",
             .summary = "lists users with plan, standing and bots",
             .operands = {},
             .options =
                 {{.name = "plan", .value = "PLAN", .help = "only of this plan", .choices = plans},
                  {.name = "standing",
                   .value = "WORD",
                   .help = "only active, cancelled, grace, expired or none",
                   .choices = "active cancelled grace expired none"},
                  json_option},
             .details = needs_admin,
             .run = with_api(list)},
            {.name = "users show",
             .summary = "shows a user's plan, standing and what there is of it",
             .operands = {{.name = "USER"}},
             .options = {json_option},
             .details = "USER is an id or an e-mail address. Needs a token with the scope admin.\n",
             .run = with_api(show)},
            {.name = "users plan",
             .summary = "sets a user's plan and until when it is paid",
             .operands = {{.name = "USER"}, {.name = "PLAN", .choices = plans}},
             .options = {{.name = "until",
                          .value = "TIME",
                          .help = "end of the period, such as 2027-01-31T12:00:00Z, or never"},
                         {.name = "cancelled",
                          .value = {},
                          .help = "it is not renewed at the end of the period"},
                         json_option},
             .details = "USER is an id or an e-mail address, PLAN starter, pro or enterprise.\n"
                        "Another end of the period undoes what had begun for the old one.\n"
                        "Needs a token with the scope admin.\n",
             .run = with_api(set_plan)}};
}

}  // namespace hatchery::cli
