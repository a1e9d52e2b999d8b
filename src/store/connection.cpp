#include "store/connection.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <poll.h>
#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <unordered_map>
#include <utility>
#include <vector>

namespace hatchery::store {

namespace {

/// Takes `'` and `\` into a libpq value.
std::string quoted_value(std::string_view value) {
    std::string text = "'";
    for (const char c : value) {
        if (c == '\'' || c == '\\') text.push_back('\\');
        text.push_back(c);
    }
    text.push_back('\'');
    return text;
}

/// Overwrites a text at its end.
class Wiped {
public:
    explicit Wiped(std::string& text) : text_(text) {}
    ~Wiped() { explicit_bzero(text_.data(), text_.size()); }
    Wiped(const Wiped&) = delete;
    Wiped& operator=(const Wiped&) = delete;

private:
    std::string& text_;
};

struct OptionsDeleter {
    void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};

struct ResultDeleter {
    void operator()(PGresult* result) const { PQclear(result); }
};

/// A statement that the server has prepared, with the memory that its parameters are bound to.
struct Prepared {
    Prepared(soci::session& session, std::string_view text, std::size_t parameters)
        : values(parameters), nulls(parameters, soci::i_null), statement(session) {
        statement.alloc();
        for (std::size_t i = 0; i < parameters; ++i) {
            statement.exchange(soci::use(values[i], nulls[i]));
        }
        // SOCI's own `:name` placeholders are not used: `$1` passes its parser untouched and may be
        // named twice.
        statement.prepare(std::string(text));
        statement.define_and_bind();
    }

    [[nodiscard]] soci::postgresql_statement_backend* backend() {
        return static_cast<soci::postgresql_statement_backend*>(statement.get_backend());
    }

    std::vector<std::string> values;
    std::vector<soci::indicator> nulls;
    // Last, so that it is destroyed before the memory that it is bound to.
    soci::statement statement;
};

Rows copy_rows(const PGresult* result, bool binary = false) {
    const int columns = PQnfields(result);
    const int rows = PQntuples(result);
    const char* touched = PQcmdTuples(const_cast<PGresult*>(result));
    Rows copy(columns, touched[0] == '\0' ? 0 : std::atoll(touched),
              static_cast<std::size_t>(columns) * static_cast<std::size_t>(rows),
              PQresultMemorySize(result), binary);
    for (int row = 0; row < rows; ++row) {
        for (int column = 0; column < columns; ++column) {
            if (PQgetisnull(result, row, column) != 0) {
                copy.add(std::nullopt);
            } else {
                copy.add(
                    std::string_view(PQgetvalue(result, row, column),
                                     static_cast<std::size_t>(PQgetlength(result, row, column))));
            }
        }
    }
    return copy;
}

/// libpq would print notices to standard error in the middle of the log.
void ignore_notice(void*, const char*) {}

class SociConnection final : public Connection {
public:
    SociConnection(const base::Secret& url, const ConnectionSettings& settings) {
        // libpq keeps the password for as long as the connection lives; this copy need not.
        std::string text = connection_text(url, settings);
        const Wiped wiped(text);
        try {
            session_.open(soci::postgresql, text);
        } catch (const soci::soci_error& error) {
            throw SqlFailure("08001", reason_without_address(error), true);
        }
        PQsetNoticeProcessor(native(), ignore_notice, nullptr);
        script(fmt::format(
            "SET timezone = 'UTC'; SET statement_timeout = {}; "
            "SET idle_in_transaction_session_timeout = {}",
            settings.statement_timeout.count(), settings.idle_in_transaction_timeout.count()));
    }

    ~SociConnection() override {
        // The server forgets them with the session; destroying them after it would use a freed
        // backend.
        statements_.clear();
    }
    SociConnection(const SociConnection&) = delete;
    SociConnection& operator=(const SociConnection&) = delete;

    using Sql::query;
    Rows query(std::string_view text, std::span<const Param> params) override {
        Prepared& prepared = find(text, params);
        if (std::ranges::any_of(params, &Param::is_binary)) {
            return run_beside_soci(text, prepared, params, false);
        }
        bind(prepared, params);
        const auto* backend = prepared.backend();
        try {
            prepared.statement.execute(true);
        } catch (const std::exception&) {
            // SOCI's exception is of no use: it wants to tell the parameters by name, these have
            // none, and so it becomes std::out_of_range. The answer itself says more, and without
            // the parameters' values.
            Reason reason = reason_of(backend->result_.get_result());
            retire(text);
            fail(reason);
        }
        return copy_rows(backend->result_.get_result());
    }

    using Sql::query_binary;
    Rows query_binary(std::string_view text, std::span<const Param> params) override {
        return run_beside_soci(text, find(text, params), params, true);
    }

    void script(const std::string& text) override {
        refuse_dead();
        // Not through SOCI, whose parser would take `:name` inside a script for a placeholder.
        PGresult* result = PQexec(native(), text.c_str());
        const ExecStatusType status = PQresultStatus(result);
        const Reason reason = reason_of(result);
        PQclear(result);
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) fail(reason);
    }

    bool alive() override {
        if (dead_ || PQstatus(native()) != CONNECTION_OK) return false;
        pollfd socket{.fd = PQsocket(native()), .events = POLLIN, .revents = 0};
        // Nothing is due on an idle connection: what can be read is the server's farewell.
        if (poll(&socket, 1, 0) > 0) {
            if (PQconsumeInput(native()) == 0 || PQstatus(native()) != CONNECTION_OK) return false;
        }
        return true;
    }

    void begin() override { script("BEGIN"); }
    void commit() override {
        script("COMMIT");
        retired_.clear();
    }
    void roll_back() noexcept override {
        try {
            if (!dead_) script("ROLLBACK");
        } catch (...) {
            dead_ = true;
        }
        retired_.clear();
    }

private:
    using Statements = std::map<std::string, std::unique_ptr<Prepared>, std::less<>>;

    [[nodiscard]] PGconn* native() {
        return static_cast<soci::postgresql_session_backend*>(session_.get_backend())->conn_;
    }

    void refuse_dead() const {
        if (dead_) throw SqlFailure("08003", "the connection was lost", true);
    }

    Prepared& prepare(std::string_view text, std::size_t parameters) {
        try {
            auto made = std::make_unique<Prepared>(session_, text, parameters);
            return *statements_.emplace(std::string(text), std::move(made)).first->second;
        } catch (const std::exception&) {
            // The answer to the PREPARE is gone; the connection keeps its message.
            fail({.sqlstate = "", .message = PQerrorMessage(native())});
        }
    }

    /// The statement, prepared, and its parameters looked at.
    Prepared& find(std::string_view text, std::span<const Param> params) {
        refuse_dead();
        const auto found = statements_.find(text);
        Prepared& prepared =
            found != statements_.end() ? *found->second : prepare(text, params.size());
        if (params.size() != prepared.values.size()) {
            throw SqlFailure("", "a statement was called with another number of parameters", false);
        }
        for (const Param& param : params) {
            // Text is handed over as a C string: what follows a NUL would be lost without a word.
            if (param.text() && !param.is_binary() &&
                param.text()->find('\0') != std::string::npos) {
                throw SqlFailure("22021", "text with a NUL character", false);
            }
        }
        return prepared;
    }

    static void bind(Prepared& prepared, std::span<const Param> params) {
        for (std::size_t i = 0; i < params.size(); ++i) {
            const auto& text = params[i].text();
            prepared.nulls[i] = text ? soci::i_ok : soci::i_null;
            if (text) prepared.values[i] = *text;
        }
    }

    /// Runs what SOCI has prepared, but not through SOCI, which knows values as text only.
    Rows run_beside_soci(std::string_view text, Prepared& prepared, std::span<const Param> params,
                         bool binary_rows) {
        std::vector<const char*> values;
        std::vector<int> sizes;
        std::vector<int> formats;
        for (const Param& param : params) {
            values.push_back(param.text() ? param.text()->c_str() : nullptr);
            sizes.push_back(param.text() ? static_cast<int>(param.text()->size()) : 0);
            formats.push_back(param.is_binary() ? 1 : 0);
        }
        const std::unique_ptr<PGresult, ResultDeleter> result(PQexecPrepared(
            native(), prepared.backend()->statementName_.c_str(), static_cast<int>(params.size()),
            values.data(), sizes.data(), formats.data(), binary_rows ? 1 : 0));
        const ExecStatusType status = PQresultStatus(result.get());
        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            const Reason reason = reason_of(result.get());
            retire(text);
            fail(reason);
        }
        return copy_rows(result.get(), binary_rows);
    }

    /// A statement that failed leaks its parameters when it is run again, so it goes; but not
    /// before the transaction's end, since the server takes no DEALLOCATE in a failed one.
    void retire(std::string_view text) {
        const auto found = statements_.find(text);
        if (found == statements_.end()) return;
        if (PQtransactionStatus(native()) == PQTRANS_IDLE) {
            statements_.erase(found);
            return;
        }
        retired_.push_back(std::move(found->second));
        statements_.erase(found);
    }

    struct Reason {
        std::string sqlstate;
        std::string message;
    };

    /// Code and first line; not the details, which repeat values.
    [[nodiscard]] Reason reason_of(const PGresult* result) {
        const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
        const char* message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
        return {.sqlstate = state != nullptr ? state : "",
                .message = message != nullptr ? message : PQerrorMessage(native())};
    }

    [[noreturn]] void fail(const Reason& reason) {
        const bool lost = PQstatus(native()) != CONNECTION_OK ||
                          reason.sqlstate.starts_with("08") ||
                          reason.sqlstate.starts_with("57P0") || reason.sqlstate == "25P03";
        if (lost) dead_ = true;
        throw SqlFailure(reason.sqlstate, reason.message, lost);
    }

    /// Connecting errors name host, port and user, which a log may hold, never the password.
    static std::string reason_without_address(const soci::soci_error& error) {
        return error.get_error_message();
    }

    bool dead_ = false;
    soci::session session_;
    Statements statements_;
    std::vector<std::unique_ptr<Prepared>> retired_;
};

}  // namespace

std::string connection_text(const base::Secret& url, const ConnectionSettings& settings) {
    char* problem = nullptr;
    const std::unique_ptr<PQconninfoOption, OptionsDeleter> options(
        PQconninfoParse(url.reveal().c_str(), &problem));
    PQfreemem(problem);
    if (!options) throw SqlFailure("08001", "the database URL cannot be parsed", false);
    std::map<std::string, std::string> values = {
        {"connect_timeout",
         std::to_string(std::max<long>(2, settings.connect_timeout.count() / 1000))},
        {"application_name", "hatchery"},
        {"client_encoding", "UTF8"},
        {"keepalives_idle", "15"},
        {"keepalives_interval", "5"},
        {"keepalives_count", "3"},
        {"tcp_user_timeout", "20000"},
    };
    for (const auto* option = options.get(); option->keyword != nullptr; ++option) {
        if (option->val != nullptr) values[option->keyword] = option->val;
    }
    std::string text;
    text.reserve(4096);
    for (auto& [key, value] : values) {
        std::string quoted = quoted_value(value);
        const Wiped wiped_quoted(quoted);
        const Wiped wiped(value);
        text.append(key).append("=").append(quoted).append(" ");
    }
    return text;
}

std::unique_ptr<Connection> open_connection(const base::Secret& url,
                                            const ConnectionSettings& settings) {
    return std::make_unique<SociConnection>(url, settings);
}

}  // namespace hatchery::store
