#include "store/pg_fleet_store.hpp"

#include <utility>

#include "base/encoding.hpp"
#include "core/ownership.hpp"
#include "store/held_lease.hpp"
#include "store/records.hpp"
#include "store/secret_rows.hpp"
#include "store/server_end.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

constexpr std::string_view select_installation = "SELECT id FROM installation";
const std::string select_bot =
    std::string("SELECT") + columns::bot + "FROM bots b WHERE b.id = $1 AND b.deleted_at IS NULL";
const std::string select_server_of_bot =
    std::string("SELECT") + columns::server +
    "FROM servers s JOIN deployments d ON d.id = s.deployment_id "
    "WHERE d.bot_id = $1 AND d.ended_at IS NULL AND s.state <> 'deleted'";
const std::string select_server =
    std::string("SELECT") + columns::server + "FROM servers s WHERE s.id = $1";
const std::string select_being_created =
    std::string("SELECT") + columns::server +
    "FROM servers s WHERE s.provider = $1 AND s.state <> 'deleted' "
    "AND s.state IN ('creating', 'booting') ORDER BY s.id";

constexpr std::string_view lock_bot = "SELECT id FROM bots WHERE id = $1 FOR UPDATE";
constexpr std::string_view insert_deployment =
    "INSERT INTO deployments (id, bot_id, created_at) VALUES ($1, $2, $3)";
constexpr std::string_view insert_server = R"(
    INSERT INTO servers (id, bot_id, deployment_id, provider, region, type, image, name, state,
                         host_key, client_public_key, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'planned', $9, $10, $11))";
constexpr std::string_view update_server = R"(
    UPDATE servers SET state = coalesce($2, state),
        provider_server_id = coalesce($3, provider_server_id),
        public_ip = coalesce($4, public_ip), region = coalesce($5, region),
        type = coalesce($6, type), host_key = coalesce($7, host_key),
        next_host_key = coalesce($8, next_host_key),
        host_key_rotated = coalesce($9::boolean, host_key_rotated),
        price_monthly = coalesce($10, price_monthly),
        price_hourly = coalesce($11, price_hourly),
        price_currency = coalesce($12, price_currency),
        deleted_at = coalesce($13::timestamptz, deleted_at),
        provider = coalesce($14, provider), image = coalesce($15, image),
        ssh_port = coalesce($16::integer, ssh_port),
        create_actions = coalesce($18, create_actions),
        create_begun_at = CASE WHEN $2 = 'planned' THEN NULL
            WHEN $2 = 'creating' AND state = 'planned' THEN CAST($17 AS timestamptz)
            ELSE create_begun_at END
    WHERE id = $1 AND state <> 'deleted')";

constexpr std::string_view learn_address = R"(
    UPDATE servers s SET public_ip = found.public_ip
    FROM unnest(CAST($1 AS uuid[]), CAST($2 AS text[]), CAST($3 AS text[]))
         AS found (id, provider_server_id, public_ip)
    WHERE s.id = found.id AND s.provider_server_id = found.provider_server_id
      AND s.state = 'booting' AND s.public_ip = '')";

constexpr std::string_view note_create = R"(
    UPDATE servers s SET create_word = news.word
    FROM unnest(CAST($1 AS uuid[]), CAST($2 AS text[]), CAST($3 AS text[]))
         AS news (id, provider_server_id, word)
    WHERE s.id = news.id AND s.provider_server_id = news.provider_server_id
      AND s.state = 'booting')";

const std::string select_alive = std::string("SELECT") + columns::server +
                                 "FROM servers s WHERE s.provider = $1 AND s.state <> 'deleted'";
// A server whose deployment has ended is left behind: the end of the operation that gave it up has
// said so in its own transaction. So is one that is neither in use nor worked on. Chats say nothing
// about servers.
constexpr std::string_view where_left_behind = R"(
    FROM servers s
    JOIN bots b ON b.id = s.bot_id
    JOIN deployments d ON d.id = s.deployment_id
    WHERE s.state <> 'deleted'
      AND (d.ended_at IS NOT NULL
           OR ((s.state <> 'ready' OR b.deleted_at IS NOT NULL)
               AND NOT EXISTS (SELECT 1 FROM jobs j
                               WHERE j.bot_id = s.bot_id AND j.turn = '-infinity')))
    )";
// So many of each provider: one that does not answer, or is not configured, keeps no other waiting.
const std::string select_left_behind =
    std::string("SELECT") + columns::server +
    "FROM (SELECT s.*, row_number() OVER (PARTITION BY s.provider ORDER BY s.id) AS place" +
    std::string(where_left_behind) + ") s WHERE s.place <= 200 ORDER BY s.id";
const std::string is_left_behind = "SELECT s.id" + std::string(where_left_behind) + "AND s.id = $1";
constexpr std::string_view condemn_server = R"(
    WITH condemned AS (
        UPDATE servers SET state = 'deleting', provider_server_id = $2 WHERE id = $1
        RETURNING deployment_id
    )
    UPDATE deployments SET ended_at = coalesce(ended_at, $3)
    FROM condemned WHERE deployments.id = condemned.deployment_id)";
tl::unexpected<base::Error> lease_lost() {
    return fail(ErrorKind::conflict, "The lease on the job was lost.");
}
tl::unexpected<base::Error> no_such_server() {
    return fail(ErrorKind::not_found, "There is no such server.");
}

/// A session-level advisory lock on a connection of its own: it goes with the connection.
class PgLeadership final : public ports::FleetStore::Leadership {
public:
    explicit PgLeadership(std::unique_ptr<Sql> connection) : connection_(std::move(connection)) {}

    bool held() override {
        try {
            (void)connection_->query("SELECT 1");
            return true;
        } catch (const SqlFailure&) {
            return false;
        }
    }

private:
    std::unique_ptr<Sql> connection_;
};

class PgFleetStore final : public ports::FleetStore {
public:
    PgFleetStore(Database& database, ports::SecretBox& box, base::Clock& clock,
                 base::Random& random)
        : database_(database), box_(box), clock_(clock), random_(random) {}

    Result<base::InstallationId> installation() override {
        return database_.run([](Sql& sql) -> Result<base::InstallationId> {
            return sql.query(select_installation)[0].id<base::InstallationId>(0);
        });
    }

    Result<core::Bot> bot(const base::BotId& id) override {
        return database_.run([&](Sql& sql) -> Result<core::Bot> {
            const Rows rows = sql.query(select_bot, {id});
            if (rows.empty()) return fail(ErrorKind::not_found, "There is no such bot.");
            return read_bot(rows[0]);
        });
    }

    Result<std::optional<core::Server>> server_of(const base::BotId& bot) override {
        return database_.run([&](Sql& sql) -> Result<std::optional<core::Server>> {
            return current_server(sql, bot);
        });
    }

    Result<core::Server> plan_server(const ports::Lease& lease, const base::BotId& bot,
                                     const ports::ServerPlan& plan, TimePoint now) override {
        return database_.transact([&](Sql& sql) -> Result<core::Server> {
            if (!holds(sql, lease)) return lease_lost();
            (void)sql.query(lock_bot, {bot});
            if (const auto current = current_server(sql, bot)) return *current;
            const auto deployment = base::make_id<base::DeploymentId>(now, random_);
            (void)sql.query(insert_deployment, {deployment, bot, now});
            (void)sql.query(insert_server, {plan.id, bot, deployment, plan.provider, plan.region,
                                            plan.type, plan.image, core::server_name(plan.id),
                                            plan.host_key, plan.client_public_key, now});
            write_secret(sql, box_, of_server(plan.id, ports::secret_name::planted_host_key),
                         plan.planted_host_key, now);
            write_secret(sql, box_, of_server(plan.id, ports::secret_name::client_key),
                         plan.client_key, now);
            return read_server(sql.query(select_server, {plan.id})[0]);
        });
    }

    Result<void> change_server(const ports::Lease& lease, const base::ServerId& server,
                               const ports::ServerChange& change) override {
        return under_lease(lease, [&](Sql& sql) -> Result<void> {
            const Rows done = sql.query(
                update_server,
                {server, change.state, change.provider_server_id, change.public_ip, change.region,
                 change.type, change.host_key, change.next_host_key, change.host_key_rotated,
                 change.price_monthly, change.price_hourly, change.price_currency,
                 change.deleted_at, change.provider, change.image, change.ssh_port, clock_.now(),
                 change.create_actions ? std::optional(join_ids(*change.create_actions))
                                       : std::optional<std::string>()});
            if (done.affected() == 0) return no_such_server();
            return {};
        });
    }

    Result<void> server_gone(const ports::Lease& lease, const base::ServerId& server,
                             TimePoint now) override {
        return under_lease(lease, [&](Sql& sql) -> Result<void> {
            if (!end_server(sql, server, now)) return no_such_server();
            return {};
        });
    }

    Result<base::Secret> secret(const ports::SecretRef& ref) override {
        return database_.run([&](Sql& sql) { return read_secret(sql, box_, ref); });
    }

    Result<void> put_secret(const ports::Lease& lease, const ports::SecretRef& ref,
                            const base::Secret& value) override {
        return under_lease(lease, [&](Sql& sql) -> Result<void> {
            write_secret(sql, box_, ref, value, clock_.now());
            return {};
        });
    }

    Result<void> remove_secret(const ports::Lease& lease, const ports::SecretRef& ref) override {
        return under_lease(lease, [&](Sql& sql) -> Result<void> {
            delete_secret(sql, ref);
            return {};
        });
    }

    Result<void> learn_addresses(std::span<const ports::FoundAddress> found) override {
        std::vector<std::string> servers;
        std::vector<std::string> machines;
        std::vector<std::string> addresses;
        for (const auto& address : found) {
            servers.push_back(address.server.text());
            machines.push_back(base::to_utf8(address.provider_server_id));
            addresses.push_back(base::to_utf8(address.public_ip));
        }
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(learn_address,
                            {array_text(servers), array_text(machines), array_text(addresses)});
            return {};
        });
    }

    Result<void> note_creates(std::span<const ports::CreateNews> news) override {
        std::vector<std::string> servers;
        std::vector<std::string> machines;
        std::vector<std::string> words;
        for (const auto& one : news) {
            servers.push_back(one.server.text());
            machines.push_back(base::to_utf8(one.provider_server_id));
            words.push_back(base::to_utf8(core::to_text(one.word)));
        }
        return database_.run([&](Sql& sql) -> Result<void> {
            (void)sql.query(note_create,
                            {array_text(servers), array_text(machines), array_text(words)});
            return {};
        });
    }

    Result<std::vector<core::Server>> servers_being_created(const std::string& provider) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Server>> {
            return read_servers(sql.query(select_being_created, {provider}));
        });
    }

    Result<std::vector<core::Server>> servers_alive(const std::string& provider) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Server>> {
            return read_servers(sql.query(select_alive, {provider}));
        });
    }

    Result<std::vector<core::Server>> servers_left_behind(TimePoint) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Server>> {
            return read_servers(sql.query(select_left_behind));
        });
    }

    Result<void> condemn_left_behind(const base::ServerId& server,
                                     const std::string& provider_server_id,
                                     TimePoint now) override {
        return database_.transact([&](Sql& sql) -> Result<void> {
            if (!lock_bot_of(sql, server)) return no_such_server();
            if (sql.query(is_left_behind, {server}).empty()) {
                return fail(ErrorKind::conflict, "The server is not left behind.");
            }
            (void)sql.query(condemn_server, {server, provider_server_id, now});
            return {};
        });
    }

    Result<void> left_behind_gone(const base::ServerId& server, TimePoint now) override {
        return database_.transact([&](Sql& sql) -> Result<void> {
            if (!lock_bot_of(sql, server)) return no_such_server();
            const ServerUse use = use_of(sql, server);
            if (use.state == core::ServerState::deleted) return {};
            if (use.worked_on) {
                return fail(ErrorKind::conflict, "An operation works on the server.");
            }
            (void)end_server(sql, server, now);
            return {};
        });
    }

    Result<std::unique_ptr<Leadership>> try_lead(const std::string& name) override {
        auto connection = database_.open_dedicated();
        if (!connection) return fail(connection.error());
        try {
            const Rows rows = (*connection)
                                  ->query("SELECT pg_try_advisory_lock(hashtextextended($1, 0))",
                                          {"hatchery:" + name});
            if (!rows[0].boolean(0)) return nullptr;
            return std::make_unique<PgLeadership>(*std::move(connection));
        } catch (const SqlFailure& failure) {
            return fail(to_error(failure));
        }
    }

private:
    static ports::SecretRef of_server(const base::ServerId& server, const char* name) {
        return {.owner = ports::SecretOwner::server, .owner_id = server.text(), .name = name};
    }

    template <typename Work>
    Result<void> under_lease(const ports::Lease& lease, Work&& work) {
        return database_.transact([&](Sql& sql) -> Result<void> {
            if (!holds(sql, lease)) return lease_lost();
            return work(sql);
        });
    }

    static std::optional<core::Server> current_server(Sql& sql, const base::BotId& bot) {
        const Rows rows = sql.query(select_server_of_bot, {bot});
        if (rows.empty()) return std::nullopt;
        return read_server(rows[0]);
    }

    static std::vector<core::Server> read_servers(const Rows& rows) {
        std::vector<core::Server> servers;
        for (std::size_t i = 0; i < rows.size(); ++i) servers.push_back(read_server(rows[i]));
        return servers;
    }

    Database& database_;
    ports::SecretBox& box_;
    base::Clock& clock_;
    base::Random& random_;
};

}  // namespace

std::unique_ptr<ports::FleetStore> make_pg_fleet_store(Database& database, ports::SecretBox& box,
                                                       base::Clock& clock, base::Random& random) {
    return std::make_unique<PgFleetStore>(database, box, clock, random);
}

}  // namespace hatchery::store
