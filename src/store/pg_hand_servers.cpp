#include "store/pg_hand_servers.hpp"

#include "core/ownership.hpp"
#include "store/cost_ceiling.hpp"
#include "store/records.hpp"
#include "store/server_end.hpp"
#include "store/touched.hpp"

namespace hatchery::store {

namespace {

using base::Result;

constexpr std::string_view insert_statement = R"(
    INSERT INTO servers (id, made_by, provider, region, type, image, name, state, host_key,
                         client_public_key, price_monthly, price_currency, created_at,
                         create_begun_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, 'creating', '', '', $8, $9, $10, $10)
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
class PgHandServers final : public ports::HandServers {
public:
    explicit PgHandServers(Database& database) : database_(database) {}

    Result<ports::HandServerAllowance> plan(const ports::HandServerPlan& plan,
                                            base::TimePoint now) override {
        return database_.transact([&](Sql& sql) -> Result<ports::HandServerAllowance> {
            CeilingAnswer answer{.granted = true, .would_be = {}};
            if (plan.ceiling) {
                auto asked = ask_ceiling(sql, {.provider = plan.provider,
                                               .server = plan.id,
                                               .price_monthly = plan.price_monthly,
                                               .ceiling = *plan.ceiling});
                if (!asked) return base::fail(std::move(asked).error());
                answer = *std::move(asked);
            }
            if (!answer.granted) {
                return ports::HandServerAllowance{.server = {}, .would_be = answer.would_be};
            }
            const Rows made =
                sql.query(insert_statement, {plan.id, plan.made_by, plan.provider, plan.region,
                                             plan.type, plan.image, core::server_name(plan.id),
                                             plan.price_monthly, plan.price_currency, now});
            if (made.affected() == 0) {
                return base::fail(base::ErrorKind::conflict, "There is a server of this id.");
            }
            return ports::HandServerAllowance{
                .server = read_server(sql.query(find_statement, {plan.id})[0]),
                .would_be = answer.would_be};
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
        return touched(database_, made_statement,
                       {machine.id, machine.provider_server_id, machine.public_ip,
                        static_cast<int>(machine.ssh_port), machine.price_monthly,
                        machine.price_hourly, machine.price_currency});
    }

    Result<void> ready(const base::ServerId& id, const std::string& public_ip) override {
        return write(database_, ready_statement, {id, public_ip});
    }

    Result<bool> condemn(const base::ServerId& id) override {
        return touched(database_, condemn_statement, {id});
    }

    Result<void> gone(const base::ServerId& id, base::TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)end_hand_server(sql, id, now);
            return {};
        });
    }

private:
    Database& database_;
};

}  // namespace

std::unique_ptr<ports::HandServers> make_pg_hand_servers(Database& database) {
    return std::make_unique<PgHandServers>(database);
}

}  // namespace hatchery::store
