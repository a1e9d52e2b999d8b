#include "store/pg_alarm_store.hpp"

namespace hatchery::store {

namespace {

using base::Result;
using base::TimePoint;

constexpr std::string_view raised_statement = "SELECT kind FROM alarms WHERE cleared_at IS NULL";
constexpr std::string_view raise_statement = R"(
    INSERT INTO alarms AS a (id, kind, subject, cause, next_action, raised_at, seen_at, tell_at)
    VALUES ($1, $2, $3, $4, $5, $6, $6, $6)
    ON CONFLICT (kind, subject) WHERE cleared_at IS NULL DO UPDATE SET
        cause = excluded.cause, next_action = excluded.next_action,
        seen_at = greatest(a.seen_at, excluded.seen_at)
    RETURNING a.id = $1)";
// What could not be told of the raising is tried again at once, before this.
constexpr std::string_view clear_statement = R"(
    UPDATE alarms SET cleared_at = $3, tell_at = $3, telling_failures = 0
    WHERE kind = $1 AND subject = $2 AND cleared_at IS NULL)";
constexpr std::string_view clear_unseen_statement = R"(
    UPDATE alarms SET cleared_at = $3, tell_at = $3, telling_failures = 0
    WHERE kind = $1 AND seen_at < $2 AND cleared_at IS NULL)";
constexpr std::string_view list_statement = R"(
    SELECT id, kind, cause, next_action, raised_at, cleared_at, subject FROM alarms
    WHERE $1::uuid IS NULL OR id < $1::uuid
    ORDER BY id DESC LIMIT $2::bigint)";
constexpr std::string_view untold_statement = R"(
    SELECT id, kind, cause, next_action, raised_at, cleared_at, subject, raised_told_at IS NULL,
        telling_failures
    FROM alarms
    WHERE (raised_told_at IS NULL OR (cleared_at IS NOT NULL AND cleared_told_at IS NULL))
      AND tell_at <= $1 AND coalesce(cleared_at, raised_at) >= $2
    ORDER BY tell_at, id LIMIT $3::bigint)";
constexpr std::string_view told_statement = R"(
    UPDATE alarms SET telling_failures = 0,
        raised_told_at = CASE WHEN $2::boolean THEN $3 ELSE raised_told_at END,
        cleared_told_at = CASE WHEN $2::boolean THEN cleared_told_at ELSE $3 END
    WHERE id = $1)";
constexpr std::string_view failed_statement = R"(
    UPDATE alarms SET telling_failures = telling_failures + 1, tell_at = $2 WHERE id = $1)";

ports::AlarmRecord read_record(const Rows::Row& row) {
    return {.id = row.id<base::AlarmId>(0),
            .alarm = {.kind = row.enumerator<core::AlarmKind>(1),
                      .cause = row.text(2),
                      .next_action = row.text(3),
                      .subject = row.text(6)},
            .raised_at = row.time(4),
            .cleared_at = row.optional_time(5)};
}

class PgAlarmStore final : public ports::AlarmStore {
public:
    PgAlarmStore(Database& database, base::Random& random) : database_(database), random_(random) {}

    Result<std::vector<core::AlarmKind>> raised() override {
        return database_.run([](Sql& sql) -> Result<std::vector<core::AlarmKind>> {
            const Rows rows = sql.query(raised_statement);
            std::vector<core::AlarmKind> kinds;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                kinds.push_back(rows[i].enumerator<core::AlarmKind>(0));
            }
            return kinds;
        });
    }

    Result<bool> raise(const core::Alarm& alarm, TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<bool> {
            const auto id = base::make_id<base::AlarmId>(now, random_);
            const Rows rows = sql.query(raise_statement, {id, alarm.kind, alarm.subject,
                                                          alarm.cause, alarm.next_action, now});
            return rows[0].boolean(0);
        });
    }

    Result<bool> clear(core::AlarmKind kind, const std::string& subject, TimePoint now) override {
        return changed(clear_statement, {kind, subject, now});
    }

    Result<int> clear_unseen(core::AlarmKind kind, TimePoint seen_before, TimePoint now) override {
        return database_.run([&](Sql& sql) -> Result<int> {
            return static_cast<int>(
                sql.query(clear_unseen_statement, {kind, seen_before, now}).affected());
        });
    }

    Result<std::vector<ports::AlarmRecord>> list(const std::optional<base::AlarmId>& after,
                                                 int limit) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::AlarmRecord>> {
            const Rows rows = sql.query(list_statement, {after, limit});
            std::vector<ports::AlarmRecord> records;
            for (std::size_t i = 0; i < rows.size(); ++i) records.push_back(read_record(rows[i]));
            return records;
        });
    }

    Result<std::vector<ports::AlarmNews>> untold(TimePoint now, TimePoint not_before,
                                                 int limit) override {
        return database_.run([&](Sql& sql) -> Result<std::vector<ports::AlarmNews>> {
            const Rows rows = sql.query(untold_statement, {now, not_before, limit});
            std::vector<ports::AlarmNews> news;
            for (std::size_t i = 0; i < rows.size(); ++i) {
                news.push_back({.record = read_record(rows[i]),
                                .what = rows[i].boolean(7) ? ports::AlarmNews::What::raised
                                                           : ports::AlarmNews::What::cleared,
                                .failures = static_cast<int>(rows[i].integer(8))});
            }
            return news;
        });
    }

    Result<void> told(const ports::AlarmNews& news, TimePoint now) override {
        const bool raised = news.what == ports::AlarmNews::What::raised;
        return only_success(changed(told_statement, {news.record.id, raised, now}));
    }

    Result<void> telling_failed(const ports::AlarmNews& news, TimePoint again_at) override {
        return only_success(changed(failed_statement, {news.record.id, again_at}));
    }

private:
    Result<bool> changed(std::string_view statement, std::initializer_list<Param> params) {
        return database_.run(
            [&](Sql& sql) -> Result<bool> { return sql.query(statement, params).affected() > 0; });
    }
    static Result<void> only_success(const Result<bool>& result) {
        if (!result) return base::fail(result.error());
        return {};
    }

    Database& database_;
    base::Random& random_;
};

}  // namespace

std::unique_ptr<ports::AlarmStore> make_pg_alarm_store(Database& database, base::Random& random) {
    return std::make_unique<PgAlarmStore>(database, random);
}

}  // namespace hatchery::store
