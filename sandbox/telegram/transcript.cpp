#include "sandbox/telegram/transcript.hpp"

#include <algorithm>
#include <utility>

namespace hatchery::sandbox::telegram {

base::Json TranscriptItem::to_json() const {
    base::Json out{{"seq", seq},
                   {"at", base::format_time(at)},
                   {"direction", speaker == Speaker::user ? "user" : "bot"},
                   {"chatId", chat_id},
                   {"messageId", message_id},
                   {"text", text},
                   {"method", method.empty() ? base::Json() : base::Json(method)}};
    if (user_id) out["userId"] = *user_id;
    if (entities.is_array() && !entities.empty()) out["entities"] = entities;
    if (keyboard.is_array()) out["keyboard"] = keyboard;
    return out;
}

void Transcript::add(std::int64_t bot_id, TranscriptItem item) {
    item.seq = ++last_seq_;
    auto& items = items_[bot_id];
    items.push_back(std::move(item));
    if (items.size() > max_items) items.pop_front();
}

std::vector<TranscriptItem> Transcript::since(std::int64_t bot_id, std::uint64_t after,
                                              std::size_t limit) const {
    const auto found = items_.find(bot_id);
    if (found == items_.end()) return {};
    const auto& items = found->second;
    if (after > last_seq_) after = 0;
    const auto first =
        std::upper_bound(items.begin(), items.end(), after,
                         [](std::uint64_t seq, const TranscriptItem& i) { return seq < i.seq; });
    const auto count =
        std::min<std::ptrdiff_t>(items.end() - first, static_cast<std::ptrdiff_t>(limit));
    return {first, first + count};
}

}  // namespace hatchery::sandbox::telegram
