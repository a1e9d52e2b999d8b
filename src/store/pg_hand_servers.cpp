#include "store/pg_hand_servers.hpp"

#include <fmt/format.h>

#include "core/ownership.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::Result;

// The lock of all who intend a create at this provider, see pg_cloud_ledger.cpp.
constexpr std::string_view lock_ceiling =
    "SELECT pg_advisory_xact_lock(hashtext('cost_ceiling'), hashtext($1))";
constexpr std::string_view within_ceiling = R"(
    SELECT coalesce(sum(price_or_zero(price_monthly)), 0) + price_or_zero($2)
           <= CAST($3 AS numeric)
    FROM servers WHERE provider = $1 AND state NOT IN ('planned', 'deleted'))";
constexpr std::string_view insert_statement = R"(
    INSERT INTO servers (id, made_by, provider, region, type, image, name, state, host_key,
                         client_public_key, price_monthly, price_currency, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'creating', '', '', $8, $9, $10)
    ON CONFLICT DO NOTHING)";
const std::string find_statement =
    std::string("SELECT") + columns::server + "FROM servers s WHERE s.id = $1 AND s.bot_id IS NULL";
const std::string alive_statement = std::string("SELECT") + columns::server +
                                    "FROM servers s WHERE s.bot_id IS NULL "
                                    "AND s.state <> 'deleted' ORDER BY s.id";
constexpr std::string_view made_statement = R"(
    UPDATE servers
    SET state = CASE state WHEN 'creating' THEN 'booting' ELSE state END,
        provider_server_id = $2, public_ip = $3, ssh_port = $4, price_monthly = $5,
        price_hourly = $6, price_currency = $7
    WHERE id = $1 AND bot_id IS NULL AND state <> 'deleted')";
constexpr std::string_view ready_statement = R"(
    UPDATE servers SET state = 'ready', public_ip = $2
    WHERE id = $1 AND bot_id IS NULL AND state = 'booting')";
constexpr std::string_view condemn_statement = R"(
    UPDATE servers SET state = 'deleting'
    WHERE id = $1 AND bot_id IS NULL AND state <> 'deleted')";
constexpr std::string_view gone_statement = R"(
    UPDATE servers SET state = 'deleted', deleted_at = $2
    WHERE id = $1 AND bot_id IS NULL AND state <> 'deleted')";

class PgHandServers final : public ports::HandServers {
public:
    PgHandServers(Database& database, std::map<std::string, double> ceilings)
        : database_(database), ceilings_(std::move(ceilings)) {}

    Result<core::Server> plan(const ports::HandServerPlan& plan, base::TimePoint now) override {
        return database_.transact([&](Sql& sql) -> Result<core::Server> {
            if (!allowed(sql, plan)) return over_ceiling(plan.provider);
            const Rows made =
                sql.query(insert_statement, {plan.id, plan.made_by, plan.provider, plan.region,
                                             plan.type, plan.image, core::server_name(plan.id),
                                             plan.price_monthly, plan.price_currency, now});
            if (made.affected() == 0) {
                return base::fail(base::ErrorKind::conflict, "There is a server of this id.");
            }
            return read_server(sql.query(find_statement, {plan.id})[0]);
        });
    }

    Result<std::optional<core::Server>> find(const base::ServerId& id) override {
        if (!base::is_uuid(id.text())) return std::nullopt;
        return database_.run([&](Sql& sql) -> Result<std::optional<core::Server>> {
            const Rows rows = sql.query(find_statement, {id});
            if (rows.empty()) return std::nullopt;
            return read_server(rows[0]);
        });
    }

    Result<std::vector<core::Server>> alive() override {
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Server>> {
            const Rows rows = sql.query(alive_statement);
            std::vector<core::Server> servers;
            for (std::size_t i = 0; i < rows.size(); ++i) servers.push_back(read_server(rows[i]));
            return servers;
        });
    }

    Result<bool> made(const core::Server& machine) override {
        return touched(made_statement, {machine.id, machine.provider_server_id, machine.public_ip,
                                        static_cast<int>(machine.ssh_port), machine.price_monthly,
                                        machine.price_hourly, machine.price_currency});
    }

    Result<void> ready(const base::ServerId& id, const std::string& public_ip) override {
        return write(ready_statement, {id, public_ip});
    }

    Result<bool> condemn(const base::ServerId& id) override {
        return touched(condemn_statement, {id});
    }

    Result<void> gone(const base::ServerId& id, base::TimePoint now) override {
        return write(gone_statement, {id, now});
    }

private:
    bool allowed(Sql& sql, const ports::HandServerPlan& plan) const {
        const auto ceiling = ceilings_.find(plan.provider);
        if (ceiling == ceilings_.end()) return true;
        (void)sql.query(lock_ceiling, {plan.provider});
        return sql
            .query(within_ceiling,
                   {plan.provider, plan.price_monthly, fmt::format("{:.4f}", ceiling->second)})[0]
            .boolean(0);
    }
    static tl::unexpected<base::Error> over_ceiling(const std::string& provider) {
        return base::fail({.kind = base::ErrorKind::quota_exceeded,
                           .effect = base::Effect::none,
                           .message = "With this server those of " + provider +
                                      " would cost more a month than the operator allows.",
                           .next_action = "Delete servers there, or raise HATCHERY_COST_CEILINGS.",
                           .code = "cost_ceiling"});
    }

    Result<bool> touched(std::string_view statement, std::initializer_list<Param> params) {
        return database_.run(
            [&](Sql& sql) -> Result<bool> { return sql.query(statement, params).affected() > 0; });
    }
    Result<void> write(std::string_view statement, std::initializer_list<Param> params) {
        const auto done = touched(statement, params);
        if (!done) return base::fail(done.error());
        return {};
    }

    Database& database_;
    const std::map<std::string, double> ceilings_;
};

}  // namespace

std::unique_ptr<ports::HandServers> make_pg_hand_servers(Database& database,
                                                         std::map<std::string, double> ceilings) {
    return std::make_unique<PgHandServers>(database, std::move(ceilings));
}

}  // namespace hatchery::store
