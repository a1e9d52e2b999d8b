#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/json_value.hpp"

namespace hatchery::sandbox::telegram {

enum class Speaker : std::uint8_t { user, bot };

/// One thing that was said, or that the bot did to a message (edit, delete, react, answer).
struct TranscriptItem {
    std::uint64_t seq = 0;  ///< Given by the transcript; grows over all bots.
    base::TimePoint at;
    Speaker speaker = Speaker::user;
    std::int64_t chat_id = 0;
    std::optional<std::int64_t> user_id;  ///< Of a user's message.
    std::int64_t message_id = 0;
    std::string text;
    std::string method;   ///< The Bot API method; empty for a user's message.
    base::Json entities;  ///< Null or an array.
    base::Json keyboard;  ///< Null, or the rows of an inline keyboard.

    [[nodiscard]] base::Json to_json() const;
};

/// What was said to and by each bot, the newest 10,000 items of each. Not thread-safe.
class Transcript {
public:
    static constexpr std::size_t max_items = 10'000;

    void add(std::int64_t bot_id, TranscriptItem item);
    /// Items behind `after` in order, at most `limit`. A number from an earlier life of the
    /// sandbox, above all that there are, counts as 0.
    [[nodiscard]] std::vector<TranscriptItem> since(std::int64_t bot_id, std::uint64_t after,
                                                    std::size_t limit) const;
    /// The newest number given; 0 before the first.
    [[nodiscard]] std::uint64_t last_seq() const { return last_seq_; }

private:
    std::map<std::int64_t, std::deque<TranscriptItem>> items_;
    std::uint64_t last_seq_ = 0;
};

}  // namespace hatchery::sandbox::telegram
