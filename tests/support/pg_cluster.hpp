#pragma once

#include <memory>
#include <string>

#include "base/secret.hpp"
#include "store/database.hpp"

namespace hatchery::support {

/// One migrated, empty database of its own for a test; dropped at the end.
class TestDatabase {
public:
    explicit TestDatabase(std::string name);
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    /// For DATABASE_URL.
    [[nodiscard]] base::Secret url() const;
    /// A pool on it, made at the first use.
    [[nodiscard]] store::Database& pool();
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    std::string name_;
    std::unique_ptr<store::Database> pool_;
};

/// A private PostgreSQL cluster of this test binary, on a Unix socket that only its user reaches.
/// Started at the first use; it ends with the process, however that ends. Works as root (PostgreSQL
/// then runs as another user) and as an ordinary user. Without PostgreSQL's programs it throws.
class PgCluster {
public:
    [[nodiscard]] static PgCluster& shared();

    /// A database with all migrations, copied from a template: some 20 ms.
    [[nodiscard]] std::unique_ptr<TestDatabase> create_database();
    /// A database without any.
    [[nodiscard]] std::unique_ptr<TestDatabase> create_empty_database();
    [[nodiscard]] base::Secret url_of(const std::string& database) const;

    /// Ends all connections and starts the server again; for tests of healing.
    void restart();
    /// Stops the server until start(); databases stay.
    void stop();
    void start();

    ~PgCluster();
    PgCluster(const PgCluster&) = delete;
    PgCluster& operator=(const PgCluster&) = delete;

private:
    friend class TestDatabase;
    PgCluster();
    void drop(const std::string& database) noexcept;
    class Server;
    std::unique_ptr<Server> server_;
};

}  // namespace hatchery::support
