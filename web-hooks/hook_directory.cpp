#include "web-hooks/hook_directory.hpp"

#include <mutex>
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

    bool remembers(const std::string& public_id) const override {
        const std::lock_guard lock(mutex_);
        return bots_known_.contains(public_id);
    }

    void forget(const std::string& public_id) override {
        const std::lock_guard lock(mutex_);
        bots_known_.erase(public_id);
    }

private:
    struct Known {
        HookBot bot;
        base::TimePoint read_at;
    };

    static constexpr seconds known_for{10};
    static constexpr seconds unknown_for{1};
    static constexpr std::size_t max_known = 20'000;
    static constexpr std::size_t max_strangers = 5'000;

    base::Result<HookBot> find_younger_than(const std::string& public_id, seconds known,
                                            seconds unknown) {
        const auto now = clock_.now();
        {
            const std::lock_guard lock(mutex_);
            const auto bot = bots_known_.find(public_id);
            if (bot != bots_known_.end() && now - bot->second.read_at < known) {
                return bot->second.bot;
            }
            const auto stranger = strangers_.find(public_id);
            if (stranger != strangers_.end() && now - stranger->second < unknown) {
                return base::fail(base::ErrorKind::not_found, "There is no such bot.");
            }
        }
        auto found = read(public_id);
        if (found) {
            remember(public_id, *found, now);
        } else if (found.error().kind == base::ErrorKind::not_found) {
            remember_stranger(public_id, now);
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

    void remember(const std::string& public_id, HookBot bot, base::TimePoint now) {
        const std::lock_guard lock(mutex_);
        strangers_.erase(public_id);
        // Starting over costs one look-up a living bot.
        if (bots_known_.size() >= max_known) bots_known_.clear();
        bots_known_.insert_or_assign(public_id, Known{std::move(bot), now});
    }

    /// Guessed ids must neither fill the memory nor drive a living bot out of it.
    void remember_stranger(const std::string& public_id, base::TimePoint now) {
        const std::lock_guard lock(mutex_);
        bots_known_.erase(public_id);
        if (strangers_.size() >= max_strangers) strangers_.clear();
        strangers_.insert_or_assign(public_id, now);
    }

    store::BotRepository& bots_;
    ports::FleetStore& fleet_;
    base::Clock& clock_;
    mutable std::mutex mutex_;
    std::unordered_map<std::string, Known> bots_known_;
    /// Ids that nobody has, and when that was asked.
    std::unordered_map<std::string, base::TimePoint> strangers_;
};

}  // namespace

std::unique_ptr<HookDirectory> make_hook_directory(store::BotRepository& bots,
                                                   ports::FleetStore& fleet, base::Clock& clock) {
    return std::make_unique<StoreHookDirectory>(bots, fleet, clock);
}

}  // namespace hatchery::web_hooks
