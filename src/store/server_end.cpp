#include "store/server_end.hpp"

namespace hatchery::store {

namespace {

constexpr std::string_view lock_statement =
    "SELECT b.id FROM servers s JOIN bots b ON b.id = s.bot_id WHERE s.id = $1 FOR UPDATE OF b";
// A chat's place in the queue says nothing about servers.
constexpr std::string_view use_statement = R"(
    SELECT b.id, s.state, d.ended_at IS NULL AND EXISTS (
        SELECT 1 FROM jobs j WHERE j.bot_id = b.id AND j.turn = '-infinity'),
        d.ended_at IS NULL AND b.deleted_at IS NULL
    FROM servers s JOIN bots b ON b.id = s.bot_id JOIN deployments d ON d.id = s.deployment_id
    WHERE s.id = $1)";
constexpr std::string_view end_statement = R"(
    WITH gone AS (
        UPDATE servers SET state = 'deleted', deleted_at = coalesce(deleted_at, $2)
        WHERE id = $1
        RETURNING id, deployment_id
    ), ended AS (
        UPDATE deployments SET ended_at = $2
        FROM gone WHERE deployments.id = gone.deployment_id AND ended_at IS NULL
    ), forgotten AS (
        DELETE FROM sealed_secrets USING gone WHERE owner = 'server' AND owner_id = gone.id
    )
    SELECT id FROM gone)";
constexpr std::string_view end_hand_statement = R"(
    UPDATE servers SET state = 'deleted', deleted_at = $2
    WHERE id = $1 AND bot_id IS NULL AND state <> 'deleted')";

}  // namespace

bool lock_bot_of(Sql& sql, const base::ServerId& server) {
    return !sql.query(lock_statement, {server}).empty();
}

ServerUse use_of(Sql& sql, const base::ServerId& server) {
    const Rows rows = sql.query(use_statement, {server});
    return {.bot = rows[0].id<base::BotId>(0),
            .state = rows[0].enumerator<core::ServerState>(1),
            .worked_on = rows[0].boolean(2),
            .in_use = rows[0].boolean(3)};
}

bool end_server(Sql& sql, const base::ServerId& server, base::TimePoint now) {
    return !sql.query(end_statement, {server, now}).empty();
}

bool end_hand_server(Sql& sql, const base::ServerId& server, base::TimePoint now) {
    return sql.query(end_hand_statement, {server, now}).affected() > 0;
}

}  // namespace hatchery::store
