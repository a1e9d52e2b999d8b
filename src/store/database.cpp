#include "store/database.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "store/connection.hpp"

namespace hatchery::store {

namespace {

base::ErrorKind kind_of(const SqlFailure& failure) {
    const std::string& state = failure.sqlstate();
    if (failure.connection_lost() || state.starts_with("08") || state.starts_with("53")) {
        return base::ErrorKind::unavailable;
    }
    if (failure.worth_repeating()) return base::ErrorKind::unavailable;
    // 57P01..03: shutting down or starting; 57014: statement_timeout; 25P03: idle too long.
    if (state.starts_with("57P0") || state == "25P03") return base::ErrorKind::unavailable;
    if (state == "57014" || state == "55P03") return base::ErrorKind::timeout;
    if (state == "23505" || state == "23503") return base::ErrorKind::conflict;
    if (state.starts_with("22")) return base::ErrorKind::invalid;
    return base::ErrorKind::internal;
}

std::string sentence_of(base::ErrorKind kind) {
    switch (kind) {
        case base::ErrorKind::unavailable:
            return "The database does not answer.";
        case base::ErrorKind::timeout:
            return "The database took too long.";
        case base::ErrorKind::conflict:
            return "The database has a row that stands against this one.";
        case base::ErrorKind::invalid:
            return "The database does not take this value.";
        default:
            return "The database refused a statement.";
    }
}

/// What PostgreSQL itself says when it refuses a connection, such as `password authentication
/// failed for user "x"`; it never repeats a password. Empty when it said nothing.
std::string refusal_in(const std::string& reason) {
    const auto mark = reason.find("FATAL:");
    if (mark == std::string::npos) return {};
    const auto start = reason.find_first_not_of(' ', mark + 6);
    if (start == std::string::npos) return {};
    return reason.substr(start, reason.find('\n', start) - start);
}

/// A statement of ours that PostgreSQL does not take is a bug: the log has to say which.
void log_if_ours(const base::Error& error, const SqlFailure& failure) {
    if (error.kind != base::ErrorKind::internal) return;
    base::log_event(base::LogLevel::error, "statement_refused",
                    {{"sqlstate", failure.sqlstate()}, {"reason", std::string(failure.what())}});
}

}  // namespace

base::Error to_error(const SqlFailure& failure) {
    const base::ErrorKind kind = kind_of(failure);
    base::Error error{.kind = kind, .message = sentence_of(kind), .code = failure.sqlstate()};
    if (kind == base::ErrorKind::unavailable) {
        error.next_action = "Check DATABASE_URL, and whether PostgreSQL runs there.";
        if (const auto why = refusal_in(failure.what()); !why.empty()) {
            error.message = "The database refuses the connection: " + why + ".";
        }
    }
    error.context.emplace_back("reason", failure.what());
    return error;
}

/// Connections and those who wait for one, in the order in which they came.
class Database::Pool {
public:
    explicit Pool(DatabaseOptions options) : options_(std::move(options)) {}

    /// Gives its connection back at the end, or forgets it when it died.
    class Lease {
    public:
        Lease(Pool& pool, std::unique_ptr<Connection> connection)
            : pool_(pool), connection_(std::move(connection)) {}
        ~Lease() { pool_.give_back(std::move(connection_)); }
        Lease(const Lease&) = delete;
        Lease& operator=(const Lease&) = delete;
        Connection& operator*() { return *connection_; }

    private:
        Pool& pool_;
        std::unique_ptr<Connection> connection_;
    };

    /// Throws SqlFailure when none is free in time or none can be opened.
    [[nodiscard]] Lease lease() {
        std::unique_ptr<Connection> connection = wait_for_turn();
        if (connection && !connection->alive()) {
            connection.reset();
            drop_idle();
        }
        if (!connection) {
            try {
                connection = open();
            } catch (...) {
                give_back(nullptr);
                throw;
            }
        }
        return {*this, std::move(connection)};
    }

    [[nodiscard]] std::unique_ptr<Connection> open() const {
        return open_connection(
            options_.url, {.connect_timeout = options_.connect_timeout,
                           .statement_timeout = options_.statement_timeout,
                           .idle_in_transaction_timeout = options_.idle_in_transaction_timeout});
    }

    [[nodiscard]] int open_connections() const {
        const std::lock_guard lock(mutex_);
        return in_use_ + static_cast<int>(idle_.size());
    }
    [[nodiscard]] const DatabaseOptions& options() const { return options_; }

private:
    /// One caller in the queue; `granted` is set by whoever gives its place to it.
    struct Waiter {
        std::condition_variable turn;
        bool granted = false;
        std::unique_ptr<Connection> connection;
    };

    /// The right to a connection, with an idle one if there is any. A freed connection goes to the
    /// first in the queue and never past it: otherwise a busy thread takes it back again and again.
    std::unique_ptr<Connection> wait_for_turn() {
        std::unique_lock lock(mutex_);
        if (waiting_.empty() && in_use_ < options_.pool_size) {
            ++in_use_;
            return take_idle();
        }
        Waiter waiter;
        waiting_.push_back(&waiter);
        waiter.turn.wait_for(lock, options_.lease_timeout, [&] { return waiter.granted; });
        if (!waiter.granted) {
            std::erase(waiting_, &waiter);
            throw SqlFailure("53300", "no database connection became free in time", false);
        }
        return std::move(waiter.connection);
    }

    void give_back(std::unique_ptr<Connection> connection) noexcept {
        if (connection && !connection->alive()) connection.reset();
        const std::lock_guard lock(mutex_);
        if (!waiting_.empty()) {
            Waiter* next = waiting_.front();
            waiting_.pop_front();
            next->connection = connection ? std::move(connection) : take_idle();
            next->granted = true;
            next->turn.notify_one();
            return;
        }
        --in_use_;
        if (connection) idle_.push_back(std::move(connection));
    }

    std::unique_ptr<Connection> take_idle() {
        if (idle_.empty()) return nullptr;
        auto connection = std::move(idle_.back());
        idle_.pop_back();
        return connection;
    }

    /// One dead connection says that the server went away: the idle ones are looked at, too.
    void drop_idle() {
        std::vector<std::unique_ptr<Connection>> dead;
        const std::lock_guard lock(mutex_);
        for (auto& connection : idle_) {
            if (!connection->alive()) dead.push_back(std::move(connection));
        }
        std::erase(idle_, nullptr);
    }

    const DatabaseOptions options_;
    mutable std::mutex mutex_;
    std::vector<std::unique_ptr<Connection>> idle_;
    std::deque<Waiter*> waiting_;
    int in_use_ = 0;
};

Database::Database(DatabaseOptions options) : pool_(std::make_unique<Pool>(std::move(options))) {}
Database::~Database() = default;

int Database::open_connections() const { return pool_->open_connections(); }
const DatabaseOptions& Database::options() const { return pool_->options(); }

namespace {

base::Result<void> run_in_transaction(Connection& connection,
                                      const std::function<base::Result<void>(Sql&)>& work) {
    connection.begin();
    try {
        auto done = work(connection);
        if (!done) {
            connection.roll_back();
            return done;
        }
    } catch (...) {
        connection.roll_back();
        throw;
    }
    connection.commit();
    return {};
}

}  // namespace

base::Result<void> Database::execute(Mode mode,
                                     const std::function<base::Result<void>(Sql&)>& work) {
    constexpr int tries = 3;
    constexpr std::chrono::milliseconds repeat_pause{50};
    for (int attempt = 1;; ++attempt) {
        bool leased = false;
        try {
            auto lease = pool_->lease();
            leased = true;
            if (mode == Mode::single) return work(*lease);
            return run_in_transaction(*lease, work);
        } catch (const SqlFailure& failure) {
            if (failure.worth_repeating() && attempt < tries) {
                // The other transaction goes first: at once, the two would meet again.
                std::this_thread::sleep_for(attempt * repeat_pause);
                continue;
            }
            base::Error error = to_error(failure);
            // What was sent before the connection broke may have been committed.
            if (leased && failure.connection_lost()) error.effect = base::Effect::unknown;
            log_if_ours(error, failure);
            return base::fail(std::move(error));
        }
    }
}

base::Result<void> Database::ping() {
    return run([](Sql& sql) -> base::Result<void> {
        (void)sql.query("SELECT 1");
        return {};
    });
}

base::Result<std::unique_ptr<Sql>> Database::open_dedicated() {
    try {
        return open_connection(options().url, {.connect_timeout = options().connect_timeout});
    } catch (const SqlFailure& failure) {
        return base::fail(to_error(failure));
    }
}

base::Result<std::unique_ptr<Database>> make_database(const base::Secret& url, int pool_size) {
    return make_database(DatabaseOptions{.url = url, .pool_size = pool_size});
}

base::Result<std::unique_ptr<Database>> make_database(DatabaseOptions options) {
    try {
        (void)connection_text(options.url, {});
    } catch (const SqlFailure&) {
        return base::fail(base::ErrorKind::invalid, "The database URL cannot be parsed.",
                          "Set DATABASE_URL to postgresql://user:password@host:port/name.");
    }
    if (options.pool_size < 1) {
        return base::fail(base::ErrorKind::invalid, "The database pool needs a connection.");
    }
    return std::make_unique<Database>(std::move(options));
}

}  // namespace hatchery::store
