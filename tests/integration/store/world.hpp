#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/random.hpp"
#include "ports/fleet_store.hpp"
#include "ports/job_store.hpp"
#include "store/bot_repository.hpp"
#include "store/event_repository.hpp"
#include "store/inbox_repository.hpp"
#include "store/notifications.hpp"
#include "store/operation_repository.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"
#include "store/token_repository.hpp"
#include "support/catch.hpp"
#include "support/pg_cluster.hpp"
#include "support/plain_secret_box.hpp"

namespace hatchery::store {

/// A moment to count from; whole milliseconds.
[[nodiscard]] inline base::TimePoint at(long long ms) {
    return base::parse_time("2026-03-01T10:00:00Z").value() + std::chrono::milliseconds(ms);
}

class SettableClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override { return now_.load(); }
    void set(base::TimePoint now) { now_ = now; }

private:
    std::atomic<base::TimePoint> now_{at(0)};
};

/// Whether a condition became true before a deadline that only a broken program reaches.
class Signal {
public:
    void raise() {
        {
            const std::lock_guard lock(mutex_);
            ++count_;
        }
        raised_.notify_all();
    }
    [[nodiscard]] bool wait_for(int count = 1) {
        std::unique_lock lock(mutex_);
        return raised_.wait_for(lock, std::chrono::seconds(20), [&] { return count_ >= count; });
    }

private:
    std::mutex mutex_;
    std::condition_variable raised_;
    int count_ = 0;
};

/// Everything of this folder on a database of its own.
struct World {
    explicit World(support::PgCluster& cluster = support::PgCluster::shared())
        : database(cluster.create_database()) {}

    SettableClock clock;
    base::SystemRandom random;
    support::PlainSecretBox box;
    NoHints hints;
    std::unique_ptr<support::TestDatabase> database;
    Database& pool = database->pool();
    std::unique_ptr<ports::JobStore> jobs = make_pg_job_store(pool, random, hints);
    std::unique_ptr<ports::FleetStore> fleet = make_pg_fleet_store(pool, box, clock, random);
    std::unique_ptr<BotRepository> bots = make_bot_repository(pool, box, clock, random);
    std::unique_ptr<OperationRepository> operations = make_operation_repository(pool);
    std::unique_ptr<EventRepository> events = make_event_repository(pool);
    std::unique_ptr<TokenRepository> tokens = make_token_repository(pool, clock, random);
    std::unique_ptr<InboxRepository> inbox = make_inbox_repository(pool, hints);
    std::int64_t telegram_ids = 7000;

    base::UserId add_user(const std::string& email = "a@example.org") {
        return tokens->get_or_create_user(email, UserRole::user).value().id;
    }
    core::Bot new_bot(const base::UserId& user) {
        core::Bot bot;
        bot.user_id = user;
        bot.name = "Ada's bot";
        bot.telegram_bot_id = ++telegram_ids;
        bot.model = "anthropic/claude";
        bot.provider = "hetzner";
        return bot;
    }
    core::Bot add_bot() { return bots->create(new_bot(add_user()), {}).value(); }

    ports::NewOperation deploy_of(const core::Bot& bot) {
        return {.bot_id = bot.id,
                .user_id = bot.user_id,
                .kind = core::OperationKind::deploy,
                .now = at(0),
                .deadline_at = at(3'600'000)};
    }
    std::vector<ports::ClaimedJob> claim(base::TimePoint now, int limit = 1) {
        return jobs->claim({.worker = base::WorkerId("worker-1"), .limit = limit, .now = now})
            .value();
    }
    /// Rows of one text column.
    std::vector<std::string> texts(const std::string& statement) {
        return pool
            .run([&](Sql& sql) -> base::Result<std::vector<std::string>> {
                const Rows rows = sql.query(statement);
                std::vector<std::string> lines;
                for (std::size_t i = 0; i < rows.size(); ++i) {
                    lines.push_back(rows[i].text_or_empty(0));
                }
                return lines;
            })
            .value();
    }
    void script(const std::string& text) {
        REQUIRE(pool.run([&](Sql& sql) -> base::Result<void> {
            sql.script(text);
            return {};
        }));
    }
};

}  // namespace hatchery::store
