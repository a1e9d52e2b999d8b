#include "simulation/fleet/checks.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/ownership.hpp"
#include "core/webhook_path.hpp"
#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;
using core::JobState;
using core::OperationState;
using core::ServerState;

/// Far beyond what the deadline of an operation leaves time for.
constexpr int most_failures = 2'000;
constexpr std::size_t most_progress_bytes = 20'000;

bool has_ended(JobState state) {
    return state == JobState::succeeded || state == JobState::failed ||
           state == JobState::cancelled;
}

std::string label_of(const providers::CloudServer& server, const char* key) {
    const auto found = server.labels.find(key);
    return found == server.labels.end() ? std::string() : found->second;
}

template <typename... Parts>
[[noreturn]] void violated(fmt::format_string<Parts...> text, Parts&&... parts) {
    throw Violation{fmt::format(text, std::forward<Parts>(parts)...)};
}

}  // namespace

void Checks::after_call(Site site) {
    switch (site) {
        case Site::cloud_create:
        case Site::fleet_server_gone:
        case Site::fleet_left_behind_gone:
        case Site::fleet_change_server:
            return machines_are_known();
        default:
            return;
    }
}

void Checks::after_turn() {
    machines_are_known();
    for (const auto& installation : world_.installations) {
        ledger_agrees(*installation);
        operations_stay(*installation);
        jobs_are_bounded(*installation);
        servers_stay(*installation);
        story_goes_on(*installation);
    }
}

std::optional<std::string> Checks::why_unknown(Installation& installation,
                                               const providers::CloudServer& server) {
    const auto& rows = installation.database.server_rows;
    const auto row = rows.find(base::ServerId(label_of(server, core::label_server)));
    if (row == rows.end()) {
        return fmt::format("The provider bills server {} ({}), and no row knows it.",
                           server.provider_server_id, server.name);
    }
    if (row->second.name != server.name || row->second.state == ServerState::deleted) {
        return fmt::format("The provider bills server {} ({}), and its row says {}.",
                           server.provider_server_id, server.name,
                           base::to_text(row->second.state));
    }
    const auto& known = row->second.provider_server_id;
    if (!known.empty() && known != server.provider_server_id) {
        return fmt::format("The provider bills server {} ({}), and its row knows server {}.",
                           server.provider_server_id, server.name, known);
    }
    return std::nullopt;
}

bool Checks::may_stray(Installation& installation, const providers::CloudServer& server) const {
    if (world_.came_late(server)) return true;
    if (!world_.profile.like_digitalocean) return false;
    const auto& rows = installation.database.server_rows;
    const auto row = rows.find(base::ServerId(label_of(server, core::label_server)));
    return row != rows.end() && row->second.state != ServerState::deleted;
}

void Checks::machines_are_known() const {
    int foreign = 0;
    world_.provider.each_server([&](const providers::CloudServer& server, bool deleting) {
        if (deleting) return;
        if (server.name.starts_with(foreign_name)) ++foreign;
        const std::string owner = label_of(server, core::label_installation);
        for (const auto& installation : world_.installations) {
            if (owner != installation->database.installation().text()) continue;
            const auto problem = why_unknown(*installation, server);
            if (problem && !may_stray(*installation, server)) throw Violation{*problem};
        }
    });
    if (foreign != foreign_servers) violated("A foreign server was touched.");
}

bool Checks::has_strays() const {
    bool found = false;
    world_.provider.each_server([&](const providers::CloudServer& server, bool deleting) {
        if (deleting) return;
        const std::string owner = label_of(server, core::label_installation);
        for (const auto& installation : world_.installations) {
            if (owner != installation->database.installation().text()) continue;
            found = found || why_unknown(*installation, server).has_value();
        }
    });
    return found;
}

void Checks::operations_stay(Installation& installation) {
    auto& ended = seen(installation).ended;
    std::map<base::BotId, int> live;
    for (const auto& [id, operation] : installation.database.operations) {
        const auto before = ended.find(id);
        if (before != ended.end()) {
            if (before->second != operation.state) {
                violated("Operation {} had ended {} and is {} now.", id.text(),
                         base::to_text(before->second), base::to_text(operation.state));
            }
            continue;
        }
        if (core::is_terminal(operation.state)) {
            ended.emplace(id, operation.state);
            if (operation.kind == core::OperationKind::chat) chat_has_ended(operation);
            if (operation.error) {
                no_secret(operation.error->message, "an operation's error");
                no_secret(operation.error->next_action, "an operation's error");
            }
            ++world_.stats.endings[fmt::format("{} {}", base::to_text(operation.kind),
                                               base::to_text(operation.state))];
        } else if (operation.kind != core::OperationKind::chat && ++live[operation.bot_id] > 1) {
            violated("Bot {} has two live operations.", operation.bot_id.text());
        }
    }
}

void Checks::chat_has_ended(const core::Operation& chat) {
    if (chat.state != OperationState::succeeded) return;
    const auto result = chat.result.value_or("");
    if (result.find(Turns::reply_to(chat.id.text())) == std::string::npos) {
        violated("Chat {} succeeded with another's reply: {}", chat.id.text(), result);
    }
}

void Checks::jobs_are_bounded(Installation& installation) {
    auto& ended = seen(installation).ended_jobs;
    std::map<base::OperationId, int> live;
    for (const auto& [id, row] : installation.database.job_rows) {
        if (ended.contains(id)) {
            if (!has_ended(row.job.state)) violated("Job {} had ended and lives again.", id.text());
            continue;
        }
        if (has_ended(row.job.state)) {
            ended.insert(id);
            no_secret(row.job.message, "a job's message");
            continue;
        }
        const auto& operation = installation.database.operations.at(row.job.operation_id);
        if (core::is_terminal(operation.state)) {
            violated("Operation {} has ended, and its job {} has not.", operation.id.text(),
                     id.text());
        }
        if (++live[row.job.operation_id] > 1) {
            violated("Operation {} has two live jobs.", operation.id.text());
        }
        if (row.job.failures > most_failures ||
            row.job.rescues > core::RetryPolicy{}.max_rescues + 5) {
            violated("Job {} has {} failures and {} rescues.", id.text(), row.job.failures,
                     row.job.rescues);
        }
        if (row.job.progress.size() > most_progress_bytes) {
            violated("Job {} remembers {} bytes.", id.text(), row.job.progress.size());
        }
    }
    for (const auto& [id, operation] : installation.database.operations) {
        if (!core::is_terminal(operation.state) && !live.contains(id)) {
            violated("Operation {} is {} and has no job: it is stuck.", id.text(),
                     base::to_text(operation.state));
        }
    }
}

void Checks::servers_stay(Installation& installation) {
    auto& deleted = seen(installation).deleted;
    for (const auto& [id, server] : installation.database.server_rows) {
        if (server.state == ServerState::deleted) {
            deleted.insert(id);
        } else if (deleted.contains(id)) {
            violated("Server row {} was deleted and is {} now.", id.text(),
                     base::to_text(server.state));
        }
    }
}

void Checks::story_goes_on(Installation& installation) {
    auto& told = seen(installation).events;
    for (const auto& [id, bot] : installation.database.bots) {
        auto& count = told[id];
        if (bot.events.size() < count) violated("The story of bot {} lost events.", id.text());
        for (; count < bot.events.size(); ++count) {
            const core::Event& event = bot.events[count];
            if (event.seq != static_cast<std::int64_t>(count) + 1) {
                violated("Event {} of bot {} has the number {}.", count + 1, id.text(), event.seq);
            }
            no_secret(event.message, "an event");
            no_secret(event.data, "an event's data");
            if (event.stream != core::EventStream::engine) one_more_line(installation, event);
            world_.trace.add(event.message, count);
            world_.trace.line([&] {
                return world_.stamp() + fmt::format("      event {} of {}: {}", event.seq,
                                                    id.text().substr(24), event.message);
            });
        }
    }
}

void Checks::one_more_line(Installation& installation, const core::Event& event) {
    const auto space = event.message.find(' ');
    const auto slash = event.message.find('/');
    if (space == std::string::npos || slash == std::string::npos) {
        violated("A script's line is not what the script printed: {}", event.message);
    }
    int number = 0;
    std::from_chars(event.message.data() + space + 1, event.message.data() + slash, number);
    int& lines = seen(installation).lines[event.message.substr(0, space)];
    if (number != ++lines) {
        violated("Line {} is told as line {}: log lines were lost or repeated.", event.message,
                 lines);
    }
}

bool Checks::holds(Installation& installation, const ports::Lease& lease) const {
    const auto row = installation.database.job_rows.find(lease.job_id);
    return row != installation.database.job_rows.end() && row->second.token == lease.token &&
           row->second.job.state == JobState::running;
}

void Checks::accepted(Installation& installation, const ports::Lease& lease, bool held) {
    fenced("jobs.apply", held);
    if (!seen(installation).accepted.insert(lease.token).second) {
        violated("Two results were accepted under one lease of job {}.", lease.job_id.text());
    }
    const auto& row = installation.database.job_rows.at(lease.job_id);
    if (row.job.state != JobState::succeeded) return;
    story_goes_on(installation);
    last_run_is_told(installation, lease.job_id);
}

void Checks::last_run_is_told(const Installation& installation, const base::JobId& job) {
    const auto& runs = world_.machines().runs();
    const std::string prefix = job.text() + "-";
    auto last = runs.end();
    int last_number = -1;
    for (auto run = runs.lower_bound(prefix); run != runs.end() && run->first.starts_with(prefix);
         ++run) {
        const auto dash = run->first.rfind('-');
        int number = 0;
        std::from_chars(run->first.data() + dash + 1, run->first.data() + run->first.size(),
                        number);
        if (number > last_number) {
            last_number = number;
            last = run;
        }
    }
    if (last == runs.end()) return;
    const auto& lines = seen(installation).lines;
    const auto told = lines.find(last->first);
    const int count = told == lines.end() ? 0 : told->second;
    if (count != last->second) {
        violated("Run {} is over with {} of {} log lines told.", last->first, count, last->second);
    }
}

void Checks::fenced(std::string_view call, bool held) const {
    if (!held) violated("{} was accepted without a lease that stands.", call);
}

std::vector<std::pair<int, int>> Checks::attempts(Installation& installation,
                                                  std::span<const ports::Lease> leases) const {
    std::vector<std::pair<int, int>> counts;
    for (const auto& lease : leases) {
        const auto& job = installation.database.job_rows.at(lease.job_id).job;
        counts.emplace_back(job.failures, job.rescues);
    }
    return counts;
}

void Checks::may_delete(Installation& installation, const std::string& provider_server_id) const {
    world_.provider.each_server([&](const providers::CloudServer& server, bool) {
        if (server.provider_server_id != provider_server_id) return;
        if (label_of(server, core::label_installation) !=
            installation.database.installation().text()) {
            violated("Server {} ({}) is deleted, and it is not this installation's.",
                     provider_server_id, server.name);
        }
        const auto& rows = installation.database.server_rows;
        const auto row = rows.find(base::ServerId(label_of(server, core::label_server)));
        if (row == rows.end()) violated("Server {} is deleted without a row.", server.name);
        const bool is_another = row->second.provider_server_id != provider_server_id &&
                                !row->second.provider_server_id.empty();
        if (is_another && may_stray(installation, server)) return;
        if (row->second.state != ServerState::deleting &&
            row->second.state != ServerState::deleted) {
            violated("Server {} is deleted while its row says {}.", server.name,
                     base::to_text(row->second.state));
        }
    });
}

void Checks::may_delete_resource(Installation& installation, providers::ResourceKind kind,
                                 const std::string& id) const {
    const auto resources = world_.provider.resources();
    const auto found = std::ranges::find_if(resources, [&](const auto& resource) {
        return resource.kind == kind && resource.id == id;
    });
    if (found == resources.end()) return;
    const auto owner = found->labels.find(core::label_installation);
    const auto server = found->labels.find(core::label_server);
    const bool ours = owner != found->labels.end() && server != found->labels.end() &&
                      owner->second == installation.database.installation().text();
    if (!ours) violated("{} is deleted, and it is no server's of this installation.", found->name);
    const auto& rows = installation.database.server_rows;
    const auto row = rows.find(base::ServerId(server->second));
    if (row != rows.end() && row->second.state != ServerState::deleted) {
        violated("{} is deleted while its server is {}.", found->name,
                 base::to_text(row->second.state));
    }
}

void Checks::created(Installation& installation) const {
    const auto owner = installation.database.installation().text();
    const auto resources = world_.provider.resources();
    const bool guarded = std::ranges::any_of(resources, [&](const auto& resource) {
        const auto label = resource.labels.find(core::label_installation);
        return resource.kind == providers::ResourceKind::firewall &&
               label != resource.labels.end() && label->second == owner;
    });
    if (!guarded) violated("A server was created before its firewall.");
    if (world_.profile.ceiling_servers == 0) return;
    // Of machines of one row only one is to stay.
    std::map<std::string, double> prices;
    world_.provider.each_server([&](const providers::CloudServer& server, bool deleting) {
        const bool counts = !deleting && !world_.came_late(server) &&
                            label_of(server, core::label_installation) == owner;
        if (counts) prices[label_of(server, core::label_server)] = std::stod(server.price_monthly);
    });
    double sum = 0;
    for (const auto& [server, price] : prices) sum += price;
    if (sum > ceiling_of(world_.profile)) {
        violated("Servers were created that cost {:.2f} a month, above the ceiling of {:.2f}.", sum,
                 ceiling_of(world_.profile));
    }
}

void Checks::request_granted(Installation& installation) const {
    const auto limit = static_cast<double>(world_.profile.requests_an_hour);
    const auto hours =
        std::chrono::duration<double, std::ratio<3600>>(world_.clock.true_time() - world_.began())
            .count();
    if (static_cast<double>(++installation.requests_sent) > limit + limit * hours + 1) {
        violated("{} requests were let through, more than the project may ask.",
                 installation.requests_sent);
    }
}

Checks::InUse Checks::machines_in_use(Installation& installation) const {
    std::set<std::string> there;
    world_.provider.each_server([&](const providers::CloudServer& server, bool deleting) {
        if (!deleting) there.insert(server.provider_server_id);
    });
    InUse in_use;
    for (const auto& [id, row] : installation.database.server_rows) {
        const bool used = row.state == ServerState::booting || row.state == ServerState::ready;
        if (!used || row.provider_server_id.empty()) continue;
        if (there.contains(row.provider_server_id)) {
            in_use.there.push_back(row.provider_server_id);
        } else {
            ++in_use.missing;
        }
    }
    return in_use;
}

bool Checks::drifted() const {
    const auto machines = world_.provider.servers();
    for (const auto& installation : world_.installations) {
        const auto& rows = installation->database.server_rows;
        for (const auto& [id, row] : rows) {
            if (row.state != ServerState::ready) continue;
            const auto machine = std::ranges::find(machines, row.provider_server_id,
                                                   &providers::CloudServer::provider_server_id);
            if (machine == machines.end()) return true;
            if (machine->status == providers::CloudServerStatus::off) return true;
        }
        const auto owner = installation->database.installation().text();
        for (const auto& resource : world_.provider.resources()) {
            const auto label = resource.labels.find(core::label_installation);
            const bool ours = label != resource.labels.end() && label->second == owner;
            if (ours && resource.labels.contains(core::label_server)) return true;
        }
    }
    return false;
}

void Checks::ledger_agrees(Installation& installation) const {
    const auto& database = installation.database;
    std::set<std::string> closed;
    for (const auto& [id, row] : database.server_rows) {
        if (row.provider_server_id.empty()) continue;
        const auto cost = database.server_costs.find(id);
        if (cost == database.server_costs.end()) {
            violated("Server row {} has a machine, and the ledger knows nothing of it.", id.text());
        }
        if (cost->second.ended_at) {
            closed.insert(row.provider_server_id);
        } else if (row.state == ServerState::deleted) {
            violated("Server row {} is deleted, and the ledger counts on.", id.text());
        }
    }
    world_.provider.each_server([&](const providers::CloudServer& server, bool deleting) {
        if (deleting || !closed.contains(server.provider_server_id)) return;
        violated("The provider bills server {} ({}), and its entry in the ledger is closed.",
                 server.provider_server_id, server.name);
    });
}

void Checks::no_secret(std::string_view text, std::string_view where) const {
    if (text.find(secret_mark) != std::string_view::npos) {
        violated("A secret is told in {}: {}", where, text);
    }
}

void Checks::at_rest(base::TimePoint calm_since) {
    after_turn();
    if (has_strays()) violated("The provider bills a machine that no row knows, for ever.");
    if (drifted()) violated("What a sweep should have put right is as it was.");
    for (const auto& installation : world_.installations) {
        for (const auto& [id, operation] : installation->database.operations) {
            if (!core::is_terminal(operation.state)) {
                violated("Operation {} ({}) is {} although everything works.", id.text(),
                         base::to_text(operation.kind), base::to_text(operation.state));
            }
            const auto latest = std::max(operation.deadline_at, calm_since + 1min) + 2min +
                                // A lease given by a clock that is ahead lasts longer by as much.
                                world_.furthest_skew;
            if (operation.finished_at && *operation.finished_at > latest &&
                *operation.finished_at > calm_since) {
                violated("Operation {} ({}) ended {} after its deadline.", id.text(),
                         base::to_text(operation.kind),
                         base::format_duration(*operation.finished_at - operation.deadline_at));
            }
        }
        for (const auto& [id, bot] : installation->database.bots) bot_at_rest(*installation, bot);
    }
}

void Checks::bot_at_rest(Installation& installation, const support::FakeBot& row) {
    const core::Bot& bot = row.bot;
    int rows = 0;
    int ready = 0;
    for (const auto& [id, server] : installation.database.server_rows) {
        if (server.bot_id != bot.id || server.state == ServerState::deleted) continue;
        ++rows;
        if (server.state == ServerState::ready) ++ready;
    }
    int machines = 0;
    world_.provider.each_server([&](const providers::CloudServer& server, bool deleting) {
        if (!deleting && label_of(server, core::label_bot) == bot.id.text()) ++machines;
    });
    const auto state = fmt::format("bot {} is {} with {} server rows, {} ready, and {} machines",
                                   bot.id.text(), base::to_text(bot.status), rows, ready, machines);
    if (rows > 1 || machines != rows || ready != rows) violated("At rest, {}.", state);
    if (row.deleted) {
        if (rows != 0) violated("At rest, a deleted {}.", state);
        for (const auto& [key, value] : installation.database.secrets) {
            if (key.first == bot.id.text())
                violated("A deleted bot's secret {} stays.", key.second);
        }
        return;
    }
    switch (bot.status) {
        case core::BotStatus::pending:
            if (rows != 0) violated("At rest, {}.", state);
            break;
        case core::BotStatus::deploying:
            violated("At rest, {}.", state);
        case core::BotStatus::active:
            if (rows != 1) violated("At rest, {}.", state);
            break;
        case core::BotStatus::stopped:
        case core::BotStatus::failed:
            break;
    }
}

}  // namespace hatchery::simulation
