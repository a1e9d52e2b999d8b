#pragma once

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/error.hpp"
#include "base/ids.hpp"

namespace hatchery::store {

/// A statement that the database refused, or a connection that was lost. Thrown inside this
/// folder only; Database::run and Database::transact translate it into an Error.
class SqlFailure : public std::runtime_error {
public:
    SqlFailure(std::string sqlstate, const std::string& message, bool connection_lost)
        : std::runtime_error(message),
          sqlstate_(std::move(sqlstate)),
          connection_lost_(connection_lost) {}

    [[nodiscard]] const std::string& sqlstate() const { return sqlstate_; }
    [[nodiscard]] bool connection_lost() const { return connection_lost_; }
    /// A serialisation failure or deadlock: the whole transaction may be run again.
    [[nodiscard]] bool worth_repeating() const {
        return sqlstate_ == "40001" || sqlstate_ == "40P01";
    }

private:
    std::string sqlstate_;
    bool connection_lost_;
};

/// One parameter of a statement, as PostgreSQL's text form; empty optional is NULL.
class Param {
public:
    Param(std::nullopt_t) {}                                     // NOLINT(*-explicit-*)
    Param(std::string text) : text_(std::move(text)) {}          // NOLINT(*-explicit-*)
    Param(std::string_view text) : text_(std::string(text)) {}   // NOLINT(*-explicit-*)
    Param(const char* text) : text_(text) {}                     // NOLINT(*-explicit-*)
    Param(int value) : text_(std::to_string(value)) {}           // NOLINT(*-explicit-*)
    Param(std::int64_t value) : text_(std::to_string(value)) {}  // NOLINT(*-explicit-*)
    Param(bool value) : text_(value ? "true" : "false") {}       // NOLINT(*-explicit-*)
    Param(base::TimePoint time);                                 // NOLINT(*-explicit-*)
    template <typename Tag>
    Param(const base::Id<Tag>& id) {  // NOLINT(*-explicit-*)
        if (!id.empty()) text_ = id.text();
    }
    template <typename T>
    Param(const std::optional<T>& value) {  // NOLINT(*-explicit-*)
        if (value) text_ = Param(*value).text_;
    }
    template <typename E>
        requires std::is_enum_v<E>
    Param(E value) : text_(std::string(base::to_text(value))) {}  // NOLINT(*-explicit-*)

    /// A value in the binary form of its type, see BinaryArray.
    [[nodiscard]] static Param binary(std::string bytes) {
        Param param(std::move(bytes));
        param.is_binary_ = true;
        return param;
    }

    /// The value's text, or its bytes if it is binary; nothing is NULL.
    [[nodiscard]] const std::optional<std::string>& text() const { return text_; }
    [[nodiscard]] bool is_binary() const { return is_binary_; }

private:
    std::optional<std::string> text_;
    bool is_binary_ = false;
};

/// From where a timestamptz counts microseconds in its binary form.
inline constexpr base::TimePoint binary_time_origin{
    std::chrono::sys_days(std::chrono::year{2000} / std::chrono::January / 1)};

/// The text of an array parameter: `{"a","b"}`.
[[nodiscard]] std::string array_text(std::span<const std::string> elements);
[[nodiscard]] std::string array_text(std::span<const std::int64_t> elements);
/// The same of parameters, which may be NULL.
[[nodiscard]] std::string array_text(std::span<const Param> elements);
/// Elements of a one-dimensional array as PostgreSQL prints it.
[[nodiscard]] std::vector<std::string> parse_array(std::string_view text);

/// Rows of a result, copied out of it: a table of values, all in the form of text or all in the
/// binary form of their types (integers, boolean, timestamptz, uuid, and text and json, which are
/// alike in both; not jsonb and numeric). Accessors throw SqlFailure when a value is NULL or not
/// what it should be, since that is a mistake of ours and not of the caller's.
class Rows {
public:
    class Row {
    public:
        Row(const Rows& rows, std::size_t index) : rows_(rows), index_(index) {}
        [[nodiscard]] bool null(int column) const { return !value(column).has_value(); }
        [[nodiscard]] std::string text(int column) const { return std::string(present(column)); }
        [[nodiscard]] std::optional<std::string> optional_text(int column) const {
            const auto text = value(column);
            return text ? std::optional<std::string>(*text) : std::nullopt;
        }
        /// The text, or an empty one for NULL.
        [[nodiscard]] std::string text_or_empty(int column) const {
            return std::string(value(column).value_or(std::string_view()));
        }
        [[nodiscard]] std::int64_t integer(int column) const;
        [[nodiscard]] bool boolean(int column) const;
        [[nodiscard]] base::TimePoint time(int column) const;
        [[nodiscard]] std::optional<base::TimePoint> optional_time(int column) const;
        template <typename AnyId>
        [[nodiscard]] AnyId id(int column) const {
            return AnyId(id_text(column));
        }
        template <typename E>
        [[nodiscard]] E enumerator(int column) const {
            if (const auto parsed = base::parse_enum<E>(present(column))) return *parsed;
            throw SqlFailure("", "unknown enumerator in the database: " + text(column), false);
        }
        template <typename E>
        [[nodiscard]] std::optional<E> optional_enumerator(int column) const {
            if (null(column)) return std::nullopt;
            return enumerator<E>(column);
        }

    private:
        /// Lives as long as the rows.
        [[nodiscard]] std::optional<std::string_view> value(int column) const;
        [[nodiscard]] std::string_view present(int column) const;
        /// Of a number in binary form, with its sign.
        [[nodiscard]] std::int64_t big_endian(int column) const;
        [[nodiscard]] std::string id_text(int column) const;
        const Rows& rows_;
        std::size_t index_;
    };

    Rows() = default;
    /// Without rows yet; `cells` and `bytes` are about how much add() will bring.
    Rows(int columns, std::int64_t affected, std::size_t cells, std::size_t bytes, bool binary)
        : columns_(columns), affected_(affected), binary_(binary) {
        cells_.reserve(cells);
        bytes_.reserve(bytes);
    }
    /// Adds the next value, row by row; nothing is NULL.
    void add(std::optional<std::string_view> value) {
        cells_.push_back({.begin = bytes_.size(), .size = value ? value->size() : null_size});
        if (value) bytes_ += *value;
    }

    [[nodiscard]] std::size_t size() const {
        return columns_ == 0 ? 0 : cells_.size() / static_cast<std::size_t>(columns_);
    }
    [[nodiscard]] bool empty() const { return size() == 0; }
    [[nodiscard]] Row operator[](std::size_t index) const { return {*this, index}; }
    /// Rows that an INSERT, UPDATE or DELETE touched.
    [[nodiscard]] std::int64_t affected() const { return affected_; }

private:
    static constexpr std::size_t null_size = std::string::npos;
    /// Where a value lies in bytes_.
    struct Cell {
        std::size_t begin;
        std::size_t size;
    };

    int columns_ = 0;
    std::int64_t affected_ = 0;
    bool binary_ = false;
    // All values in one piece: a claim of hundreds of jobs has thousands of them.
    std::vector<Cell> cells_;
    std::string bytes_;
};

/// One connection, used by one thread at a time. Statements use PostgreSQL's own `$1` placeholders
/// and are prepared once for each connection; the statement's text is the key.
class Sql {
public:
    virtual ~Sql() = default;
    /// Runs a prepared statement; throws SqlFailure.
    virtual Rows query(std::string_view statement, std::span<const Param> params) = 0;
    Rows query(std::string_view statement, std::initializer_list<Param> params = {}) {
        return query(statement, std::span<const Param>(params.begin(), params.size()));
    }
    /// The same with the values in binary form, for statements that answer many rows often.
    virtual Rows query_binary(std::string_view statement, std::span<const Param> params) = 0;
    Rows query_binary(std::string_view statement, std::initializer_list<Param> params) {
        return query_binary(statement, std::span<const Param>(params.begin(), params.size()));
    }
    /// Runs a script of several statements as it stands; throws SqlFailure.
    virtual void script(const std::string& text) = 0;
};

}  // namespace hatchery::store
