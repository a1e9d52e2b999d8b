#include <fmt/format.h>

#include <cstdlib>
#include <istream>
#include <map>
#include <nlohmann/json.hpp>
#include <ostream>

#include "cli/client_command.hpp"
#include "cli/commands.hpp"
#include "cli/printable.hpp"

namespace hatchery::cli {

namespace {

using namespace std::chrono_literals;
using base::json_bool;
using base::json_int;
using base::json_member;

constexpr auto look_every = 500ms;
/// A sweep of a large project takes some seconds, and the leader looks every few for a wish.
constexpr auto sweep_limit = 60s;
constexpr const char* needs_admin = "Needs a token with the scope admin.\n";

std::string money_text(const base::Json& amount) {
    return shown(amount, "amount") + " " + shown(amount, "currency");
}

std::string money(const base::Json& object, std::string_view key) {
    const auto& amount = json_member(object, key);
    return amount.is_object() ? money_text(amount) : "-";
}

/// What a sum of costs leaves out; empty when it is whole.
std::string left_out(const base::Json& sum) {
    const auto servers = json_int(sum, "unpricedServers");
    return servers == 0
               ? std::string()
               : fmt::format("; of {} the price is not known",
                             servers == 1 ? "1 server" : fmt::format("{} servers", servers));
}

std::string or_dash(const base::Json& object, std::string_view key) {
    const auto text = shown(object, key);
    return text.empty() ? "-" : text;
}

/// What all of them cost a month, by currency, on the error stream: the rows are for programs too.
void print_monthly(Context& context, const std::vector<base::Json>& servers) {
    std::map<std::string, double> sums;
    std::size_t unpriced = 0;
    for (const auto& server : servers) {
        const auto& cost = json_member(server, "cost");
        if (cost.is_object()) {
            sums[shown(cost, "currency")] += std::strtod(shown(cost, "amount").c_str(), nullptr);
        } else {
            ++unpriced;
        }
    }
    if (servers.empty()) return;
    std::string all;
    for (const auto& [currency, sum] : sums) {
        all += fmt::format("{}{:.2f} {}", all.empty() ? "" : " + ", sum, currency);
    }
    context.err << fmt::format("{} a month{}\n", all.empty() ? "nothing known" : all,
                               left_out({{"unpricedServers", unpriced}}));
}

constexpr auto server_row = "{:<8}  {:<12}  {:<14}  {:<8}  {:<12}  {:<16}  {:<12}  {:<14}  {}\n";

/// Those of others, which cost Hatchery nothing and are none of its business.
void print_theirs(Context& context, const base::Json& theirs, long long count) {
    for (const auto& server : theirs) {
        context.out << fmt::format(
            server_row, "theirs", shown(server, "provider"), or_dash(server, "providerServerId"),
            shown(server, "region"), shown(server, "type"), or_dash(server, "publicIp"),
            or_dash(server, "providerState"), money(server, "cost"), or_dash(server, "name"));
    }
    if (count == 0) return;
    context.err << fmt::format("{} somebody else's and never touched: ",
                               count == 1 ? "1 server is" : fmt::format("{} servers are", count));
    print_monthly(context, theirs.get<std::vector<base::Json>>());
}

base::Result<ExitCode> servers(const Options& options, Context& context, ApiClient& api) {
    base::Json about;
    const auto all = api.all("/api/cloud/servers", &about);
    if (!all) return base::fail(all.error());
    const auto& listed = json_member(about, "theirs");
    const base::Json theirs = listed.is_array() ? listed : base::Json::array();
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*all)) << "\n";
        return ExitCode::ok;
    }
    if (context.out_is_terminal) {
        context.out << fmt::format(server_row, "WHOSE", "PROVIDER", "ID", "REGION", "TYPE",
                                   "ADDRESS", "STATE", "A MONTH", "BOT");
    }
    int orphans = 0;
    for (const auto& server : *all) {
        const bool orphan = json_bool(server, "orphan");
        if (orphan) ++orphans;
        context.out << fmt::format(
            server_row, orphan ? "nobody's" : "ours", shown(server, "provider"),
            or_dash(server, "providerServerId"), shown(server, "region"), shown(server, "type"),
            or_dash(server, "publicIp"), or_dash(server, orphan ? "providerState" : "state"),
            money(server, "cost"), or_dash(server, "botId"));
    }
    print_monthly(context, *all);
    print_theirs(context, theirs, json_int(about, "theirsCount"));
    if (orphans > 0) {
        context.err << orphans << (orphans == 1 ? " server is nobody's" : " servers are nobody's")
                    << "; see: hatchery cloud sweep\n";
    }
    return ExitCode::ok;
}

base::Result<ExitCode> print_server(const Options& options, Context& context,
                                    const base::Json& server) {
    if (options.has("json")) {
        context.out << base::dump_json_pretty(server) << "\n";
        return ExitCode::ok;
    }
    context.out << fmt::format("{}  {}\n", shown(server, "id"), shown(server, "state"));
    return ExitCode::ok;
}

/// Whether the person types yes, or has said so.
std::optional<ExitCode> must_ask(const Options& options, Context& context,
                                 const std::string& question) {
    if (options.has("yes")) return std::nullopt;
    if (!context.in_is_terminal) {
        context.err << "hatchery: nothing was done; add --yes to go on without being asked\n";
        return ExitCode::usage;
    }
    context.err << question << " Type yes to go on: " << std::flush;
    std::string typed;
    std::getline(context.in, typed);
    if (typed == "yes") return std::nullopt;
    context.err << "hatchery: nothing was done\n";
    return ExitCode::failed;
}

base::Result<ExitCode> provision(const Options& options, Context& context, ApiClient& api) {
    base::Json wish = {{"provider", options.operand(0)},
                       {"region", options.operand(1)},
                       {"serverType", options.operand(2)}};
    if (const auto image = options.value("image")) wish["imageId"] = *image;
    if (const auto key = options.value("ssh-key")) wish["sshPublicKey"] = *key;
    const auto asked =
        must_ask(options, context,
                 fmt::format("This makes a {} in {} at {}, which costs until it is "
                             "deleted.",
                             options.operand(2), options.operand(1), options.operand(0)));
    if (asked) return *asked;
    const auto made = api.post("/api/cloud/provision", wish);
    if (!made) return base::fail(made.error());
    return print_server(options, context, *made);
}

base::Result<ExitCode> destroy(const Options& options, Context& context, ApiClient& api) {
    const bool forget = options.has("forget");
    const auto asked = must_ask(
        options, context,
        forget
            ? fmt::format("This gives up on wiping {}: what is on the machine stays there.",
                          options.operand(0))
            : fmt::format("This deletes the server {} with all data on it.", options.operand(0)));
    if (asked) return *asked;
    const auto accepted = api.remove("/api/cloud/servers/" + percent_encoded(options.operand(0)) +
                                     (forget ? "?forget=true" : ""));
    if (!accepted) return base::fail(accepted.error());
    return print_server(options, context, *accepted);
}

base::Result<ExitCode> regions(const Options& options, Context& context, ApiClient& api) {
    const auto provider = options.value("provider");
    const auto all =
        api.all("/api/cloud/available-regions" +
                (provider ? "?provider=" + percent_encoded(*provider) : std::string()));
    if (!all) return base::fail(all.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*all)) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:<12}  {:<8}  {:<18}  {:>5}  {:>7}  {:<9}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "PROVIDER", "REGION", "TYPE", "CORES", "MEMORY", "STOCK",
                                   "A MONTH");
    }
    for (const auto& region : *all) {
        for (const auto& type : json_member(region, "serverTypes")) {
            const auto& memory = json_member(type, "memoryGb");
            context.out << fmt::format(
                row, shown(region, "provider"), shown(region, "region"), shown(type, "type"),
                json_int(type, "cores"),
                fmt::format("{:g} GB", memory.is_number() ? memory.get<double>() : 0.0),
                json_bool(type, "available") ? "available" : "sold out",
                money(type, "priceMonthly"));
        }
    }
    return ExitCode::ok;
}

/// Whether every sweep is younger than the wish.
bool all_after(const base::Json& sweeps, const std::string& asked_at) {
    const auto& providers = json_member(sweeps, "items");
    const auto asked = base::parse_time(asked_at);
    if (!providers.is_array() || providers.empty() || !asked) return false;
    for (const auto& sweep : providers) {
        const auto swept = base::parse_time(shown(sweep, "sweptAt"));
        if (!swept || *swept < *asked) return false;
    }
    return true;
}

void print_sweeps(Context& context, const base::Json& sweeps) {
    for (const auto& sweep : json_member(sweeps, "items")) {
        const auto& findings = json_member(sweep, "findings");
        const auto error = shown(sweep, "error");
        if (!error.empty()) {
            context.out << fmt::format("{}: nothing was compared: {}\n", shown(sweep, "provider"),
                                       error);
            continue;
        }
        context.out << fmt::format(
            "{}: {} {} listed, {} ours, {} not as {} should be\n", shown(sweep, "provider"),
            json_int(sweep, "listed"), json_int(sweep, "listed") == 1 ? "server" : "servers",
            json_int(sweep, "alive"), findings.size(), findings.size() == 1 ? "it" : "they");
        for (const auto& one : findings) {
            context.out << fmt::format("  {:<10} {:<12} {:<14} {:<12} {}\n", shown(one, "kind"),
                                       shown(one, "trouble"), shown(one, "id"), shown(one, "done"),
                                       shown(one, "name"));
        }
    }
}

base::Result<ExitCode> sweep(const Options& options, Context& context, ApiClient& api) {
    const auto asked = api.post("/api/cloud/sweep");
    if (!asked) return base::fail(asked.error());
    const auto asked_at = shown(*asked, "askedAt");
    for (auto waited = 0ms; waited < sweep_limit; waited += look_every) {
        const auto sweeps = api.get("/api/cloud/sweep");
        if (!sweeps) return base::fail(sweeps.error());
        if (all_after(*sweeps, asked_at)) {
            if (options.has("json")) {
                context.out << base::dump_json_pretty(*sweeps) << "\n";
            } else {
                print_sweeps(context, *sweeps);
            }
            return ExitCode::ok;
        }
        if (!context.pause(look_every)) break;
    }
    return base::fail(base::ErrorKind::timeout, "No sweep was made within a minute.",
                      "See with `hatchery workers` whether a worker runs.");
}

/// What one's own bots have cost.
base::Result<ExitCode> own_costs(const Options& options, Context& context, ApiClient& api,
                                 const std::string& query) {
    const auto found = api.get("/api/costs" + query);
    if (!found) return base::fail(found.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(*found) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:>16}  {:>7}  {:<36}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "COST", "SERVERS", "BOT", "NAME");
    }
    for (const auto& bot : json_member(*found, "bots")) {
        context.out << fmt::format(
            row, money(bot, "cost"), json_int(bot, "servers"), shown(bot, "botId"),
            or_dash(bot, "name") + (json_bool(bot, "deleted") ? " (deleted)" : "") + left_out(bot));
    }
    for (const auto& total : json_member(*found, "totals")) {
        context.out << fmt::format("{:>16}  in all in {}{}\n", money_text(total),
                                   shown(*found, "month"), left_out(*found));
    }
    return ExitCode::ok;
}

base::Result<ExitCode> costs(const Options& options, Context& context, ApiClient& api) {
    const auto month = options.value("month");
    const std::string wanted = month ? "month=" + percent_encoded(*month) : std::string();
    const auto by = options.value("by");
    if (!by) return own_costs(options, context, api, wanted.empty() ? "" : "?" + wanted);
    const auto found = api.all("/api/admin/costs?by=" + *by + (wanted.empty() ? "" : "&" + wanted));
    if (!found) return base::fail(found.error());
    if (options.has("json")) {
        context.out << base::dump_json_pretty(base::Json(*found)) << "\n";
        return ExitCode::ok;
    }
    constexpr auto row = "{:>16}  {:>7}  {:<36}  {}\n";
    if (context.out_is_terminal) {
        context.out << fmt::format(row, "COST", "SERVERS", "ID", "NAME");
    }
    for (const auto& sum : *found) {
        context.out << fmt::format(row, money(sum, "cost"), json_int(sum, "servers"),
                                   shown(sum, "id"), or_dash(sum, "name") + left_out(sum));
    }
    return ExitCode::ok;
}

}  // namespace

std::vector<Command> cloud_commands() {
    return {
        {.name = "cloud servers",
         .summary = "lists our servers, and what providers have of ours that is nobody's",
         .operands = {},
         .options = {json_option},
         .details = needs_admin,
         .run = with_api(servers)},
        {.name = "cloud regions",
         .summary = "lists regions and server types with price and stock",
         .operands = {},
         .options = {{.name = "provider", .value = "NAME", .help = "only of this provider"},
                     json_option},
         .details = {},
         .run = with_api(regions)},
        {.name = "cloud provision",
         .summary = "makes a server by hand, which belongs to no bot",
         .operands = {{.name = "PROVIDER"}, {.name = "REGION"}, {.name = "TYPE"}},
         .options = {{.name = "image", .value = "NAME", .help = "instead of the usual one"},
                     {.name = "ssh-key",
                      .value = "KEY",
                      .help = "an Ed25519 public key that may log in as root"},
                     {.name = "yes", .letter = 'y', .help = "do not ask"},
                     json_option},
         .details = needs_admin,
         .run = with_api(provision)},
        {.name = "cloud destroy",
         .summary = "deletes a server by hand, or one that is nobody's",
         .operands = {{.name = "ID"}},
         .options = {{.name = "forget",
                      .help = "of your own machines: do not wait any longer until it is wiped"},
                     {.name = "yes", .letter = 'y', .help = "do not ask"},
                     json_option},
         .details = "ID is a server's id, or its id at the provider, as `hatchery cloud servers "
                    "--json` tells.\nNeeds a token with the scope admin.\n",
         .run = with_api(destroy)},
        {.name = "cloud sweep",
         .summary = "compares the providers with the database now, and says what is wrong",
         .operands = {},
         .options = {json_option},
         .details = needs_admin,
         .run = with_api(sweep)},
        {.name = "costs",
         .summary = "says what your bots' servers have cost in a month, up to now",
         .operands = {},
         .options = {{.name = "month", .value = "MONTH", .help = "such as 2026-11; this one"},
                     {.name = "by",
                      .value = "WORD",
                      .help = "all users' servers, by bot, user or provider",
                      .choices = "bot user provider"},
                     json_option},
         .details = "--by needs a token with the scope admin.\n",
         .run = with_api(costs)}};
}

}  // namespace hatchery::cli
