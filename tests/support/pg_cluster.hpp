#pragma once

#include <memory>
#include <string>

#include "base/secret.hpp"
#include "store/database.hpp"

namespace hatchery::support {

class PgCluster;

/// One database of its own for a test; dropped at the end.
class TestDatabase {
public:
    TestDatabase(PgCluster& cluster, std::string name);
    ~TestDatabase();
    TestDatabase(const TestDatabase&) = delete;
    TestDatabase& operator=(const TestDatabase&) = delete;

    /// For DATABASE_URL.
    [[nodiscard]] base::Secret url() const;
    /// The same under another role of the cluster.
    [[nodiscard]] base::Secret url_as(const std::string& role, const std::string& password) const;
    /// A pool on it, made at the first use.
    [[nodiscard]] store::Database& pool();
    [[nodiscard]] const std::string& name() const { return name_; }

private:
    PgCluster& cluster_;
    std::string name_;
    std::unique_ptr<store::Database> pool_;
};

/// A throwaway PostgreSQL cluster on a Unix socket that only its user reaches; see
/// tools/private-postgres, which runs it. As root and as an ordinary user. It is removed some
/// seconds after its last process ended, however that ended. Failures throw.
class PgCluster {
public:
    /// The cluster that all test processes of this user share; started by the first of them.
    [[nodiscard]] static PgCluster& shared();
    /// One of this object's own, which may be stopped and restarted.
    [[nodiscard]] static std::unique_ptr<PgCluster> make_private();

    /// A database with all migrations, copied from a template: some 20 ms.
    [[nodiscard]] std::unique_ptr<TestDatabase> create_database();
    /// A database with nothing in it.
    [[nodiscard]] std::unique_ptr<TestDatabase> create_empty_database();
    [[nodiscard]] base::Secret url_of(const std::string& database) const;

    enum class Stop {
        fast,       ///< transactions are rolled back, and everything is written
        immediate,  ///< as a crash of PostgreSQL; what was committed is recovered at the start
    };
    /// Ends all connections, and new ones fail until start().
    void stop(Stop how = Stop::fast);
    void start();

    ~PgCluster();
    PgCluster(const PgCluster&) = delete;
    PgCluster& operator=(const PgCluster&) = delete;

private:
    friend class TestDatabase;
    class Lock;
    PgCluster(std::string folder, const std::string& lock_name, int idle_seconds);
    void drop(const std::string& database) noexcept;
    [[nodiscard]] std::string template_database();
    void execute(const std::string& statement);

    std::string folder_;
    std::string start_lock_path_;
    std::unique_ptr<Lock> users_;
    std::string url_;
    std::string template_;
};

}  // namespace hatchery::support
