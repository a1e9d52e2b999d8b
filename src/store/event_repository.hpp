#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/event.hpp"
#include "store/database.hpp"
#include "store/page.hpp"

namespace hatchery::store {

struct EventQuery {
    base::BotId bot;
    /// Events after this number.
    std::int64_t after = 0;
    /// Given, the last ones before this number, and otherwise the first ones.
    std::optional<std::int64_t> before;
    int limit = 50;
    std::optional<core::StepKind> step;
    /// This level and those above it.
    std::optional<core::EventLevel> level;
    std::optional<core::EventType> type;
    /// Text that the message contains, whatever the case of its letters; empty means all.
    std::string text;
};

/// A line of any bot's.
struct FoundEvent {
    base::BotId bot;
    std::string bot_name;
    core::Event event;
};

/// Which lines of all bots; see EventQuery.
struct EventSearch {
    base::TimePoint now;
    base::TimePoint since;
    std::optional<core::StepKind> step;
    std::optional<core::EventLevel> level;
    std::string text;
    std::optional<std::string> after;
    int limit = 50;
};

/// A bot's events for the API. Thread-safe. Who may read them is the caller's business.
class EventRepository {
public:
    virtual ~EventRepository() = default;
    /// In the order of their numbers.
    [[nodiscard]] virtual base::Result<std::vector<core::Event>> find(const EventQuery& query) = 0;
    /// Newest first, of bots that live. It looks back until it has a page, or through every line
    /// since then: give it as little time as will do. `invalid` for a cursor that is none.
    [[nodiscard]] virtual base::Result<Page<FoundEvent>> search(const EventSearch& search) = 0;
    /// The number of the bot's latest event; zero when it has none. `not_found` for no such bot.
    [[nodiscard]] virtual base::Result<std::int64_t> last_seq(const base::BotId& bot) = 0;
};

/// The statement of one slice of time of a search; for looking at its plan.
[[nodiscard]] const std::string& search_events_statement();

[[nodiscard]] std::unique_ptr<EventRepository> make_event_repository(Database& database);

}  // namespace hatchery::store
