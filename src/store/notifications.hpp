#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"

namespace hatchery::store {

/// What the store says after it has committed something, so that nobody needs to poll for it. Hints
/// may be lost; polling is the guarantee. Thread-safe; calls neither block nor fail.
class Hints {
public:
    virtual ~Hints() = default;
    /// A job can be claimed.
    virtual void jobs_ready() = 0;
    /// The bot has new events, or its state changed.
    virtual void bot_changed(const base::BotId& bot) = 0;
    /// The webhook inbox has an update to deliver.
    virtual void inbox_filled() = 0;
};

/// Says nothing to nobody.
class NoHints final : public Hints {
public:
    void jobs_ready() override {}
    void bot_changed(const base::BotId&) override {}
    void inbox_filled() override {}
};

enum class Channel : std::uint8_t {
    jobs,
    events,
    inbox,
    /// Tokens, roles or sessions have changed; told by triggers, see
    /// migrations/0015_access_of_whom.sql.
    access,
};

/// Hints between threads of this process at once, and between processes by LISTEN and NOTIFY.
/// NOTIFYs are sent outside every transaction from a connection of their own, bundled, at most one
/// round every few milliseconds: a NOTIFY inside a commit would make all commits queue. The
/// listener reconnects by itself, and after each reconnect calls every subscriber, for what it may
/// have missed. Thread-safe.
class Notifications : public Hints {
public:
    /// Payloads are bot ids for Channel::events and user ids for Channel::access, where an empty
    /// list means "anything may have changed"; they are empty for the others. Called on the thread
    /// that hints or on the listener's: it must be quick and must not subscribe or unsubscribe.
    using Callback = std::function<void(const std::vector<std::string>& payloads)>;

    /// Calls its subscriber until it is destroyed; afterwards no call is under way. It must not
    /// outlive its Notifications.
    class Subscription {
    public:
        virtual ~Subscription() = default;
    };
    [[nodiscard]] virtual std::unique_ptr<Subscription> subscribe(Channel channel,
                                                                  Callback callback) = 0;
    /// Whether the listener's connection stands, for metrics and readiness.
    [[nodiscard]] virtual bool listening() const = 0;
};

/// Starts the two threads; they end with the object. Does not wait for the database.
[[nodiscard]] std::unique_ptr<Notifications> make_notifications(const base::Secret& url);
/// Within this process only, for tests and tools.
[[nodiscard]] std::unique_ptr<Notifications> make_local_notifications();

}  // namespace hatchery::store

template <>
struct hatchery::base::EnumNames<hatchery::store::Channel> {
    using E = hatchery::store::Channel;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::jobs, "hatchery_jobs"},
                                                       {E::events, "hatchery_events"},
                                                       {E::inbox, "hatchery_inbox"},
                                                       {E::access, "hatchery_access"}});
};
