#include "web-hooks/hook_directory.hpp"

#include <mutex>
#include <optional>
#include <unordered_map>

namespace hatchery::web_hooks {

namespace {

using std::chrono::seconds;

class StoreHookDirectory final : public HookDirectory {
public:
    StoreHookDirectory(store::BotRepository& bots, ports::FleetStore& fleet, base::Clock& clock)
        : bots_(bots), fleet_(fleet), clock_(clock) {}

    base::Result<HookBot> find(const std::string& public_id) override {
        return find_younger_than(public_id, known_for, unknown_for);
    }

    base::Result<HookBot> find_fresh(const std::string& public_id) override {
        return find_younger_than(public_id, unknown_for, unknown_for);
    }

    void forget(const std::string& public_id) override {
        const std::lock_guard lock(mutex_);
        entries_.erase(public_id);
    }

private:
    struct Entry {
        std::optional<HookBot> bot;
        base::TimePoint read_at;
    };

    static constexpr seconds known_for{10};
    static constexpr seconds unknown_for{1};
    static constexpr std::size_t max_entries = 20'000;

    base::Result<HookBot> find_younger_than(const std::string& public_id, seconds known,
                                            seconds unknown) {
        const auto now = clock_.now();
        {
            const std::lock_guard lock(mutex_);
            const auto it = entries_.find(public_id);
            if (it != entries_.end() &&
                now - it->second.read_at < (it->second.bot ? known : unknown)) {
                if (it->second.bot) return *it->second.bot;
                return base::fail(base::ErrorKind::not_found, "There is no such bot.");
            }
        }
        auto found = read(public_id);
        if (found) {
            remember(public_id, *found, now);
        } else if (found.error().kind == base::ErrorKind::not_found) {
            remember(public_id, std::nullopt, now);
        }
        return found;
    }

    base::Result<HookBot> read(const std::string& public_id) {
        auto bot = bots_.find_by_public_id(public_id);
        if (!bot) return base::fail(std::move(bot).error());
        auto secret = fleet_.secret({.owner = ports::SecretOwner::bot,
                                     .owner_id = bot->id.text(),
                                     .name = ports::secret_name::webhook_secret});
        if (!secret) return base::fail(std::move(secret).error());
        // The bot was read first: a secret that changed meanwhile is newer than the Telegram bot
        // beside it, never older.
        return HookBot{
            .id = bot->id, .telegram_bot_id = bot->telegram_bot_id, .secret = *std::move(secret)};
    }

    void remember(const std::string& public_id, std::optional<HookBot> bot, base::TimePoint now) {
        const std::lock_guard lock(mutex_);
        // Guessed ids must not fill the memory; starting over costs one look-up a living bot.
        if (entries_.size() >= max_entries) entries_.clear();
        entries_[public_id] = Entry{std::move(bot), now};
    }

    store::BotRepository& bots_;
    ports::FleetStore& fleet_;
    base::Clock& clock_;
    std::mutex mutex_;
    std::unordered_map<std::string, Entry> entries_;
};

}  // namespace

std::unique_ptr<HookDirectory> make_hook_directory(store::BotRepository& bots,
                                                   ports::FleetStore& fleet, base::Clock& clock) {
    return std::make_unique<StoreHookDirectory>(bots, fleet, clock);
}

}  // namespace hatchery::web_hooks
