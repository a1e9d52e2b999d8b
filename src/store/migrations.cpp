#include "store/migrations.hpp"

#include <map>
#include <utility>

namespace hatchery::store {

namespace {

/// The key of the advisory lock: "hatchery" as bytes.
constexpr std::int64_t migration_lock = 0x6861746368657279;

constexpr std::string_view table_exists = "SELECT to_regclass('hatchery_migrations') IS NOT NULL";
constexpr std::string_view create_table = R"(
    CREATE TABLE IF NOT EXISTS hatchery_migrations (
        name text PRIMARY KEY,
        checksum text NOT NULL,
        applied_at timestamptz NOT NULL DEFAULT now()
    ))";
constexpr std::string_view applied_files =
    "SELECT name, checksum FROM hatchery_migrations ORDER BY name";
constexpr std::string_view checksum_of_text =
    "SELECT encode(sha256(convert_to($1, 'UTF8')), 'hex')";
constexpr std::string_view note_file =
    "INSERT INTO hatchery_migrations (name, checksum) VALUES ($1, $2)";

using Applied = std::map<std::string, std::string, std::less<>>;

Applied read_applied(Sql& sql) {
    Applied applied;
    const Rows rows = sql.query(applied_files);
    for (std::size_t i = 0; i < rows.size(); ++i) applied[rows[i].text(0)] = rows[i].text(1);
    return applied;
}

std::string checksum(Sql& sql, std::string_view text) {
    return sql.query(checksum_of_text, {text})[0].text(0);
}

/// Whether every applied file is still among ours with the same text.
base::Result<void> check_applied(Sql& sql, const Applied& applied,
                                 std::span<const base::EmbeddedFile> files) {
    Applied rest = applied;
    for (const auto& file : files) {
        const auto found = rest.find(file.name);
        if (found == rest.end()) continue;
        if (found->second != checksum(sql, file.content)) {
            return base::fail(
                base::ErrorKind::conflict,
                "The migration " + found->first + " was changed after this database had run it.",
                "Run the release that made this database, or restore the file.");
        }
        rest.erase(found);
    }
    if (rest.empty()) return {};
    return base::fail(
        base::ErrorKind::conflict,
        "The database was migrated by a newer release: it has " + rest.begin()->first + ".",
        "Run that release or a newer one.");
}

/// Each file and the note of it commit together.
void apply(Sql& sql, const base::EmbeddedFile& file) {
    const std::string sum = checksum(sql, file.content);
    sql.script("BEGIN");
    try {
        sql.script(std::string(file.content));
        (void)sql.query(note_file, {file.name, sum});
        sql.script("COMMIT");
    } catch (const SqlFailure& failure) {
        if (!failure.connection_lost()) sql.script("ROLLBACK");
        throw;
    }
}

base::Result<MigrationReport> migrate_locked(Sql& sql, std::span<const base::EmbeddedFile> files) {
    // Who may only use the schema may not make a table, not even one that is there.
    if (!sql.query(table_exists)[0].boolean(0)) (void)sql.query(create_table);
    const Applied applied = read_applied(sql);
    if (const auto checked = check_applied(sql, applied, files); !checked) {
        return base::fail(checked.error());
    }
    MigrationReport report{.applied = {}, .total = static_cast<int>(files.size())};
    for (const auto& file : files) {
        if (applied.contains(file.name)) continue;
        apply(sql, file);
        report.applied.emplace_back(file.name);
    }
    return report;
}

}  // namespace

base::Result<MigrationReport> migrate(Database& database) {
    return migrate(database, embedded::migrations());
}

base::Result<MigrationReport> migrate(Database& database,
                                      std::span<const base::EmbeddedFile> files) {
    auto connection = database.open_dedicated();
    if (!connection) return base::fail(connection.error());
    try {
        // The lock goes with the connection, so that nobody waits for a process that died.
        (void)(*connection)->query("SELECT pg_advisory_lock($1::bigint)", {migration_lock});
        return migrate_locked(**connection, files);
    } catch (const SqlFailure& failure) {
        base::Error error = to_error(failure);
        error.message = "A migration failed: " + std::string(failure.what());
        if (failure.sqlstate() == "42501") {
            error.next_action =
                "Run `hatchery migrate` with the DATABASE_URL of the role that owns the tables.";
        }
        return base::fail(std::move(error));
    }
}

base::Result<bool> schema_current(Database& database) {
    return database.run([](Sql& sql) -> base::Result<bool> {
        if (!sql.query(table_exists)[0].boolean(0)) return false;
        const Applied applied = read_applied(sql);
        const auto files = embedded::migrations();
        if (applied.size() != files.size()) return false;
        return check_applied(sql, applied, files).has_value();
    });
}

base::Result<void> require_current_schema(Database& database) {
    const auto current = schema_current(database);
    if (!current) return base::fail(current.error());
    if (*current) return {};
    return base::fail(base::ErrorKind::conflict,
                      "The database's schema is not the one of this version.",
                      "Run `hatchery migrate`.");
}

}  // namespace hatchery::store
