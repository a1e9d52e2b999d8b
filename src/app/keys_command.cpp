#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "app/note_command.hpp"
#include "app/operate.hpp"
#include "app/service.hpp"
#include "base/enum_text.hpp"
#include "base/json_value.hpp"
#include "cli/client_command.hpp"
#include "core/worker.hpp"
#include "crypto/key_ring.hpp"
#include "store/key_rotation.hpp"
#include "store/migrations.hpp"
#include "store/pg_worker_registry.hpp"

namespace hatchery::app {

namespace {

struct KeyWork {
    std::unique_ptr<ports::SecretBox> box;
    std::unique_ptr<store::Database> database;
};

/// The ring and a database with the current schema.
base::Result<KeyWork> open_work(const config::Config& config) {
    auto box = crypto::make_secret_box(config.master_keys);
    if (!box) return base::fail(std::move(box).error());
    auto database = store::make_database(config.database_url, 2);
    if (!database) return base::fail(std::move(database).error());
    if (const auto current = store::require_current_schema(**database); !current) {
        return base::fail(current.error());
    }
    return KeyWork{.box = *std::move(box), .database = *std::move(database)};
}

std::string state_of(const store::KeyUse& use) {
    if (!use.present) return "missing from HATCHERY_MASTER_KEY";
    if (use.seals) return "seals";
    return use.secrets == 0 ? "can go" : "still needed";
}

base::Json json_of(const std::vector<store::KeyUse>& uses) {
    base::Json items = base::Json::array();
    for (const auto& use : uses) {
        items.push_back({{"key", use.key_id},
                         {"secrets", use.secrets},
                         {"present", use.present},
                         {"seals", use.seals}});
    }
    return items;
}

/// Prints the keys, as JSON with the members of `more` beside them when there are some.
cli::ExitCode show(KeyWork& work, cli::Context& context, const std::optional<base::Json>& more) {
    const auto uses = store::key_uses(*work.database, *work.box);
    if (!uses) return cli::report(context, uses.error());
    if (more) {
        base::Json all = *more;
        all["keys"] = json_of(*uses);
        context.out << base::dump_json_pretty(all) << "\n";
        const bool whole = std::all_of(uses->begin(), uses->end(),
                                       [](const store::KeyUse& use) { return use.present; });
        return whole ? cli::ExitCode::ok : cli::ExitCode::failed;
    }
    context.out << fmt::format("{:<10} {:>8}  {}\n", "KEY", "SECRETS", "STATE");
    bool missing = false;
    for (const auto& use : *uses) {
        context.out << fmt::format("{:<10} {:>8}  {}\n", use.key_id, use.secrets, state_of(use));
        missing = missing || !use.present;
    }
    return missing ? cli::ExitCode::failed : cli::ExitCode::ok;
}

cli::ExitCode with_work(cli::Context& context,
                        const std::function<cli::ExitCode(KeyWork&)>& use_work) {
    const auto config = cli::load_or_report(context, config::Need::database);
    if (!config) return cli::ExitCode::config;
    auto work = open_work(*config);
    if (!work) return cli::report(context, work.error());
    return use_work(*work);
}

/// A process that runs, and the names of its master keys, the one that seals first.
struct KeyHolder {
    std::string process;
    std::vector<std::string> keys;
};

/// Those that say which keys they have; one that says nothing of its keys is passed over. A process
/// that ends takes its row with it: one that is silent may hang, or its clock or ours be wrong.
base::Result<std::vector<KeyHolder>> key_holders(KeyWork& work, const base::Clock& clock) {
    const auto workers = store::make_pg_worker_registry(*work.database)->list();
    if (!workers) return base::fail(workers.error());
    std::vector<KeyHolder> holders;
    for (const auto& worker : *workers) {
        const auto capabilities = base::parse_json(worker.capabilities);
        const bool forgotten = clock.now() - worker.heartbeat_at > core::silent_row_kept;
        if (forgotten || !capabilities) continue;
        KeyHolder holder{
            .process = fmt::format("{} on {}", base::to_text(worker.role), worker.host),
            .keys = {}};
        if (!core::is_alive(worker, clock.now())) {
            const auto silent =
                std::chrono::duration_cast<std::chrono::seconds>(clock.now() - worker.heartbeat_at);
            holder.process += fmt::format(
                " (silent for {} s; if it is gone, it is forgotten ten "
                "minutes after its last word)",
                silent.count());
        }
        for (const auto& key : base::json_member(*capabilities, master_keys_capability)) {
            if (key.is_string()) holder.keys.push_back(key.get<std::string>());
        }
        if (!holder.keys.empty()) holders.push_back(std::move(holder));
    }
    return holders;
}

/// What a running process could not open any more must not be sealed.
base::Result<void> all_have(const std::vector<KeyHolder>& holders, const std::string& key) {
    std::vector<std::string> without;
    for (const auto& holder : holders) {
        const bool has =
            std::find(holder.keys.begin(), holder.keys.end(), key) != holder.keys.end();
        if (!has) without.push_back(holder.process);
    }
    if (without.empty()) return {};
    return base::fail(
        base::ErrorKind::conflict,
        fmt::format("Processes run without the key {}, and could open nothing that it seals: {}.",
                    key, fmt::join(without, ", ")),
        "Put the new key in front of HATCHERY_MASTER_KEY of every process, restart them, and run "
        "this again.");
}

/// When the keys that are needed no more can go.
std::string farewell(const std::vector<KeyHolder>& holders, const std::string& key) {
    std::vector<std::string> behind;
    for (const auto& holder : holders) {
        if (holder.keys.front() != key) behind.push_back(holder.process);
    }
    if (behind.empty()) {
        return "A key that can go may be taken out now: every process that runs seals with the "
               "new one.\n";
    }
    return fmt::format(
        "No key can go yet: {} still seals with another. Put the new key in front there, restart, "
        "and run this again.\n",
        fmt::join(behind, ", "));
}

cli::ExitCode rotate(KeyWork& work, const cli::Options& options, cli::Context& context) {
    const std::string key = work.box->key_ids().front();
    const auto holders = key_holders(work, context.clock);
    if (!holders) return cli::report(context, holders.error());
    if (const auto all = all_have(*holders, key); !all) return cli::report(context, all.error());
    const auto report =
        store::rotate_keys(*work.database, *work.box, context.clock, [&](std::int64_t done) {
            context.err << fmt::format("{} secrets sealed anew", done) << std::endl;
        });
    if (!report) return cli::report(context, report.error());
    const bool json = options.has("json");
    if (!json) {
        context.out << fmt::format("{} secrets were sealed anew with the first key.\n",
                                   report->resealed);
    }
    if (report->unopened > 0) {
        context.err << fmt::format(
            "{} could not be opened: their key is not in HATCHERY_MASTER_KEY, or they are "
            "damaged.\n",
            report->unopened);
    }
    std::optional<base::Json> counts;
    if (json) counts = {{"resealed", report->resealed}, {"unopened", report->unopened}};
    const auto shown = show(work, context, counts);
    // What could not be opened is still sealed by its old key: the command has not done its work.
    if (report->unopened > 0) return cli::ExitCode::failed;
    if (shown == cli::ExitCode::ok && !json) {
        context.out << farewell(*holders, key);
    }
    return shown;
}

}  // namespace

cli::Command keys_status_command() {
    return operator_command(
        {.name = "keys status",
         .summary = "shows which master key has sealed how many secrets",
         .operands = {},
         .options = {cli::json_option},
         .details = "Needs DATABASE_URL and HATCHERY_MASTER_KEY. A key is named by the first\n"
                    "eight hexadecimal digits of its SHA-256.\n",
         .run = {}},
        [](const cli::Options& options, cli::Context& context, NotedCommand&) {
            return with_work(context, [&](KeyWork& work) {
                std::optional<base::Json> more;
                if (options.has("json")) more = base::Json::object();
                return show(work, context, more);
            });
        });
}

cli::Command keys_rotate_command() {
    return operator_command(
        {.name = "keys rotate",
         .summary = "seals every secret anew with the first master key",
         .operands = {},
         .options = {cli::json_option},
         .details =
             "First put the new key in front of the old one in HATCHERY_MASTER_KEY and restart\n"
             "every process. Then run this, while they work; it may be interrupted and run\n"
             "again. When the old key is said to be free to go, take it out.\n",
         .run = {}},
        [](const cli::Options& options, cli::Context& context, NotedCommand&) {
            return with_work(context,
                             [&](KeyWork& work) { return rotate(work, options, context); });
        });
}

}  // namespace hatchery::app
