#include "store/event_repository.hpp"

#include <algorithm>
#include <limits>

#include "base/encoding.hpp"
#include "core/validate.hpp"
#include "store/line_cursor.hpp"
#include "store/records.hpp"

namespace hatchery::store {

namespace {

using base::Result;

const std::string matching_events = std::string("SELECT") + columns::event + R"(
    FROM events e
    WHERE e.bot_id = $1 AND e.seq > $2::bigint AND e.seq < $3::bigint
      AND ($4::text IS NULL OR e.step = $4)
      AND ($5::text[] IS NULL OR e.level = ANY ($5::text[]))
      AND ($6::text IS NULL OR e.type = $6)
      AND ($7::text = '' OR strpos(lower(e.message), lower($7)) > 0))";
const std::string select_first_events = matching_events + " ORDER BY e.seq LIMIT $8::bigint";
const std::string select_last_events = matching_events + " ORDER BY e.seq DESC LIMIT $8::bigint";
const std::string search_events = std::string("SELECT e.bot_id, b.name,") + columns::event + R"(
    FROM events e JOIN bots b ON b.id = e.bot_id
    WHERE e.at >= $1 AND e.at < COALESCE($2::timestamptz, 'infinity')
      AND b.deleted_at IS NULL
      AND ($3::text IS NULL OR e.step = $3)
      AND ($4::text[] IS NULL OR e.level = ANY ($4::text[]))
      AND ($5::text = '' OR strpos(lower(e.message), lower($5)) > 0)
      AND ($6::timestamptz IS NULL OR (e.at, e.bot_id, e.seq) < ($6::timestamptz, $7::uuid, $8::bigint))
    ORDER BY e.at DESC, e.bot_id DESC, e.seq DESC LIMIT $9::bigint)";
/// A search looks through the latest time first, and then through ever longer times before it:
/// lines are found by time only roughly, and each statement sorts all that it finds.
constexpr std::chrono::minutes first_slice{15};
constexpr int slice_growth = 4;
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
            constexpr auto no_end = std::numeric_limits<std::int64_t>::max();
            const Rows rows = sql.query(
                query.before ? select_last_events : select_first_events,
                {query.bot, query.after, query.before.value_or(no_end), query.step,
                 levels_from(query.level), query.type, base::to_utf8(query.text), query.limit});
            std::vector<core::Event> events;
            for (std::size_t i = 0; i < rows.size(); ++i) events.push_back(read_event(rows[i]));
            if (query.before) std::reverse(events.begin(), events.end());
            return events;
        });
    }

    Result<Page<FoundEvent>> search(const EventSearch& search) override {
        std::optional<LinePlace> place;
        if (search.after) {
            place = read_line_cursor(*search.after);
            if (!place) {
                return base::fail(base::ErrorKind::invalid, "The cursor is none of ours.");
            }
        }
        return database_.run([&](Sql& sql) -> Result<Page<FoundEvent>> {
            Page<FoundEvent> page;
            const auto wanted = static_cast<std::size_t>(search.limit) + 1;
            // A common word is found in the first slice, and a rare one in few more.
            auto slice = first_slice;
            auto top = place ? place->at : search.now;
            std::optional<base::TimePoint> before;
            if (place) before = place->at + std::chrono::microseconds(1);
            while (page.items.size() < wanted && (!before || *before > search.since)) {
                const auto from = std::max(search.since, top - slice);
                search_slice(sql, search, place, {.from = from, .before = before}, wanted, page);
                before = top = from;
                slice *= slice_growth;
            }
            if (page.items.size() == wanted) {
                page.items.pop_back();
                const auto& last = page.items.back();
                page.next =
                    line_cursor({.at = last.event.at, .bot = last.bot, .seq = last.event.seq});
            }
            return page;
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
    struct Slice {
        base::TimePoint from;
        std::optional<base::TimePoint> before;
    };

    static void search_slice(Sql& sql, const EventSearch& search,
                             const std::optional<LinePlace>& place, const Slice& slice,
                             std::size_t wanted, Page<FoundEvent>& page) {
        const auto at = place ? std::optional(place->at) : std::nullopt;
        const auto bot = place ? std::optional(place->bot) : std::nullopt;
        const auto seq = place ? std::optional(std::to_string(place->seq)) : std::nullopt;
        const auto still = static_cast<std::int64_t>(wanted - page.items.size());
        const Rows rows = sql.query(
            search_events, {slice.from, slice.before, search.step, levels_from(search.level),
                            base::to_utf8(search.text), at, bot, seq, still});
        for (std::size_t i = 0; i < rows.size(); ++i) {
            page.items.push_back({.bot = rows[i].id<base::BotId>(0),
                                  .bot_name = rows[i].text(1),
                                  .event = read_event(rows[i], 2)});
        }
    }

    Database& database_;
};

}  // namespace

const std::string& search_events_statement() { return search_events; }

std::unique_ptr<EventRepository> make_event_repository(Database& database) {
    return std::make_unique<PgEventRepository>(database);
}

}  // namespace hatchery::store
