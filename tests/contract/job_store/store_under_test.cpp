#include "store_under_test.hpp"

#include <algorithm>
#include <stdexcept>

#include "store/bot_repository.hpp"
#include "store/event_repository.hpp"
#include "store/pg_cloud_ledger.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"
#include "store/records.hpp"
#include "store/token_repository.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_job_store.hpp"
#include "support/pg_cluster.hpp"
#include "support/plain_secret_box.hpp"

namespace hatchery::contract {

namespace {

class FixedClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override { return at(0); }
};

class MemoryStores final : public StoreUnderTest {
public:
    ports::JobStore& jobs() override { return jobs_; }
    ports::FleetStore& fleet() override { return fleet_; }
    ports::CloudLedger& ledger() override { return ledger_; }
    core::Bot add_bot() override {
        core::Bot bot;
        bot.telegram_bot_id = ++telegram_ids_;
        return db_.add_bot(bot);
    }
    void add_secret(const base::BotId& bot, const std::string& name,
                    const std::string& value) override {
        db_.add_secret(bot, name, value);
    }
    core::Bot bot_row(const base::BotId& id) override { return db_.bot(id).value().bot; }
    core::Operation operation(const base::OperationId& id) override {
        return db_.operation(id).value();
    }
    std::vector<core::Job> jobs_of(const base::OperationId& id) override {
        std::vector<core::Job> jobs;
        for (const auto& row : db_.jobs(id)) jobs.push_back(row.job);
        return jobs;
    }
    std::vector<core::Event> events_of(const base::BotId& id) override { return db_.events(id); }
    int secrets_of(const std::string& owner_id) override {
        return static_cast<int>(db_.secrets_of(owner_id).size());
    }

private:
    FixedClock clock_;
    base::SystemRandom random_;
    support::FakeDatabase db_{clock_, random_};
    support::FakeJobStore jobs_{db_};
    support::FakeFleetStore fleet_{db_};
    support::FakeCloudLedger ledger_{db_};
    std::int64_t telegram_ids_ = 1000;
};

class PostgresStores final : public StoreUnderTest {
public:
    PostgresStores()
        : database_(support::PgCluster::shared().create_database()),
          bots_(store::make_bot_repository(database_->pool(), box_, clock_, random_)),
          tokens_(store::make_token_repository(database_->pool(), clock_, random_)),
          jobs_(store::make_pg_job_store(database_->pool(), random_, hints_)),
          fleet_(store::make_pg_fleet_store(database_->pool(), box_, clock_, random_)),
          ledger_(store::make_pg_cloud_ledger(database_->pool(), hints_)) {}

    ports::JobStore& jobs() override { return *jobs_; }
    ports::FleetStore& fleet() override { return *fleet_; }
    ports::CloudLedger& ledger() override { return *ledger_; }

    core::Bot add_bot() override {
        ++telegram_ids_;
        core::Bot bot;
        bot.user_id = tokens_
                          ->get_or_create_user(std::to_string(telegram_ids_) + "@example.org",
                                               store::UserRole::user)
                          .value()
                          .id;
        bot.name = "bot";
        bot.telegram_bot_id = telegram_ids_;
        return bots_->create(bot, {}).value();
    }
    void add_secret(const base::BotId& bot, const std::string& name,
                    const std::string& value) override {
        store::BotSettings settings;
        settings.secrets.emplace_back(name, base::Secret(value));
        if (!bots_->update(bot, std::nullopt, settings)) throw std::runtime_error("no secret");
    }
    core::Bot bot_row(const base::BotId& id) override {
        return one<core::Bot>(
            std::string("SELECT") + store::columns::bot + "FROM bots b WHERE b.id = $1", id.text(),
            [](const auto& row) { return store::read_bot(row); });
    }
    core::Operation operation(const base::OperationId& id) override {
        return one<core::Operation>(
            std::string("SELECT") + store::columns::operation + "FROM operations o WHERE o.id = $1",
            id.text(), [](const auto& row) { return store::read_operation(row); });
    }
    std::vector<core::Job> jobs_of(const base::OperationId& id) override {
        return many<core::Job>(std::string("SELECT") + store::columns::job +
                                   "FROM all_jobs j WHERE j.operation_id = $1 "
                                   "ORDER BY j.created_at, j.id",
                               id.text(), [](const auto& row) { return store::read_job(row); });
    }
    std::vector<core::Event> events_of(const base::BotId& id) override {
        return many<core::Event>(std::string("SELECT") + store::columns::event +
                                     "FROM events e WHERE e.bot_id = $1 ORDER BY e.seq",
                                 id.text(), [](const auto& row) { return store::read_event(row); });
    }
    int secrets_of(const std::string& owner_id) override {
        return static_cast<int>(many<int>("SELECT 1 FROM sealed_secrets WHERE owner_id = $1",
                                          owner_id, [](const auto&) { return 1; })
                                    .size());
    }

private:
    template <typename T, typename Read>
    std::vector<T> many(const std::string& statement, const std::string& key, Read&& read) {
        return database_->pool()
            .run([&](store::Sql& sql) -> base::Result<std::vector<T>> {
                const store::Rows rows = sql.query(statement, {key});
                std::vector<T> items;
                for (std::size_t i = 0; i < rows.size(); ++i) items.push_back(read(rows[i]));
                return items;
            })
            .value();
    }
    template <typename T, typename Read>
    T one(const std::string& statement, const std::string& key, Read&& read) {
        return many<T>(statement, key, read).at(0);
    }

    FixedClock clock_;
    base::SystemRandom random_;
    support::PlainSecretBox box_;
    store::NoHints hints_;
    std::unique_ptr<support::TestDatabase> database_;
    std::unique_ptr<store::BotRepository> bots_;
    std::unique_ptr<store::TokenRepository> tokens_;
    std::unique_ptr<ports::JobStore> jobs_;
    std::unique_ptr<ports::FleetStore> fleet_;
    std::unique_ptr<ports::CloudLedger> ledger_;
    std::int64_t telegram_ids_ = 1000;
};

}  // namespace

std::unique_ptr<StoreUnderTest> make_store(Backend backend) {
    if (backend == Backend::memory) return std::make_unique<MemoryStores>();
    return std::make_unique<PostgresStores>();
}

base::TimePoint at(long long ms) {
    return base::parse_time("2026-03-01T10:00:00Z").value() + std::chrono::milliseconds(ms);
}

}  // namespace hatchery::contract
