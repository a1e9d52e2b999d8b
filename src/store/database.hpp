#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

struct DatabaseOptions {
    /// A libpq URI or `key=value` text; a password may be in it.
    base::Secret url;
    /// Connections at most; they are opened when first needed.
    int pool_size = 16;
    /// How long a caller waits for a connection before `unavailable`.
    base::Milliseconds lease_timeout{5'000};
    base::Milliseconds connect_timeout{5'000};
    /// Set on every connection; a statement or an idle transaction beyond it is ended by
    /// PostgreSQL.
    base::Milliseconds statement_timeout{15'000};
    base::Milliseconds idle_in_transaction_timeout{15'000};
};

/// A pool of PostgreSQL connections that hands them out first come, first served, and replaces
/// those that died. Thread-safe. Calls block for a free connection and for the database.
///
/// Errors: `unavailable` (no connection, connection lost, shutting down; `effect` is unknown when
/// the loss came after a statement was sent), `conflict` (a unique or foreign key), `timeout`
/// (statement_timeout), `invalid` (text that is no UTF-8), otherwise `internal`; the SQLSTATE is in
/// `code`.
class Database {
public:
    explicit Database(DatabaseOptions options);
    ~Database();
    Database(const Database&) = delete;
    Database& operator=(const Database&) = delete;

    /// Runs `work(Sql&) -> base::Result<T>`; every statement commits by itself.
    template <typename Work>
    auto run(Work&& work) -> std::invoke_result_t<Work, Sql&> {
        return call(Mode::single, std::forward<Work>(work));
    }
    /// The same in one transaction, committed when the result is a value and rolled back when it is
    /// an error. After a deadlock or serialisation failure it is run again, at most twice, so
    /// `work` must not have effects besides.
    template <typename Work>
    auto transact(Work&& work) -> std::invoke_result_t<Work, Sql&> {
        return call(Mode::transaction, std::forward<Work>(work));
    }

    /// Whether a statement gets an answer now.
    [[nodiscard]] base::Result<void> ping();
    /// A connection of its own outside the pool, for locks and long work; without timeouts.
    [[nodiscard]] base::Result<std::unique_ptr<Sql>> open_dedicated();
    /// Connections that are open at the moment, for metrics.
    [[nodiscard]] int open_connections() const;
    [[nodiscard]] const DatabaseOptions& options() const;

private:
    enum class Mode : std::uint8_t { single, transaction };
    [[nodiscard]] base::Result<void> execute(Mode mode,
                                             const std::function<base::Result<void>(Sql&)>& work);
    template <typename Work>
    auto call(Mode mode, Work&& work) -> std::invoke_result_t<Work, Sql&> {
        using Answer = std::invoke_result_t<Work, Sql&>;
        std::optional<Answer> answer;
        const auto done = execute(mode, [&](Sql& sql) -> base::Result<void> {
            answer.emplace(work(sql));
            if (!*answer) return base::fail(answer->error());
            return {};
        });
        if (!done) return base::fail(done.error());
        return std::move(*answer);
    }

    class Pool;
    std::unique_ptr<Pool> pool_;
};

/// Makes the pool without connecting yet, so that a process starts while its database does not
/// answer. `invalid` when the URL cannot be parsed; the message does not repeat it.
[[nodiscard]] base::Result<std::unique_ptr<Database>> make_database(const base::Secret& url,
                                                                    int pool_size);
[[nodiscard]] base::Result<std::unique_ptr<Database>> make_database(DatabaseOptions options);

/// SqlFailure as the Error that callers see.
[[nodiscard]] base::Error to_error(const SqlFailure& failure);

}  // namespace hatchery::store
