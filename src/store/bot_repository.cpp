#include "store/bot_repository.hpp"

#include <algorithm>
#include <utility>

#include "base/encoding.hpp"
#include "store/operation_rows.hpp"
#include "store/operation_start.hpp"
#include "store/records.hpp"
#include "store/secret_rows.hpp"
#include "store/subscription_rows.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;

/// Letters and digits of a public id: 20 of 36 are some 100 bits.
constexpr std::size_t public_id_length = 20;

const std::string insert_bot = std::string(R"(
    INSERT INTO bots AS b (id, public_id, user_id, name, telegram_bot_id, telegram_username, model,
                      model_base_url, provider, region, server_type, telegram_mode,
                      allowed_telegram_user_ids, status, created_at, updated_at)
    VALUES ($1, $2, $3, $4, nullif($5::bigint, 0), $6, $7, $8, $9, $10, $11, $12, $13::bigint[],
            $14, $15, $15)
    ON CONFLICT (telegram_bot_id) WHERE deleted_at IS NULL DO NOTHING
    RETURNING)") + columns::bot;
const std::string select_bot = std::string("SELECT") + columns::bot +
                               "FROM bots b WHERE b.id = $1 AND b.deleted_at IS NULL "
                               "AND ($2::uuid IS NULL OR b.user_id = $2::uuid)";
const std::string lock_bot = select_bot + " FOR UPDATE";
const std::string select_by_public_id =
    std::string("SELECT") + columns::bot +
    "FROM bots b WHERE b.public_id = $1 AND b.deleted_at IS NULL";
// Two texts, since one for both would have a plan for both: one that reads all bots.
const std::string select_all_bots = std::string("SELECT") + columns::bot +
                                    "FROM bots b WHERE b.deleted_at IS NULL AND b.id < $1::uuid "
                                    "ORDER BY b.id DESC LIMIT $2::bigint";
const std::string select_bots_of =
    std::string("SELECT") + columns::bot +
    "FROM bots b WHERE b.deleted_at IS NULL AND b.id < $1::uuid AND b.user_id = $3::uuid "
    "ORDER BY b.id DESC LIMIT $2::bigint";
constexpr std::string_view beyond_all_ids = "ffffffff-ffff-ffff-ffff-ffffffffffff";
const std::string update_bot = std::string(R"(
    UPDATE bots b SET name = coalesce($2, name), model = coalesce($3, model),
        model_base_url = coalesce($4, model_base_url),
        allowed_telegram_user_ids = coalesce($5::bigint[], allowed_telegram_user_ids),
        telegram_mode = coalesce($6, telegram_mode),
        telegram_bot_id = coalesce($7::bigint, telegram_bot_id),
        telegram_username = coalesce($8, telegram_username), updated_at = $9,
        settings_version = settings_version + 1
    WHERE id = $1
    RETURNING)") + columns::bot;
constexpr std::string_view count_bots =
    "SELECT count(*) FROM bots WHERE user_id = $1 AND deleted_at IS NULL";
constexpr std::string_view select_in_use =
    "SELECT id FROM bots WHERE telegram_bot_id = $1::bigint AND deleted_at IS NULL";
constexpr std::string_view delete_inbox = "DELETE FROM webhook_inbox WHERE bot_id = $1";
const std::string select_deployment =
    std::string("SELECT") + columns::bot + "," + columns::server + "," + columns::stored_operation +
    "," + latest_operation::job_columns + "FROM bots b" + latest_operation::joins + R"(
    LEFT JOIN deployments d ON d.bot_id = b.id AND d.ended_at IS NULL
    LEFT JOIN servers s ON s.deployment_id = d.id AND s.state <> 'deleted'
    WHERE b.id = $1 AND b.deleted_at IS NULL AND ($2::uuid IS NULL OR b.user_id = $2::uuid))";

const std::string select_servers =
    std::string("SELECT") + columns::server +
    "FROM servers s WHERE s.state <> 'deleted' OR s.deleted_at >= $1 ORDER BY s.id";

tl::unexpected<base::Error> token_conflict() {
    auto error = fail(ErrorKind::conflict, "This Telegram bot is in use by another bot.",
                      "Use a token of another Telegram bot, or delete the bot that has this one.");
    error.value().code = "token_conflict";
    return error;
}

std::optional<std::string> as_text(const std::optional<std::string>& text) {
    return text ? std::optional(base::to_utf8(*text)) : std::nullopt;
}

class PgBotRepository final : public BotRepository {
public:
    PgBotRepository(Database& database, ports::SecretBox& box, base::Clock& clock,
                    base::Random& random)
        : database_(database), box_(box), clock_(clock), random_(random) {}

    using BotRepository::create;
    Result<core::Bot> create(const core::Bot& bot, const BotSecrets& secrets,
                             const AdmitBot& admit) override {
        const auto now = clock_.now();
        const auto id = bot.id.empty() ? base::make_id<base::BotId>(now, random_) : bot.id;
        const std::string public_id = base::random_slug(random_, public_id_length);
        return database_.transact([&](Sql& sql) -> Result<core::Bot> {
            if (admit) {
                const auto subscription = lock_subscription(sql, bot.user_id);
                const auto count = sql.query(count_bots, {bot.user_id})[0].integer(0);
                if (const auto admitted = admit(subscription, count); !admitted) {
                    return fail(admitted.error());
                }
            }
            const Rows rows = sql.query(
                insert_bot,
                {id, public_id, bot.user_id, base::to_utf8(bot.name), bot.telegram_bot_id,
                 base::to_utf8(bot.telegram_username), base::to_utf8(bot.model),
                 base::to_utf8(bot.model_base_url), base::to_utf8(bot.provider),
                 base::to_utf8(bot.region), base::to_utf8(bot.server_type), bot.telegram_mode,
                 array_text(bot.allowed_telegram_user_ids), core::BotStatus::pending, now});
            if (rows.empty()) return token_conflict();
            put_secrets(sql, id, secrets, now);
            return read_bot(rows[0]);
        });
    }

    Result<core::Bot> find(const base::BotId& id,
                           const std::optional<base::UserId>& owner) override {
        if (!base::is_uuid(id.text())) return fail(no_such_bot());
        return database_.run([&](Sql& sql) -> Result<core::Bot> {
            const Rows rows = sql.query(select_bot, {id, owner});
            if (rows.empty()) return fail(no_such_bot());
            return read_bot(rows[0]);
        });
    }

    Result<core::Bot> find_by_public_id(const std::string& public_id) override {
        return database_.run([&](Sql& sql) -> Result<core::Bot> {
            const Rows rows = sql.query(select_by_public_id, {base::to_utf8(public_id)});
            if (rows.empty()) return fail(no_such_bot());
            return read_bot(rows[0]);
        });
    }

    Result<Page<core::Bot>> list(const std::optional<base::UserId>& owner,
                                 const std::optional<std::string>& after, int limit) override {
        if (after && !base::is_uuid(*after)) {
            return fail(ErrorKind::invalid, "The cursor is none of ours.");
        }
        return database_.run([&](Sql& sql) -> Result<Page<core::Bot>> {
            const Param before = after ? Param(*after) : Param(beyond_all_ids);
            const Rows rows = owner ? sql.query(select_bots_of, {before, limit + 1, owner})
                                    : sql.query(select_all_bots, {before, limit + 1});
            Page<core::Bot> page;
            const auto count = std::min(rows.size(), static_cast<std::size_t>(limit));
            for (std::size_t i = 0; i < count; ++i) page.items.push_back(read_bot(rows[i]));
            if (rows.size() > count) page.next = page.items.back().id.text();
            return page;
        });
    }

    Result<core::Bot> update(const base::BotId& id, const std::optional<base::UserId>& owner,
                             const BotSettings& settings) override {
        if (!base::is_uuid(id.text())) return fail(no_such_bot());
        const auto now = clock_.now();
        auto updated = database_.transact([&](Sql& sql) -> Result<core::Bot> {
            const Rows before = sql.query(lock_bot, {id, owner});
            if (before.empty()) return fail(no_such_bot());
            if (settings.if_version &&
                *settings.if_version != read_bot(before[0]).settings_version) {
                return fail(other_version());
            }
            if (settings.telegram_bot_id && in_use_by_another(sql, *settings.telegram_bot_id, id)) {
                return token_conflict();
            }
            std::optional<std::string> allowed;
            if (settings.allowed_telegram_user_ids) {
                allowed = array_text(*settings.allowed_telegram_user_ids);
            }
            const Rows rows = sql.query(
                update_bot, {id, as_text(settings.name), as_text(settings.model),
                             as_text(settings.model_base_url), allowed, settings.telegram_mode,
                             settings.telegram_bot_id, as_text(settings.telegram_username), now});
            put_secrets(sql, id, settings.secrets, now);
            if (settings.telegram_bot_id &&
                *settings.telegram_bot_id != read_bot(before[0]).telegram_bot_id) {
                put_secrets(sql, id, settings.secrets_of_another_telegram_bot, now);
                // Its numbers count anew, and what was written to the other bot is not for this
                // one. The lock on the bot keeps new updates out until here.
                (void)sql.query(delete_inbox, {id});
            }
            for (const auto& name : settings.removed_secrets) delete_secret(sql, ref(id, name));
            return read_bot(rows[0]);
        });
        // Two updates that take the same token at once: the index has the last word.
        if (!updated && updated.error().code == "23505") return token_conflict();
        return updated;
    }

    Result<bool> telegram_bot_in_use(std::int64_t telegram_bot_id) override {
        return database_.run([&](Sql& sql) -> Result<bool> {
            return !sql.query(select_in_use, {telegram_bot_id}).empty();
        });
    }

    Result<DeploymentView> deployment(const base::BotId& id,
                                      const std::optional<base::UserId>& owner) override {
        if (!base::is_uuid(id.text())) return fail(no_such_bot());
        return database_.run([&](Sql& sql) -> Result<DeploymentView> {
            const Rows rows = sql.query(select_deployment, {id, owner});
            if (rows.empty()) return fail(no_such_bot());
            constexpr int server = columns::bot_count;
            constexpr int operation = server + columns::server_count;
            DeploymentView view{.bot = read_bot(rows[0]),
                                .operation = latest_operation::read(rows[0], operation),
                                .server = std::nullopt};
            if (!rows[0].null(server)) view.server = read_server(rows[0], server);
            return view;
        });
    }

    Result<std::vector<core::Server>> servers(base::TimePoint since) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Server>> {
            const Rows rows = sql.query(select_servers, {since});
            std::vector<core::Server> servers;
            for (std::size_t i = 0; i < rows.size(); ++i) servers.push_back(read_server(rows[i]));
            return servers;
        });
    }

private:
    static ports::SecretRef ref(const base::BotId& bot, const std::string& name) {
        return {.owner = ports::SecretOwner::bot, .owner_id = bot.text(), .name = name};
    }

    void put_secrets(Sql& sql, const base::BotId& bot, const BotSecrets& secrets,
                     base::TimePoint now) {
        for (const auto& [name, value] : secrets) {
            write_secret(sql, box_, ref(bot, name), value, now);
        }
    }

    static bool in_use_by_another(Sql& sql, std::int64_t telegram_bot_id, const base::BotId& bot) {
        const Rows rows = sql.query(select_in_use, {telegram_bot_id});
        return !rows.empty() && rows[0].id<base::BotId>(0) != bot;
    }

    Database& database_;
    ports::SecretBox& box_;
    base::Clock& clock_;
    base::Random& random_;
};

}  // namespace

const std::string& deployment_statement() { return select_deployment; }
const std::string& bots_of_statement() { return select_bots_of; }

std::unique_ptr<BotRepository> make_bot_repository(Database& database, ports::SecretBox& box,
                                                   base::Clock& clock, base::Random& random) {
    return std::make_unique<PgBotRepository>(database, box, clock, random);
}

}  // namespace hatchery::store
