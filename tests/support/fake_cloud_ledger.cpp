#include "support/fake_cloud_ledger.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "support/fake_fault.hpp"

namespace hatchery::support {

using base::Result;
using base::TimePoint;
using core::ServerState;

namespace {

double number_of(const std::string& text) { return text.empty() ? 0 : std::stod(text); }

/// Every begun hour between the two, and no more than a month.
double spent_by(const FakeCost& cost, TimePoint begin, TimePoint end) {
    const auto from = std::max(cost.begun_at, begin);
    const auto to = std::min(cost.ended_at.value_or(end), end);
    const double hours =
        std::ceil(std::chrono::duration<double, std::ratio<3600>>(to - from).count());
    const double month = number_of(cost.monthly);
    const double amount = hours * number_of(cost.hourly);
    return month > 0 ? std::min(month, amount) : amount;
}

}  // namespace

Result<std::optional<core::Subscription>> FakeCloudLedger::subscription_of(const base::BotId&) {
    return with_faults(db_, [&]() -> Result<std::optional<core::Subscription>> {
        return subscription_read ? subscription_read() : subscription;
    });
}

Result<std::size_t> FakeCloudLedger::count_known(const std::vector<std::string>& servers) {
    return with_faults(db_, [&]() -> Result<std::size_t> {
        return static_cast<std::size_t>(
            std::ranges::count_if(db_.server_rows, [&](const auto& row) {
                return std::ranges::find(servers, row.first.text()) != servers.end();
            }));
    });
}

Result<std::map<std::string, std::int64_t>> FakeCloudLedger::servers_billed() {
    return with_faults(db_, [&]() -> Result<std::map<std::string, std::int64_t>> {
        std::map<std::string, std::int64_t> counts;
        for (const auto& [id, server] : db_.server_rows) {
            const bool billed =
                server.state != ServerState::planned && server.state != ServerState::deleted;
            if (billed) ++counts[server.provider];
        }
        return counts;
    });
}

Result<std::optional<std::string>> FakeCloudLedger::project_mark(const std::string& provider) {
    return with_faults(db_, [&]() -> Result<std::optional<std::string>> {
        const auto found = marks.find(provider);
        if (found == marks.end()) return std::nullopt;
        return std::optional(found->second);
    });
}

Result<void> FakeCloudLedger::keep_project_mark(const std::string& provider,
                                                const std::string& mark, TimePoint) {
    return with_faults(db_, [&]() -> Result<void> {
        marks[provider] = mark;
        return {};
    });
}

Result<ports::CreateAllowance> FakeCloudLedger::intend_create(const ports::Lease& lease,
                                                              const base::ServerId& id,
                                                              const ports::CreateIntent& intent) {
    return with_faults(db_, [&]() -> Result<ports::CreateAllowance> {
        if (db_.held(lease) == nullptr) {
            return base::fail(base::ErrorKind::conflict, "The lease on the job was lost.");
        }
        auto& mine = db_.server_rows.at(id);
        if (intent.price_monthly.empty()) {
            return base::fail({.kind = base::ErrorKind::unavailable, .code = "price_unknown"});
        }
        double sum = number_of(intent.price_monthly);
        for (const auto& [other, server] : db_.server_rows) {
            const bool billed =
                server.state != ServerState::planned && server.state != ServerState::deleted;
            if (other == id || server.provider != mine.provider || !billed) continue;
            sum += number_of(server.price_monthly);
        }
        // Sums of doubles are off by less than this.
        const bool granted = sum <= intent.ceiling + 0.00001;
        if (granted) {
            mine.state = ServerState::creating;
            mine.price_monthly = intent.price_monthly;
            mine.price_currency = intent.price_currency;
            db_.create_begun[id] = intent.begun_at;
            db_.keep_costs(mine);
        }
        return ports::CreateAllowance{.granted = granted, .would_be = fmt::format("{:.2f}", sum)};
    });
}

Result<bool> FakeCloudLedger::server_vanished(const base::ServerId& id, const std::string& reason,
                                              TimePoint now) {
    return with_faults(db_, [&]() -> Result<bool> {
        const auto found = db_.server_rows.find(id);
        if (found == db_.server_rows.end()) return false;
        auto& server = found->second;
        auto& deployment = db_.deployments.at(server.deployment_id);
        const bool current = !deployment.ended_at;
        const bool worked_on = current && db_.live_operation(server.bot_id) != nullptr;
        if (worked_on || server.state == ServerState::deleted) return false;
        vanished.push_back(id);
        server.state = ServerState::deleted;
        if (!server.deleted_at) server.deleted_at = now;
        db_.keep_costs(server);
        if (current) deployment.ended_at = now;
        std::erase_if(db_.secrets,
                      [&](const auto& entry) { return entry.first.first == id.text(); });
        auto& bot = db_.bots.at(server.bot_id);
        if (!current || bot.deleted) return true;
        bot.bot.status = core::BotStatus::failed;
        bot.bot.condition.reset();
        bot.bot.status_reason = reason;
        bot.bot.updated_at = now;
        say(server.bot_id, core::EventType::status, core::EventLevel::error, reason, now);
        return true;
    });
}

Result<void> FakeCloudLedger::tell(const base::BotId& bot, const std::string& message,
                                   core::EventLevel level, TimePoint now) {
    return with_faults(db_, [&]() -> Result<void> {
        told.push_back(message);
        if (db_.bots.contains(bot)) say(bot, core::EventType::log, level, message, now);
        return {};
    });
}

void FakeCloudLedger::say(const base::BotId& bot, core::EventType type, core::EventLevel level,
                          const std::string& message, TimePoint now) {
    core::NewEvent event;
    event.type = type;
    event.level = level;
    event.stream = core::EventStream::engine;
    event.message = message;
    event.at = now;
    db_.append_events(bot, base::OperationId(), std::span(&event, 1));
}

Result<std::vector<ports::CostSum>> FakeCloudLedger::costs(ports::CostsBy by, TimePoint begin,
                                                           TimePoint end) {
    return with_faults(db_, [&]() -> Result<std::vector<ports::CostSum>> {
        struct Sum {
            double amount = 0;
            std::int64_t servers = 0;
            std::int64_t unpriced = 0;
        };
        std::map<std::pair<std::string, std::string>, Sum> sums;
        for (const auto& [id, cost] : db_.server_costs) {
            if (cost.begun_at >= end || (cost.ended_at && *cost.ended_at <= begin)) continue;
            const auto key = by == ports::CostsBy::bot    ? cost.bot_id.text()
                             : by == ports::CostsBy::user ? cost.user_id.text()
                                                          : cost.provider;
            auto& sum = sums[{key, cost.currency}];
            sum.amount += spent_by(cost, begin, end);
            ++sum.servers;
            if (cost.hourly.empty()) ++sum.unpriced;
        }
        std::vector<ports::CostSum> all;
        for (const auto& [key, sum] : sums) {
            const auto bot = db_.bots.find(base::BotId(key.first));
            all.push_back({.key = key.first,
                           .name = by == ports::CostsBy::provider ? key.first
                                   : by == ports::CostsBy::user   ? std::string()
                                   : bot == db_.bots.end()        ? std::string()
                                                                  : bot->second.bot.name,
                           .amount = fmt::format("{:.4f}", sum.amount),
                           .currency = key.second,
                           .servers = sum.servers,
                           .unpriced = sum.unpriced});
        }
        std::ranges::stable_sort(all, std::ranges::greater{},
                                 [](const ports::CostSum& sum) { return number_of(sum.amount); });
        return all;
    });
}

Result<void> FakeCloudLedger::ask_for_sweep(TimePoint now) {
    return with_faults(db_, [&]() -> Result<void> {
        asked_at = now;
        return {};
    });
}

Result<std::optional<TimePoint>> FakeCloudLedger::sweep_asked_at() {
    return with_faults(db_, [&]() -> Result<std::optional<TimePoint>> { return asked_at; });
}

Result<void> FakeCloudLedger::keep_sweep(const std::string& provider, const std::string& report,
                                         TimePoint now) {
    return with_faults(db_, [&]() -> Result<void> {
        kept[provider] = {.provider = provider, .report = report, .at = now};
        return {};
    });
}

Result<std::vector<ports::CloudLedger::KeptSweep>> FakeCloudLedger::sweeps() {
    return with_faults(db_, [&]() -> Result<std::vector<KeptSweep>> {
        std::vector<KeptSweep> all;
        for (const auto& [name, sweep] : kept) all.push_back(sweep);
        return all;
    });
}

}  // namespace hatchery::support
