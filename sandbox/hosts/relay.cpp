#include "sandbox/hosts/relay.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include "sandbox/hosts/system.hpp"

namespace hatchery::sandbox {
namespace {

constexpr std::size_t kBufferBytes = 256 * 1024;
/// How much one connection may move before others get their turn.
constexpr int kReadsPerTurn = 8;
constexpr std::size_t kMaxConnections = 4096;
constexpr int kEventsPerTurn = 256;

struct Connection;

/// What an epoll event points at: the wake-up, a listener, or one side of a connection.
struct Watched {
    enum class Kind { wake, listener, side };
    Kind kind = Kind::wake;
};

struct Listener : Watched {
    std::int64_t owner = 0;
    int port = 0;
    UniqueFd socket;
    sockaddr_in target{};
};

struct Side : Watched {
    Connection* connection = nullptr;
    UniqueFd socket;
    /// Read from the other side, not yet written to this one.
    std::string pending;
    bool connecting = false;
    /// The peer sent its end of stream and nothing more will be read.
    bool ended = false;
    /// This side was told that the other one ended.
    bool end_sent = false;
    std::uint32_t watched_events = 0;
    bool in_epoll = false;
};

struct Connection {
    std::int64_t owner = 0;
    Side accepted;
    Side target;
    bool limited = false;
    std::uint64_t bytes_left = 0;
    bool dead = false;

    Side& other(const Side& side) { return &side == &accepted ? target : accepted; }
};

void set_no_delay(int socket) {
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

void close_with_reset(UniqueFd& socket) {
    const linger hard{1, 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    socket.reset();
}

}  // namespace

class Relay::Impl {
public:
    explicit Impl(Log log) : log_(std::move(log)), buffer_(kBufferBytes) {}

    ~Impl() {
        if (thread_.joinable()) {
            post([this] { stopping_ = true; });
            thread_.join();
        }
    }

    Result<void> start(int namespace_fd) {
        epoll_ = UniqueFd(::epoll_create1(EPOLL_CLOEXEC));
        wake_fd_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!epoll_.valid() || !wake_fd_.valid()) {
            return failure(errno_sentence("epoll"));
        }
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &wake_;
        if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, wake_fd_.get(), &event) != 0) {
            return failure(errno_sentence("epoll_ctl"));
        }
        std::promise<Result<void>> entered;
        auto outcome = entered.get_future();
        thread_ = std::thread([this, namespace_fd, &entered] {
            if (namespace_fd >= 0 && ::setns(namespace_fd, CLONE_NEWNET) != 0) {
                entered.set_value(failure(errno_sentence("entering a network namespace")));
                return;
            }
            entered.set_value({});
            loop();
        });
        return outcome.get();
    }

    /// Runs `work` on the relay's thread and waits until it is done.
    void run(std::function<void()> work) {
        std::promise<void> done;
        auto finished = done.get_future();
        post([&] {
            work();
            done.set_value();
        });
        finished.wait();
    }

    void add_listener(std::unique_ptr<Listener> listener) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = static_cast<Watched*>(listener.get());
        ::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, listener->socket.get(), &event);
        listeners_.push_back(std::move(listener));
    }

    void close_listeners(const std::function<bool(const Listener&)>& chosen) {
        for (auto& listener : listeners_) {
            if (chosen(*listener)) {
                // The object stays until the turn's end: an event may still point at it.
                listener->socket.reset();
                dead_listeners_.push_back(std::move(listener));
            }
        }
        std::erase_if(listeners_, [](const auto& listener) { return !listener; });
    }

    void reset_connections(std::int64_t owner) {
        for (auto& connection : connections_) {
            if (owner == 0 || connection->owner == owner) {
                kill(*connection);
            }
        }
    }

    std::atomic<int> cuts_left_{0};
    std::atomic<std::uint64_t> cut_after_bytes_{0};
    std::atomic<int> cut_port_{0};

private:
    void post(std::function<void()> work) {
        {
            const std::lock_guard lock(mutex_);
            work_.push_back(std::move(work));
        }
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_fd_.get(), &one, sizeof one);
    }

    void loop() {
        std::vector<epoll_event> events(kEventsPerTurn);
        while (!stopping_) {
            const int ready = ::epoll_wait(epoll_.get(), events.data(), kEventsPerTurn, -1);
            for (int index = 0; index < ready; ++index) {
                dispatch(events[static_cast<std::size_t>(index)]);
            }
            bury_dead();
        }
        reset_connections(0);
        bury_dead();
    }

    void dispatch(const epoll_event& event) {
        auto* watched = static_cast<Watched*>(event.data.ptr);
        switch (watched->kind) {
            case Watched::Kind::wake:
                run_posted();
                break;
            case Watched::Kind::listener:
                accept_all(static_cast<Listener&>(*watched));
                break;
            case Watched::Kind::side:
                serve(static_cast<Side&>(*watched), event.events);
                break;
        }
    }

    void run_posted() {
        std::uint64_t count = 0;
        [[maybe_unused]] const ssize_t got = ::read(wake_fd_.get(), &count, sizeof count);
        std::deque<std::function<void()>> work;
        {
            const std::lock_guard lock(mutex_);
            work.swap(work_);
        }
        for (auto& item : work) {
            item();
        }
    }

    void accept_all(Listener& listener) {
        while (listener.socket.valid()) {
            UniqueFd accepted(
                ::accept4(listener.socket.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!accepted.valid()) {
                return;
            }
            if (connections_.size() >= kMaxConnections) {
                log_("event=relay_full connections=" + std::to_string(connections_.size()));
                close_with_reset(accepted);
                continue;
            }
            connect_out(listener, std::move(accepted));
        }
    }

    void connect_out(const Listener& listener, UniqueFd accepted) {
        UniqueFd out(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        if (!out.valid()) {
            close_with_reset(accepted);
            return;
        }
        set_no_delay(accepted.get());
        set_no_delay(out.get());
        const int outcome = ::connect(
            out.get(), reinterpret_cast<const sockaddr*>(&listener.target), sizeof listener.target);
        if (outcome != 0 && errno != EINPROGRESS) {
            close_with_reset(accepted);
            return;
        }
        auto connection = std::make_unique<Connection>();
        connection->owner = listener.owner;
        for (Side* side : {&connection->accepted, &connection->target}) {
            side->kind = Watched::Kind::side;
            side->connection = connection.get();
        }
        connection->accepted.socket = std::move(accepted);
        connection->target.socket = std::move(out);
        connection->target.connecting = outcome != 0;
        limit_when_asked(*connection, ntohs(listener.target.sin_port));
        Connection& kept = *connection;
        connections_.push_back(std::move(connection));
        watch(kept);
    }

    void limit_when_asked(Connection& connection, int target_port) {
        if (cuts_left_ > 0 && target_port == cut_port_) {
            --cuts_left_;
            connection.limited = true;
            connection.bytes_left = cut_after_bytes_;
        }
    }

    void serve(Side& side, std::uint32_t events) {
        Connection& connection = *side.connection;
        if (connection.dead) {
            return;
        }
        if ((events & EPOLLERR) != 0) {
            kill(connection);
            return;
        }
        if (side.connecting && (events & EPOLLOUT) != 0) {
            side.connecting = false;
        }
        if ((events & EPOLLOUT) != 0) {
            flush(side);
        }
        if ((events & (EPOLLIN | EPOLLHUP)) != 0 && !connection.dead) {
            pump(side, connection.other(side));
        }
        finish_or_watch(connection);
    }

    void pump(Side& from, Side& to) {
        for (int turn = 0; turn < kReadsPerTurn; ++turn) {
            if (from.ended || to.connecting || !to.pending.empty()) {
                return;
            }
            const ssize_t got = ::read(from.socket.get(), buffer_.data(), buffer_.size());
            if (got < 0) {
                if (errno != EAGAIN && errno != EINTR) {
                    kill(*from.connection);
                }
                return;
            }
            if (got == 0) {
                from.ended = true;
                pass_end_on(to);
                return;
            }
            if (!forward_bytes(to, static_cast<std::size_t>(got))) {
                return;
            }
        }
    }

    /// Writes the buffer's first bytes; keeps what the socket does not take. False when the
    /// connection died.
    bool forward_bytes(Side& to, std::size_t count) {
        Connection& connection = *to.connection;
        if (connection.limited) {
            if (connection.bytes_left < count) {
                kill(connection);
                return false;
            }
            connection.bytes_left -= count;
        }
        const ssize_t written = ::send(to.socket.get(), buffer_.data(), count, MSG_NOSIGNAL);
        if (written < 0 && errno != EAGAIN && errno != EINTR) {
            kill(connection);
            return false;
        }
        const std::size_t taken = written < 0 ? 0 : static_cast<std::size_t>(written);
        to.pending.assign(buffer_.data() + taken, count - taken);
        return true;
    }

    void flush(Side& side) {
        while (!side.pending.empty()) {
            const ssize_t written =
                ::send(side.socket.get(), side.pending.data(), side.pending.size(), MSG_NOSIGNAL);
            if (written < 0) {
                if (errno != EAGAIN && errno != EINTR) {
                    kill(*side.connection);
                }
                return;
            }
            side.pending.erase(0, static_cast<std::size_t>(written));
        }
        pass_end_on(side);
    }

    /// Tells `side` that its other side ended, once all of its data is out.
    void pass_end_on(Side& side) {
        if (side.connection->other(side).ended && side.pending.empty() && !side.end_sent &&
            !side.connecting) {
            side.end_sent = true;
            ::shutdown(side.socket.get(), SHUT_WR);
        }
    }

    void finish_or_watch(Connection& connection) {
        if (connection.dead) {
            return;
        }
        if (connection.accepted.end_sent && connection.target.end_sent) {
            bury(connection);
            return;
        }
        watch(connection);
    }

    void watch(Connection& connection) {
        for (Side* side : {&connection.accepted, &connection.target}) {
            const Side& other = connection.other(*side);
            std::uint32_t wanted = 0;
            if (!side->ended && !side->connecting && !other.connecting && other.pending.empty()) {
                wanted |= EPOLLIN;
            }
            if (side->connecting || !side->pending.empty()) {
                wanted |= EPOLLOUT;
            }
            set_watched(*side, wanted);
        }
    }

    /// A side without interest leaves the set altogether: a hang-up would be reported for ever.
    void set_watched(Side& side, std::uint32_t wanted) {
        if (side.in_epoll && side.watched_events == wanted) {
            return;
        }
        epoll_event event{};
        event.events = wanted;
        event.data.ptr = static_cast<Watched*>(&side);
        int operation = side.in_epoll ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
        if (wanted == 0) {
            if (!side.in_epoll) {
                return;
            }
            operation = EPOLL_CTL_DEL;
        }
        ::epoll_ctl(epoll_.get(), operation, side.socket.get(), &event);
        side.in_epoll = wanted != 0;
        side.watched_events = wanted;
    }

    void kill(Connection& connection) {
        if (connection.dead) {
            return;
        }
        close_with_reset(connection.accepted.socket);
        close_with_reset(connection.target.socket);
        connection.dead = true;
        any_dead_ = true;
    }

    void bury(Connection& connection) {
        connection.accepted.socket.reset();
        connection.target.socket.reset();
        connection.dead = true;
        any_dead_ = true;
    }

    void bury_dead() {
        dead_listeners_.clear();
        if (any_dead_) {
            connections_.remove_if([](const auto& connection) { return connection->dead; });
            any_dead_ = false;
        }
    }

    Log log_;
    UniqueFd epoll_;
    UniqueFd wake_fd_;
    Watched wake_;
    std::vector<char> buffer_;
    std::vector<std::unique_ptr<Listener>> listeners_;
    std::vector<std::unique_ptr<Listener>> dead_listeners_;
    std::list<std::unique_ptr<Connection>> connections_;
    bool any_dead_ = false;
    bool stopping_ = false;
    std::mutex mutex_;
    std::deque<std::function<void()>> work_;
    std::thread thread_;
};

Relay::Relay(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Relay::~Relay() = default;

Result<std::unique_ptr<Relay>> Relay::start(int namespace_fd, Log log) {
    auto impl = std::make_unique<Impl>(std::move(log));
    if (auto started = impl->start(namespace_fd); !started) {
        return failure(started.error());
    }
    return std::unique_ptr<Relay>(new Relay(std::move(impl)));
}

Result<void> Relay::forward(std::int64_t owner, int listen_port, UniqueFd socket,
                            const std::string& target_ipv4, int target_port) {
    auto listener = std::make_unique<Listener>();
    listener->kind = Watched::Kind::listener;
    listener->owner = owner;
    listener->port = listen_port;
    listener->socket = std::move(socket);
    listener->target.sin_family = AF_INET;
    listener->target.sin_port = htons(static_cast<std::uint16_t>(target_port));
    if (::inet_pton(AF_INET, target_ipv4.c_str(), &listener->target.sin_addr) != 1) {
        return failure("'" + target_ipv4 + "' is not an IPv4 address");
    }
    impl_->run([&] { impl_->add_listener(std::move(listener)); });
    return {};
}

void Relay::close_port(std::int64_t owner, int listen_port) {
    impl_->run([&] {
        impl_->close_listeners([&](const Listener& listener) {
            return listener.owner == owner && listener.port == listen_port;
        });
    });
}

void Relay::drop(std::int64_t owner) {
    impl_->run([&] {
        impl_->close_listeners([&](const Listener& listener) { return listener.owner == owner; });
        if (owner != 0) {
            impl_->reset_connections(owner);
        }
    });
}

void Relay::reset_connections(std::int64_t owner) {
    impl_->run([&] { impl_->reset_connections(owner); });
}

void Relay::cut_next(int count, std::uint64_t after_bytes, int target_port) {
    impl_->cut_after_bytes_ = after_bytes;
    impl_->cut_port_ = target_port;
    impl_->cuts_left_ = count;
}

int Relay::cuts_left() const { return impl_->cuts_left_; }

}  // namespace hatchery::sandbox
