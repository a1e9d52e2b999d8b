// The side of BotWorld that people and tests use: speaking, listening, looking in.
#include <algorithm>
#include <utility>

#include "sandbox/telegram/bot_world.hpp"
#include "sandbox/telegram/markup.hpp"
#include "sandbox/telegram/methods.hpp"

namespace hatchery::sandbox::telegram {
namespace {

constexpr std::size_t max_items = 500;

base::Json active_actions(const Bot& bot, base::TimePoint now) {
    base::Json active = base::Json::array();
    for (const auto& [chat_id, chat] : bot.chats) {
        if (!chat.action || chat.action->until <= now) continue;
        active.push_back({{"chatId", chat_id},
                          {"action", chat.action->name},
                          {"until", base::format_time(chat.action->until)}});
    }
    return {{"version", bot.action_version}, {"active", active}};
}

/// A bot counts as polling until it has been silent for longer than the longest poll.
const char* mode_of(const Bot& bot, base::TimePoint now) {
    if (!bot.webhook.url.empty()) return "webhook";
    return bot.last_poll && now - *bot.last_poll < std::chrono::seconds(60) ? "polling" : "none";
}

base::Json webhook_summary(const Bot& bot) {
    if (bot.webhook.url.empty()) return nullptr;
    base::Json out{{"url", bot.webhook.url},
                   {"maxConnections", bot.webhook.max_connections},
                   {"hasSecret", !bot.webhook.secret_token.empty()},
                   {"lastErrorAt", nullptr},
                   {"lastErrorMessage", nullptr}};
    if (bot.last_error) {
        out["lastErrorAt"] = base::format_time(bot.last_error->at);
        out["lastErrorMessage"] = bot.last_error->message;
    }
    return out;
}

}  // namespace

base::Json BotWorld::check_name(const BotName& name) {
    const Lock lock(mutex_);
    if (name.token.empty()) {
        if (!name.bot_id) {
            return {{"field", "token"}, {"message", "A token or a botId is needed."}};
        }
        return bots_.contains(*name.bot_id)
                   ? base::Json()
                   : base::Json{{"field", "botId"}, {"message", "No bot has this id."}};
    }
    const auto token = parse_bot_token(name.token);
    if (!token) return {{"field", "token"}, {"message", "This is no bot token."}};
    return admit(*token) != nullptr
               ? base::Json()
               : base::Json{{"field", "token"}, {"message", "The bot has another token."}};
}

Chat& BotWorld::enter_chat(Bot& bot, std::int64_t chat_id, std::int64_t user_id,
                           const std::string& first_name) {
    Chat& chat = bot.chats[chat_id];
    chat.id = chat_id;
    ChatUser& user = chat.members[user_id];
    user.id = user_id;
    if (!first_name.empty() || user.first_name.empty()) {
        user.first_name = first_name.empty() ? "User " + std::to_string(user_id) : first_name;
    }
    user.username = "user_" + std::to_string(user_id);
    return chat;
}

std::int64_t BotWorld::queue_update(Bot& bot, std::int64_t chat_id, const std::string& kind,
                                    base::Json content) {
    if (!bot.wants(kind)) return 0;
    const std::int64_t update_id = bot.next_update_id++;
    bot.queue.push(update_id, chat_id, {{"update_id", update_id}, {kind, std::move(content)}},
                   clock_->now());
    return update_id;
}

SpokenResult BotWorld::say(const BotName& name, const UserMessage& said) {
    const Lock lock(mutex_);
    Bot* bot = named_bot(name);
    if (bot == nullptr) return {};
    const auto now = clock_->now();
    Chat& chat = enter_chat(*bot, said.chat_id, said.user_id, said.first_name);
    const std::int64_t message_id = bot->next_message_id++;
    base::Json message{{"message_id", message_id},
                       {"from", user_json(chat.members.at(said.user_id))},
                       {"chat", chat.to_json()},
                       {"date", to_unix_seconds(now)},
                       {"text", said.text}};
    base::Json entities = find_typed_entities(said.text);
    if (!entities.empty()) message["entities"] = entities;
    const auto replied = chat.messages.find(said.reply_to_message);
    if (replied != chat.messages.end()) {
        message["reply_to_message"] = replied->second;
        message["reply_to_message"].erase("reply_to_message");
    }
    remember_message(chat, message_id, message);
    transcript_.add(bot->id, TranscriptItem{.at = now,
                                            .speaker = Speaker::user,
                                            .chat_id = said.chat_id,
                                            .user_id = said.user_id,
                                            .message_id = message_id,
                                            .text = said.text,
                                            .entities = std::move(entities)});
    const auto update_id = queue_update(*bot, said.chat_id, "message", std::move(message));
    announce();
    return {.update_id = update_id, .message_id = message_id};
}

SpokenResult BotWorld::press(const BotName& name, const ButtonPress& press) {
    const Lock lock(mutex_);
    Bot* bot = named_bot(name);
    if (bot == nullptr) return {};
    Chat& chat = enter_chat(*bot, press.chat_id, press.user_id, {});
    const auto message = chat.messages.find(press.message_id);
    if (message == chat.messages.end()) return {};
    base::Json query{{"id", std::to_string(bot->next_update_id)},
                     {"from", user_json(chat.members.at(press.user_id))},
                     {"message", message->second},
                     {"chat_instance", std::to_string(press.chat_id)},
                     {"data", press.data}};
    const auto update_id = queue_update(*bot, press.chat_id, "callback_query", std::move(query));
    announce();
    return {.update_id = update_id, .message_id = press.message_id};
}

base::Json BotWorld::messages(const BotName& name, std::uint64_t after, std::chrono::seconds wait,
                              std::optional<std::uint64_t> after_action) {
    Lock lock(mutex_);
    Bot* bot = named_bot(name);
    if (bot == nullptr) return nullptr;
    if (after > transcript_.last_seq()) after = 0;
    const auto deadline = clock_->now() + wait;
    std::vector<TranscriptItem> items;
    while (true) {
        items = transcript_.since(bot->id, after, max_items);
        const bool acted = after_action && bot->action_version != *after_action;
        if (!items.empty() || acted || stopping_ || !wait_for_change(lock, deadline)) break;
    }
    base::Json list = base::Json::array();
    for (const auto& item : items) list.push_back(item.to_json());
    return {{"items", list},
            {"next", items.empty() ? after : items.back().seq},
            {"actions", active_actions(*bot, clock_->now())}};
}

base::Json BotWorld::bots() {
    const Lock lock(mutex_);
    base::Json list = base::Json::array();
    const auto now = clock_->now();
    for (auto& [bot_id, bot] : bots_) {
        bot.queue.expire(now);
        base::Json chats = base::Json::array();
        for (const auto& [chat_id, chat] : bot.chats) {
            base::Json users = base::Json::array();
            for (const auto& [user_id, user] : chat.members) users.push_back(user_id);
            chats.push_back({{"chatId", chat_id}, {"userIds", users}});
        }
        list.push_back({{"botId", bot_id},
                        {"username", bot.username()},
                        {"firstName", bot.first_name()},
                        {"mode", mode_of(bot, now)},
                        {"webhook", webhook_summary(bot)},
                        {"pendingUpdates", bot.queue.size()},
                        {"chats", chats}});
    }
    return {{"items", list}, {"next", nullptr}};
}

base::Json BotWorld::requests() const {
    const Lock lock(mutex_);
    base::Json bots = base::Json::object();
    base::Json total = base::Json::object();
    for (const auto& [bot, methods] : calls_) {
        for (const auto& [method, count] : methods) {
            bots[bot][method] = count;
            total[method] = base::json_int(total, method) + static_cast<long long>(count);
        }
    }
    return {{"bots", bots}, {"total", total}};
}

base::Json BotWorld::faults() const {
    const Lock lock(mutex_);
    return faults_.to_json();
}

void BotWorld::set_faults(TelegramFaults faults) {
    const Lock lock(mutex_);
    faults_ = std::move(faults);
    announce();
}

}  // namespace hatchery::sandbox::telegram
