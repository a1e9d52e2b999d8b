#include "store/subscription_repository.hpp"

#include "base/encoding.hpp"
#include "store/subscription_rows.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

const std::string account_columns =
    std::string("SELECT u.id, u.email, u.role, u.created_at, u.name,") + columns::subscription +
    R"(,
        (SELECT count(*) FROM bots b WHERE b.user_id = u.id AND b.deleted_at IS NULL),
        (SELECT count(*) FROM bots b JOIN servers v ON v.bot_id = b.id
         WHERE b.user_id = u.id AND v.state <> 'deleted')
    FROM users u LEFT JOIN subscriptions s ON s.user_id = u.id)";
const std::string select_account = account_columns + " WHERE u.id = $1";
const std::string select_accounts = account_columns + R"(
    WHERE ($1::uuid IS NULL OR u.id < $1::uuid)
      AND ($2::text IS NULL OR lower(u.email) = lower($2::text))
      AND ($3::text IS NULL OR s.plan = $3::text)
      AND ($4::text[] IS NULL OR s.stage = ANY ($4::text[]))
      AND ($5::text IS NULL OR s.status = $5::text)
      AND (NOT $6::boolean OR s.user_id IS NULL)
    ORDER BY u.id DESC LIMIT $7::bigint)";
constexpr std::string_view find_user = R"(
    SELECT id FROM users WHERE ($1::uuid IS NOT NULL AND id = $1::uuid)
        OR ($1::uuid IS NULL AND lower(email) = lower($2)))";
constexpr std::string_view select_as_of = "SELECT as_of FROM subscriptions WHERE user_id = $1";
const std::string write_subscription = std::string(R"(
    INSERT INTO subscriptions AS s (user_id, plan, status, period_end, stage, stage_at, version,
                                    as_of, created_at, updated_at)
    VALUES ($1, $2, $3, $4::timestamptz, $5, $6, $7::bigint, $8, $9, $9)
    ON CONFLICT (user_id) DO UPDATE SET plan = excluded.plan, status = excluded.status,
        period_end = excluded.period_end, stage = excluded.stage, stage_at = excluded.stage_at,
        version = excluded.version, as_of = excluded.as_of, updated_at = excluded.updated_at
    RETURNING)") + columns::subscription;
constexpr std::string_view forget_attempts =
    "DELETE FROM billing_stops t USING bots b WHERE b.id = t.bot_id AND b.user_id = $1";
constexpr std::string_view tell_bots = R"(
    WITH concerned AS (
        SELECT id FROM bots WHERE user_id = $1 AND deleted_at IS NULL
        ORDER BY id FOR NO KEY UPDATE
    ), numbered AS (
        UPDATE bots SET last_event_seq = last_event_seq + 1
        FROM concerned WHERE bots.id = concerned.id
        RETURNING bots.id, bots.last_event_seq
    )
    INSERT INTO events (bot_id, seq, at, type, level, stream, message)
    SELECT id, last_event_seq, $2, 'log', 'info', 'engine', $3 FROM numbered
    RETURNING bot_id)";
constexpr std::string_view insert_event = R"(
    INSERT INTO billing_events (id, body_hash, user_id, created_at, received_at, applied)
    VALUES ($1, $2, $3, $4, $5, $6::boolean) ON CONFLICT (id) DO NOTHING)";
constexpr std::string_view select_event = "SELECT body_hash FROM billing_events WHERE id = $1";

Account read_account(const Rows::Row& row) {
    constexpr int behind = 5 + columns::subscription_count;
    return {.user = {.id = row.id<base::UserId>(0),
                     .email = row.text(1),
                     .role = row.enumerator<UserRole>(2),
                     .created_at = row.time(3),
                     .name = row.text(4)},
            .subscription = read_optional_subscription(row, 5),
            .bots = row.integer(behind),
            .servers = row.integer(behind + 1)};
}

/// What a standing means for the columns.
struct StandingFilter {
    std::optional<std::string> stages;
    std::optional<core::SubscriptionStatus> status;
    bool without_subscription = false;
};

StandingFilter filter_of(const std::optional<core::Standing>& standing) {
    using core::BillingStage;
    using core::Standing;
    const auto stages = [](std::initializer_list<BillingStage> list) {
        std::vector<std::string> names;
        for (const auto stage : list) names.emplace_back(base::to_text(stage));
        return array_text(names);
    };
    if (!standing) return {};
    switch (*standing) {
        case Standing::active:
            return {.stages = stages({BillingStage::paid, BillingStage::ending}),
                    .status = core::SubscriptionStatus::active};
        case Standing::cancelled:
            return {.stages = stages({BillingStage::paid, BillingStage::ending}),
                    .status = core::SubscriptionStatus::cancelled};
        case Standing::grace:
            return {.stages = stages({BillingStage::grace})};
        case Standing::expired:
            return {.stages = stages(
                        {BillingStage::stopped, BillingStage::closing, BillingStage::closed})};
        case Standing::none:
            return {.without_subscription = true};
    }
    return {};
}

tl::unexpected<base::Error> no_such_user() {
    return fail(ErrorKind::not_found, "There is no such user.");
}

class PgSubscriptionRepository final : public SubscriptionRepository {
public:
    PgSubscriptionRepository(Database& database, Hints& hints, base::Clock& clock)
        : database_(database), hints_(hints), clock_(clock) {}

    Result<Account> account(const base::UserId& user) override {
        if (!base::is_uuid(user.text())) return no_such_user();
        return database_.run([&](Sql& sql) -> Result<Account> {
            const Rows rows = sql.query(select_account, {user});
            if (rows.empty()) return no_such_user();
            return read_account(rows[0]);
        });
    }

    Result<Page<Account>> accounts(const AccountQuery& query) override {
        if (query.after && !base::is_uuid(*query.after)) {
            return fail(ErrorKind::invalid, "The cursor is none of ours.");
        }
        const auto filter = filter_of(query.standing);
        std::optional<std::string> email;
        if (query.email) email = base::to_utf8(*query.email);
        return database_.run([&](Sql& sql) -> Result<Page<Account>> {
            const Rows rows = sql.query(
                select_accounts, {query.after, email, query.plan, filter.stages, filter.status,
                                  filter.without_subscription, query.limit + 1});
            Page<Account> page;
            const auto count = std::min(rows.size(), static_cast<std::size_t>(query.limit));
            for (std::size_t i = 0; i < count; ++i) page.items.push_back(read_account(rows[i]));
            if (rows.size() > count) page.next = page.items.back().user.id.text();
            return page;
        });
    }

    Result<core::Subscription> set(const base::UserId& user,
                                   const core::SubscriptionChange& change) override {
        if (!base::is_uuid(user.text())) return no_such_user();
        const auto now = clock_.now();
        Told told;
        auto written = database_.transact([&](Sql& sql) -> Result<core::Subscription> {
            if (sql.query(find_user, {user, ""}).empty()) return no_such_user();
            return write(sql, user, change, {.now = now, .as_of = now}, told);
        });
        if (written) hint(told);
        return written;
    }

    Result<BillingAnswer> apply(const BillingEvent& event) override {
        if (event.user && !base::is_uuid(event.user->text())) return no_such_user();
        const auto now = clock_.now();
        Told told;
        auto answer = database_.transact([&](Sql& sql) -> Result<BillingAnswer> {
            const Rows found = sql.query(find_user, {event.user, base::to_utf8(event.email)});
            if (found.empty()) return no_such_user();
            return apply_in_transaction(sql, found[0].id<base::UserId>(0), event, now, told);
        });
        if (answer) hint(told);
        return answer;
    }

private:
    using Told = std::vector<base::BotId>;
    struct Times {
        TimePoint now;
        TimePoint as_of;
    };

    static Result<BillingAnswer> apply_in_transaction(Sql& sql, const base::UserId& user,
                                                      const BillingEvent& event, TimePoint now,
                                                      Told& told) {
        const auto before = lock_subscription(sql, user);
        bool outdated = false;
        if (before) {
            outdated = event.created_at < sql.query(select_as_of, {user})[0].time(0);
        }
        const bool fresh = sql.query(insert_event, {event.id, event.body_hash, user,
                                                    event.created_at, now, !outdated})
                               .affected() > 0;
        if (!fresh) {
            const Rows known = sql.query(select_event, {event.id});
            if (known.empty() || known[0].text(0) != event.body_hash || !before) {
                return fail(ErrorKind::conflict, "Another event with this id was received before.",
                            "Give each event an id of its own.");
            }
            return BillingAnswer{.effect = BillingEffect::repeated, .subscription = *before};
        }
        if (outdated) {
            return BillingAnswer{.effect = BillingEffect::outdated, .subscription = *before};
        }
        const Times times{.now = now, .as_of = event.created_at};
        return BillingAnswer{.effect = BillingEffect::applied,
                             .subscription = write(sql, user, event.change, times, told)};
    }

    static core::Subscription write(Sql& sql, const base::UserId& user,
                                    const core::SubscriptionChange& change, const Times& times,
                                    Told& told) {
        told.clear();
        const auto before = lock_subscription(sql, user);
        const auto changed = core::change_subscription(before, user, change, times.now);
        const auto& after = changed.subscription;
        const Rows rows = sql.query(write_subscription,
                                    {user, after.plan, after.status, after.period_end, after.stage,
                                     after.stage_at, after.version, times.as_of, times.now});
        if (changed.renewed) {
            (void)sql.query(forget_attempts, {user});
            const Rows bots =
                sql.query(tell_bots, {user, times.now, core::renewal_announcement(after)});
            for (std::size_t i = 0; i < bots.size(); ++i) {
                told.push_back(bots[i].id<base::BotId>(0));
            }
        }
        return read_subscription(rows[0]);
    }

    void hint(const Told& told) {
        for (const auto& bot : told) hints_.bot_changed(bot);
    }

    Database& database_;
    Hints& hints_;
    base::Clock& clock_;
};

}  // namespace

std::unique_ptr<SubscriptionRepository> make_subscription_repository(Database& database,
                                                                     Hints& hints,
                                                                     base::Clock& clock) {
    return std::make_unique<PgSubscriptionRepository>(database, hints, clock);
}

}  // namespace hatchery::store
