#include "store/fleet_overview.hpp"

#include <algorithm>

#include "core/release_text.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::Result;

// Chats are most of a bot's operations; the deploys have an index of their own.
const std::string select_fleet = std::string("SELECT") + columns::bot +
                                 ", u.email, coalesce(installed.message, '')," + columns::server +
                                 R"(
    FROM bots b JOIN users u ON u.id = b.user_id
    LEFT JOIN deployments d ON d.bot_id = b.id AND d.ended_at IS NULL
    LEFT JOIN servers s ON s.deployment_id = d.id AND s.state <> 'deleted'
    LEFT JOIN LATERAL (
        SELECT id FROM operations
        WHERE bot_id = b.id AND kind IN ('deploy', 'upgrade') AND state = 'succeeded'
        ORDER BY id DESC LIMIT 1) AS o ON true
    LEFT JOIN LATERAL (
        SELECT message FROM all_jobs
        WHERE operation_id = o.id AND step = 'deploy_openclaw' AND state = 'succeeded'
        LIMIT 1) AS installed ON true
    WHERE b.deleted_at IS NULL AND b.id < $1::uuid
    ORDER BY b.id DESC LIMIT $2::bigint)";
constexpr std::string_view beyond_all_ids = "ffffffff-ffff-ffff-ffff-ffffffffffff";
constexpr std::string_view count_messages = R"(
    SELECT count(*) FILTER (WHERE received_at >= $2), count(*) FILTER (WHERE state = 'pending'),
           count(*) FILTER (WHERE state = 'dead'), max(received_at)
    FROM webhook_inbox WHERE bot_id = $1)";

/// A private chat has its person's id, which is positive. Not every update tells who sent it, and
/// a long one is not looked at: the latest few of each chat are handed out, newest first. The time
/// says which those are; Telegram begins anew with its numbers now and then.
constexpr std::string_view select_senders = R"(
    WITH placed AS (
        SELECT chat_id, update_id, received_at, row_number() OVER (
            PARTITION BY chat_id ORDER BY received_at DESC, update_id DESC) AS place
        FROM webhook_inbox
        WHERE bot_id = $1 AND chat_id > 0 AND octet_length(body) <= 65536),
    chats AS (
        SELECT chat_id, received_at AS last_at FROM placed
        WHERE place = 1 ORDER BY received_at DESC, chat_id LIMIT 20)
    SELECT i.chat_id, i.body, c.last_at
    FROM chats c JOIN placed p ON p.chat_id = c.chat_id AND p.place <= 5
    JOIN webhook_inbox i ON i.bot_id = $1 AND i.update_id = p.update_id
    ORDER BY c.last_at DESC, c.chat_id, p.place)";

FleetBot read_fleet_bot(const Rows::Row& row) {
    constexpr int email = columns::bot_count;
    constexpr int server = email + 2;
    FleetBot found{.bot = read_bot(row),
                   .owner_email = row.text(email),
                   .openclaw_version = core::installed_version(row.text(email + 1)),
                   .server = std::nullopt};
    if (!row.null(server)) found.server = read_server(row, server);
    return found;
}

class PgFleetOverview final : public FleetOverview {
public:
    explicit PgFleetOverview(Database& database) : database_(database) {}

    Result<Page<FleetBot>> bots(const std::optional<std::string>& after, int limit) override {
        if (after && !base::is_uuid(*after)) {
            return base::fail(base::ErrorKind::invalid, "The cursor is none of ours.");
        }
        return database_.run([&](Sql& sql) -> Result<Page<FleetBot>> {
            const Param before = after ? Param(*after) : Param(beyond_all_ids);
            const Rows rows = sql.query(select_fleet, {before, limit + 1});
            Page<FleetBot> page;
            const auto count = std::min(rows.size(), static_cast<std::size_t>(limit));
            for (std::size_t i = 0; i < count; ++i) page.items.push_back(read_fleet_bot(rows[i]));
            if (rows.size() > count) page.next = page.items.back().bot.id.text();
            return page;
        });
    }

    Result<BotMessages> messages(const base::BotId& bot, base::TimePoint since) override {
        return database_.run([&](Sql& sql) -> Result<BotMessages> {
            const Rows rows = sql.query(count_messages, {bot, since});
            return BotMessages{.received = rows[0].integer(0),
                               .waiting = rows[0].integer(1),
                               .failed = rows[0].integer(2),
                               .last_at = rows[0].optional_time(3)};
        });
    }

    Result<std::vector<BotSender>> senders(const base::BotId& bot) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<BotSender>> {
            const Rows rows = sql.query(select_senders, {bot});
            std::vector<BotSender> found;
            std::int64_t told = 0;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                const auto chat = rows[i].integer(0);
                if (chat == told) continue;
                auto sender = core::sender_of(rows[i].text(1));
                if (!sender) continue;
                found.push_back({*std::move(sender), rows[i].time(2)});
                told = chat;
            }
            return found;
        });
    }

private:
    Database& database_;
};

}  // namespace

const std::string& fleet_statement() { return select_fleet; }

std::unique_ptr<FleetOverview> make_fleet_overview(Database& database) {
    return std::make_unique<PgFleetOverview>(database);
}

}  // namespace hatchery::store
