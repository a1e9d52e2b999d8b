#include "support/fake_database.hpp"

#include <algorithm>
#include <utility>

namespace hatchery::support {

core::Bot FakeDatabase::add_bot(core::Bot bot) {
    const std::lock_guard lock(mutex);
    if (bot.id.empty()) bot.id = new_id<base::BotId>();
    if (bot.user_id.empty()) bot.user_id = new_id<base::UserId>();
    if (bot.public_id.empty()) bot.public_id = bot.id.text();
    if (bot.name.empty()) bot.name = "bot";
    bot.created_at = clock_.now();
    bot.updated_at = bot.created_at;
    bots[bot.id] = FakeBot{.bot = bot, .deleted = false, .events = {}};
    return bot;
}

void FakeDatabase::add_secret(const base::BotId& bot, const std::string& name,
                              const std::string& value) {
    const std::lock_guard lock(mutex);
    secrets[{bot.text(), name}] = value;
}

std::optional<FakeBot> FakeDatabase::bot(const base::BotId& id) const {
    const std::lock_guard lock(mutex);
    const auto found = bots.find(id);
    if (found == bots.end()) return std::nullopt;
    return found->second;
}

std::optional<core::Operation> FakeDatabase::operation(const base::OperationId& id) const {
    const std::lock_guard lock(mutex);
    const auto found = operations.find(id);
    if (found == operations.end()) return std::nullopt;
    core::Operation shown = found->second;
    const FakeJob* live = nullptr;
    for (const auto& [job_id, row] : job_rows) {
        if (row.job.operation_id != id) continue;
        const auto& begun = row.job.started_at;
        if (begun && (!shown.started_at || *begun < *shown.started_at)) shown.started_at = begun;
        if (!row.job.finished_at) live = &row;
    }
    if (core::is_terminal(shown.state) || live == nullptr) return shown;
    if (live->job.state == core::JobState::waiting) {
        shown.state = core::OperationState::waiting;
    } else if (live->job.state == core::JobState::running || shown.started_at) {
        shown.state = core::OperationState::running;
    }
    return shown;
}

std::vector<FakeJob> FakeDatabase::jobs(const base::OperationId& id) const {
    const std::lock_guard lock(mutex);
    std::vector<FakeJob> jobs;
    for (const auto& [job_id, row] : job_rows) {
        if (row.job.operation_id == id) jobs.push_back(row);
    }
    std::ranges::sort(jobs, {}, &FakeJob::number);
    return jobs;
}

std::vector<core::Event> FakeDatabase::events(const base::BotId& id) const {
    const std::lock_guard lock(mutex);
    const auto found = bots.find(id);
    return found == bots.end() ? std::vector<core::Event>{} : found->second.events;
}

std::vector<core::Server> FakeDatabase::servers() const {
    const std::lock_guard lock(mutex);
    std::vector<core::Server> servers;
    for (const auto& [id, server] : server_rows) servers.push_back(server);
    return servers;
}

std::vector<std::string> FakeDatabase::secrets_of(const std::string& owner_id) const {
    const std::lock_guard lock(mutex);
    std::vector<std::string> names;
    for (const auto& [key, value] : secrets) {
        if (key.first == owner_id) names.push_back(key.second);
    }
    return names;
}

void FakeDatabase::fail_next(int count) {
    const std::lock_guard lock(mutex);
    failures_ = count;
}

void FakeDatabase::lose_next_answers(int count) {
    const std::lock_guard lock(mutex);
    lost_answers_ = count;
}

void FakeDatabase::on_jobs_ready(std::function<void()> callback) {
    const std::lock_guard lock(mutex);
    jobs_ready_ = std::move(callback);
}

FakeDatabase::Fault FakeDatabase::take_fault() {
    const std::lock_guard lock(mutex);
    if (failures_ > 0) {
        --failures_;
        return Fault::before;
    }
    if (lost_answers_ > 0) {
        --lost_answers_;
        return Fault::after;
    }
    return Fault::none;
}

void FakeDatabase::hint_jobs() {
    std::function<void()> callback;
    {
        const std::lock_guard lock(mutex);
        callback = jobs_ready_;
    }
    if (callback) callback();
}

FakeJob* FakeDatabase::held(const ports::Lease& lease) {
    const auto found = job_rows.find(lease.job_id);
    if (found == job_rows.end() || found->second.token != lease.token) return nullptr;
    return &found->second;
}

core::Operation* FakeDatabase::live_operation(const base::BotId& bot) {
    for (auto& [id, operation] : operations) {
        if (operation.bot_id == bot && !core::is_terminal(operation.state) &&
            operation.kind != core::OperationKind::chat) {
            return &operation;
        }
    }
    return nullptr;
}

std::vector<core::Operation*> FakeDatabase::live_chats(const base::BotId& bot) {
    std::vector<core::Operation*> chats;
    for (auto& [id, operation] : operations) {
        if (operation.bot_id == bot && !core::is_terminal(operation.state) &&
            operation.kind == core::OperationKind::chat) {
            chats.push_back(&operation);
        }
    }
    std::ranges::sort(chats, {}, [](const core::Operation* chat) {
        return std::pair(chat->created_at, chat->id);
    });
    return chats;
}

FakeDeployment* FakeDatabase::current_deployment(const base::BotId& bot) {
    for (auto& [id, deployment] : deployments) {
        if (deployment.bot_id == bot && !deployment.ended_at) return &deployment;
    }
    return nullptr;
}

void FakeDatabase::append_events(const base::BotId& bot, const base::OperationId& operation,
                                 std::span<const core::NewEvent> new_events) {
    auto& row = bots.at(bot);
    for (const auto& event : new_events) {
        core::Event stored;
        static_cast<core::NewEvent&>(stored) = event;
        stored.seq = ++row.last_event_seq;
        stored.operation_id = operation;
        row.events.push_back(std::move(stored));
    }
}

void FakeDatabase::keep_costs(const core::Server& server) {
    if (server.provider_server_id.empty()) return;
    auto& cost = server_costs[server.id];
    if (cost.bot_id.empty()) {
        cost.bot_id = server.bot_id;
        const auto bot = bots.find(server.bot_id);
        if (bot != bots.end()) cost.user_id = bot->second.bot.user_id;
        const auto begun = create_begun.find(server.id);
        cost.begun_at = begun == create_begun.end() ? server.created_at : begun->second;
    }
    cost.provider = server.provider;
    cost.hourly = server.price_hourly;
    cost.monthly = server.price_monthly;
    cost.currency = server.price_currency;
    cost.ended_at = server.state == core::ServerState::deleted ? server.deleted_at : std::nullopt;
}

void FakeDatabase::change_bot(const base::BotId& bot, const core::BotChange& change,
                              base::TimePoint now) {
    FakeBot& row = bots.at(bot);
    if (change.status) row.bot.status = *change.status;
    if (change.condition) row.bot.condition = *change.condition;
    if (change.reason) row.bot.status_reason = *change.reason;
    if (change.status || change.condition || change.reason) row.bot.updated_at = now;
    if (change.deleted || change.abandons_server) {
        if (auto* deployment = current_deployment(bot)) deployment->ended_at = now;
    }
    if (!change.deleted) return;
    row.deleted = true;
    row.bot.telegram_bot_id = 0;
    std::erase_if(secrets, [&](const auto& entry) {
        const std::string& owner = entry.first.first;
        const auto server = server_rows.find(base::ServerId(owner));
        return owner == bot.text() || (server != server_rows.end() && server->second.bot_id == bot);
    });
}

FakeJob& FakeDatabase::add_job(const core::Operation& operation, core::StepKind step,
                               base::TimePoint now) {
    FakeJob row;
    row.job.id = new_id<base::JobId>();
    row.job.operation_id = operation.id;
    row.job.bot_id = operation.bot_id;
    row.job.step = step;
    row.user = operation.user_id;
    row.job.run_at = now;
    row.job.queue_at = now;
    row.job.created_at = now;
    row.number = ++job_count_;
    return job_rows[row.job.id] = row;
}

}  // namespace hatchery::support
