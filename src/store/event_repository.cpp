#include "store/event_repository.hpp"

#include "base/encoding.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::Result;

const std::string select_events = std::string("SELECT") + columns::event + R"(
    FROM events e
    WHERE e.bot_id = $1 AND e.seq > $2::bigint
      AND ($3::text IS NULL OR e.step = $3)
      AND ($4::text[] IS NULL OR e.level = ANY ($4::text[]))
      AND ($5::text IS NULL OR e.type = $5)
      AND ($6::text = '' OR strpos(lower(e.message), lower($6)) > 0)
    ORDER BY e.seq LIMIT $7::bigint)";
constexpr std::string_view select_last_seq = "SELECT last_event_seq FROM bots WHERE id = $1";

std::optional<std::string> levels_from(const std::optional<core::EventLevel>& lowest) {
    if (!lowest) return std::nullopt;
    std::vector<std::string> levels;
    for (const auto& [level, name] : base::EnumNames<core::EventLevel>::names) {
        if (level >= *lowest) levels.emplace_back(name);
    }
    return array_text(levels);
}

class PgEventRepository final : public EventRepository {
public:
    explicit PgEventRepository(Database& database) : database_(database) {}

    Result<std::vector<core::Event>> find(const EventQuery& query) override {
        if (!base::is_uuid(query.bot.text())) return std::vector<core::Event>{};
        return database_.run([&](Sql& sql) -> Result<std::vector<core::Event>> {
            const Rows rows = sql.query(
                select_events, {query.bot, query.after, query.step, levels_from(query.level),
                                query.type, base::to_utf8(query.text), query.limit});
            std::vector<core::Event> events;
            for (std::size_t i = 0; i < rows.size(); ++i) events.push_back(read_event(rows[i]));
            return events;
        });
    }

    Result<std::int64_t> last_seq(const base::BotId& bot) override {
        const auto missing = [] {
            return base::fail(base::ErrorKind::not_found, "There is no such bot.");
        };
        if (!base::is_uuid(bot.text())) return missing();
        return database_.run([&](Sql& sql) -> Result<std::int64_t> {
            const Rows rows = sql.query(select_last_seq, {bot});
            if (rows.empty()) return missing();
            return rows[0].integer(0);
        });
    }

private:
    Database& database_;
};

}  // namespace

std::unique_ptr<EventRepository> make_event_repository(Database& database) {
    return std::make_unique<PgEventRepository>(database);
}

}  // namespace hatchery::store
