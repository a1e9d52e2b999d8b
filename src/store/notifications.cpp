#include "store/notifications.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <shared_mutex>
#include <thread>

#include "base/log.hpp"
#include "store/connection.hpp"

namespace hatchery::store {

namespace {

using std::chrono::milliseconds;

/// At most one round of NOTIFYs in this time.
constexpr milliseconds bundle_time{5};
constexpr milliseconds first_pause{100};
constexpr milliseconds longest_pause{5'000};
/// A NOTIFY's payload has less than 8000 bytes; an id and its comma have 37.
constexpr std::size_t ids_per_payload = 200;
/// More changed bots than this in one round are told as "anything".
constexpr std::size_t bots_per_round = 2'000;

struct ConnectionDeleter {
    void operator()(PGconn* connection) const { PQfinish(connection); }
};
using NativeConnection = std::unique_ptr<PGconn, ConnectionDeleter>;

NativeConnection connect(const base::Secret& url) {
    NativeConnection connection;
    try {
        connection.reset(PQconnectdb(connection_text(url, {}).c_str()));
    } catch (const SqlFailure&) {
        return nullptr;
    }
    if (PQstatus(connection.get()) != CONNECTION_OK) return nullptr;
    // libpq would print notices to standard error in the middle of the log.
    PQsetNoticeProcessor(connection.get(), [](void*, const char*) {}, nullptr);
    return connection;
}

bool execute(PGconn* connection, const std::string& text) {
    PGresult* result = PQexec(connection, text.c_str());
    const ExecStatusType status = PQresultStatus(result);
    PQclear(result);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK;
}

std::vector<std::string> split_ids(std::string_view payload) {
    std::vector<std::string> ids;
    while (!payload.empty()) {
        const auto comma = payload.find(',');
        ids.emplace_back(payload.substr(0, comma));
        payload = comma == std::string_view::npos ? "" : payload.substr(comma + 1);
    }
    return ids;
}

/// Who wants to hear of what. Calls hold a shared lock, so that removing a subscription waits until
/// no call is under way.
class Subscribers {
public:
    int add(Channel channel, Notifications::Callback callback) {
        const std::unique_lock lock(mutex_);
        callbacks_[++last_] = {channel, std::move(callback)};
        return last_;
    }
    void remove(int id) {
        const std::unique_lock lock(mutex_);
        callbacks_.erase(id);
    }
    void call(Channel channel, const std::vector<std::string>& payloads) {
        const std::shared_lock lock(mutex_);
        for (const auto& [id, entry] : callbacks_) {
            if (entry.first == channel) entry.second(payloads);
        }
    }
    void call_all() {
        for (const auto& [channel, name] : base::EnumNames<Channel>::names) call(channel, {});
    }

private:
    std::shared_mutex mutex_;
    std::map<int, std::pair<Channel, Notifications::Callback>> callbacks_;
    int last_ = 0;
};

class Subscribed final : public Notifications::Subscription {
public:
    Subscribed(Subscribers& subscribers, Channel channel, Notifications::Callback callback)
        : subscribers_(subscribers), id_(subscribers.add(channel, std::move(callback))) {}
    ~Subscribed() override { subscribers_.remove(id_); }
    Subscribed(const Subscribed&) = delete;
    Subscribed& operator=(const Subscribed&) = delete;

private:
    Subscribers& subscribers_;
    int id_;
};

class LocalNotifications : public Notifications {
public:
    void jobs_ready() override { subscribers_.call(Channel::jobs, {}); }
    void bot_changed(const base::BotId& bot) override {
        subscribers_.call(Channel::events, {bot.text()});
    }
    void inbox_filled() override { subscribers_.call(Channel::inbox, {}); }
    std::unique_ptr<Subscription> subscribe(Channel channel, Callback callback) override {
        return std::make_unique<Subscribed>(subscribers_, channel, std::move(callback));
    }
    [[nodiscard]] bool listening() const override { return true; }

protected:
    Subscribers subscribers_;
};

/// What is to be told to the other processes.
struct Outgoing {
    bool jobs = false;
    bool inbox = false;
    std::set<std::string> bots;
    bool any_bot = false;

    [[nodiscard]] bool empty() const { return !jobs && !inbox && bots.empty() && !any_bot; }
    [[nodiscard]] std::string statements() const {
        std::string text;
        if (jobs) text += "SELECT pg_notify('hatchery_jobs', '');";
        if (inbox) text += "SELECT pg_notify('hatchery_inbox', '');";
        if (any_bot) return text + "SELECT pg_notify('hatchery_events', '');";
        for (auto id = bots.begin(); id != bots.end();) {
            std::string payload;
            for (std::size_t i = 0; i < ids_per_payload && id != bots.end(); ++i, ++id) {
                payload += (payload.empty() ? "" : ",") + *id;
            }
            text += "SELECT pg_notify('hatchery_events', '" + payload + "');";
        }
        return text;
    }
};

class PgNotifications final : public LocalNotifications {
public:
    explicit PgNotifications(base::Secret url)
        : url_(std::move(url)),
          wake_listener_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
          notifier_([this](const std::stop_token& stop) { notify_until(stop); }),
          listener_([this](const std::stop_token& stop) { listen_until(stop); }) {}

    ~PgNotifications() override {
        notifier_.request_stop();
        listener_.request_stop();
        (void)eventfd_write(wake_listener_, 1);
        notifier_.join();
        listener_.join();
        close(wake_listener_);
    }
    PgNotifications(const PgNotifications&) = delete;
    PgNotifications& operator=(const PgNotifications&) = delete;

    void jobs_ready() override {
        LocalNotifications::jobs_ready();
        tell([](Outgoing& outgoing) { outgoing.jobs = true; });
    }
    void bot_changed(const base::BotId& bot) override {
        LocalNotifications::bot_changed(bot);
        // It becomes part of a statement's text.
        if (!base::is_uuid(bot.text())) return;
        tell([&](Outgoing& outgoing) {
            if (outgoing.bots.size() < bots_per_round) {
                outgoing.bots.insert(bot.text());
            } else {
                outgoing.any_bot = true;
            }
        });
    }
    void inbox_filled() override {
        LocalNotifications::inbox_filled();
        tell([](Outgoing& outgoing) { outgoing.inbox = true; });
    }
    [[nodiscard]] bool listening() const override { return listening_; }

private:
    template <typename Change>
    void tell(Change&& change) {
        {
            const std::lock_guard lock(mutex_);
            change(outgoing_);
        }
        news_.notify_one();
    }

    void notify_until(const std::stop_token& stop) {
        NativeConnection connection;
        while (!stop.stop_requested()) {
            Outgoing outgoing;
            {
                std::unique_lock lock(mutex_);
                news_.wait(lock, stop, [&] { return !outgoing_.empty(); });
                std::swap(outgoing, outgoing_);
            }
            if (outgoing.empty()) continue;
            send(connection, outgoing);
            std::unique_lock lock(mutex_);
            news_.wait_for(lock, stop, bundle_time, [] { return false; });
        }
    }

    /// A hint that cannot be sent is dropped: others poll.
    void send(NativeConnection& connection, const Outgoing& outgoing) {
        if (connection && execute(connection.get(), outgoing.statements())) return;
        connection = connect(url_);
        if (!connection) return;
        notifier_backend_ = PQbackendPID(connection.get());
        // A NOTIFY takes a transaction number, and with it a wait for the disk, for nothing.
        (void)execute(connection.get(), "SET synchronous_commit = off");
        (void)execute(connection.get(), outgoing.statements());
    }

    void listen_until(const std::stop_token& stop) {
        milliseconds pause = first_pause;
        while (!stop.stop_requested()) {
            NativeConnection connection = connect(url_);
            if (connection && execute(connection.get(),
                                      "LISTEN hatchery_jobs; LISTEN hatchery_events; "
                                      "LISTEN hatchery_inbox; LISTEN hatchery_access")) {
                listening_ = true;
                pause = first_pause;
                // Whatever was said before the LISTEN was missed.
                subscribers_.call_all();
                receive(*connection, stop);
                listening_ = false;
                if (!stop.stop_requested()) {
                    base::log_event(base::LogLevel::warning, "listener_lost_connection");
                }
            }
            wait_for_socket(-1, pause);
            pause = std::min(pause * 2, longest_pause);
        }
    }

    /// Until the connection breaks or the end is asked for.
    void receive(PGconn& connection, const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            wait_for_socket(PQsocket(&connection), milliseconds{60'000});
            if (PQconsumeInput(&connection) == 0) return;
            while (PGnotify* notification = PQnotifies(&connection)) {
                deliver(*notification);
                PQfreemem(notification);
            }
            if (PQstatus(&connection) != CONNECTION_OK) return;
        }
    }

    void deliver(const PGnotify& notification) {
        // What this process sent, its subscribers have heard already.
        if (notification.be_pid == notifier_backend_) return;
        const auto channel = base::parse_enum<Channel>(notification.relname);
        if (channel) subscribers_.call(*channel, split_ids(notification.extra));
    }

    /// Returns when the socket can be read, the end is asked for, or time is up.
    void wait_for_socket(int socket, milliseconds limit) const {
        std::array<pollfd, 2> files{pollfd{.fd = wake_listener_, .events = POLLIN, .revents = 0},
                                    pollfd{.fd = socket, .events = POLLIN, .revents = 0}};
        (void)poll(files.data(), socket < 0 ? 1 : 2, static_cast<int>(limit.count()));
    }

    const base::Secret url_;
    const int wake_listener_;
    std::atomic<bool> listening_{false};
    std::atomic<int> notifier_backend_{0};
    std::mutex mutex_;
    std::condition_variable_any news_;
    Outgoing outgoing_;
    std::jthread notifier_;
    std::jthread listener_;
};

}  // namespace

std::unique_ptr<Notifications> make_notifications(const base::Secret& url) {
    return std::make_unique<PgNotifications>(url);
}

std::unique_ptr<Notifications> make_local_notifications() {
    return std::make_unique<LocalNotifications>();
}

}  // namespace hatchery::store
