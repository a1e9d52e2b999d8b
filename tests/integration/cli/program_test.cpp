#include "program.hpp"

#include <csignal>
#include <functional>

#include "net/curl_transport.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using tests::count;
using tests::Program;

namespace {

int status_of(const std::string& url, const std::string& token = "") {
    const auto http = net::make_curl_transport();
    ports::HttpRequest request{.url = url};
    if (!token.empty()) request.bearer = base::Secret(token);
    const auto response = http->send(request, base::Call::within(5s));
    return response ? response->status : 0;
}

std::string text_of(const std::string& url, const std::string& token = "") {
    const auto http = net::make_curl_transport();
    ports::HttpRequest request{.url = url};
    if (!token.empty()) request.bearer = base::Secret(token);
    const auto response = http->send(request, base::Call::within(5s));
    return response ? response->body : "";
}

/// Asks again and again until it is so; false after twenty seconds.
bool becomes_true(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
    }
    return true;
}

std::string url_in(const std::string& ready_line) {
    const auto at = ready_line.find("http://");
    return at == std::string::npos ? "" : ready_line.substr(at);
}

}  // namespace

TEST_CASE("serve migrates an empty database, says where it is ready, and ends on SIGTERM") {
    Program program;
    const auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    REQUIRE_FALSE(url.empty());
    CHECK(status_of(url + "/readyz") == 200);
    CHECK(status_of(url + "/api/bots") == 401);
    const auto [code, token] = program.run({"token", "create", "--user", "a@example.org"});
    CHECK(code == 0);
    CHECK(status_of(url + "/api/bots", token) == 200);

    program.environment["HATCHERY_API_URL"] = url;
    program.environment["HATCHERY_TOKEN"] = token;
    CHECK(program.run({"bots", "--json"}).second == "[]");
    program.environment["HATCHERY_TOKEN"] = "wrong";
    CHECK(program.run({"bots"}).first == 4);

    CHECK(serve->terminate(10s) == 0);
    CHECK(program.log().find(token) == std::string::npos);
    CHECK(program.log().find("AAAAAAAA") == std::string::npos);
    CHECK(program.run({"bots"}).first == 69);
}

TEST_CASE("serve answers nobody any more after SIGTERM, however slow the database is") {
    Program program;
    program.database = support::PgCluster::shared().create_database();
    program.environment["DATABASE_URL"] = program.database->url().reveal();
    const auto slow = program.database->pool().open_dedicated().value();
    slow->script("BEGIN; LOCK TABLE subscriptions");
    const auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    REQUIRE_FALSE(url.empty());
    // What looks after subscriptions waits for its first answer.
    REQUIRE(becomes_true([&] {
        return !slow->query(
                        "SELECT 1 FROM pg_locks WHERE relation = 'subscriptions'::regclass "
                        "AND NOT granted LIMIT 1")
                    .empty();
    }));
    serve->signal(SIGTERM);
    CHECK(becomes_true([&] { return status_of(url + "/healthz") == 0; }));
    CHECK(serve->running());
    slow->script("ROLLBACK");
    CHECK(serve->wait(10s) == 0);
}

TEST_CASE("several that start at once on an empty database all get ready") {
    Program program;
    const auto one = program.start({"serve"});
    const auto two = program.start({"serve"});
    const auto worker = program.start({"worker"});
    CHECK_FALSE(url_in(one->read_line(20s).value_or("")).empty());
    CHECK_FALSE(url_in(two->read_line(20s).value_or("")).empty());
    CHECK(worker->read_line(20s) == "hatchery worker is ready");
    one->signal(SIGINT);
    CHECK(one->wait(10s) == 0);
    CHECK(two->terminate(10s) == 0);
    CHECK(worker->terminate(10s) == 0);
}

TEST_CASE("serve waits for a database that does not answer yet, and still ends on SIGTERM") {
    Program program;
    program.environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none";
    const auto serve = program.start({"serve"});
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (program.log().find("waiting_for_database") == std::string::npos) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    CHECK(serve->terminate(10s) == 0);
}

TEST_CASE("migrate brings the schema up once, and says when it is current") {
    Program program;
    CHECK(program.run({"migrate"}).second == "applied 0001_initial.sql");
    const auto [code, line] = program.run({"migrate"});
    CHECK(code == 0);
    CHECK(line.find("the schema is current") == 0);
    program.environment["DATABASE_URL"] = "postgresql://nobody@127.0.0.1:1/none";
    CHECK(program.run({"migrate"}).first == 69);
}

TEST_CASE("a migration that fails is in the audit log with its exit code") {
    Program program;
    REQUIRE(program.run({"migrate"}).first == 0);
    const auto query = [&](const char* statement) {
        return program.database->pool()
            .run([&](store::Sql& sql) -> base::Result<std::string> {
                const auto rows = sql.query(statement);
                return rows.empty() ? std::string() : rows[0].text_or_empty(0);
            })
            .value();
    };
    query(
        "INSERT INTO hatchery_migrations (name, checksum) VALUES ('9999_of_a_newer_release.sql', "
        "'x')");
    const int code = program.run({"migrate"}).first;
    CHECK(code != 0);
    CHECK(query("SELECT string_agg(action || ' ' || outcome, ', ' ORDER BY seq) FROM audit_log "
                "WHERE actor = 'operator'") == "migrate 0, migrate " + std::to_string(code));
}

TEST_CASE("a wrong configuration ends with 78 and every problem on standard error") {
    Program program;
    program.environment["PORT"] = "many";
    program.environment["HATCHERY_MASTER_KEY"] = "";
    program.write_dotenv("HATCHERY_WORKERS=none\n");
    for (const char* word : {"serve", "worker"}) {
        CHECK(program.run({word}).first == 78);
    }
    CHECK(program.run({"config", "check"}).first == 78);
    for (const char* name : {"PORT", "HATCHERY_MASTER_KEY", "HATCHERY_WORKERS"}) {
        CHECK(program.log().find(name) != std::string::npos);
    }
}

TEST_CASE("a token request that makes no sense makes no token") {
    Program program;
    for (const auto& words : std::vector<std::vector<std::string>>{
             {"--user", "nobody"},
             {"--user", "a@example.org", "--scopes", "everything"},
             {"--user", "a@example.org", "--expires-in", "0d"},
             {"--user", "a@example.org", "--expires-in", "soon"},
             {"--user", "a@example.org", "--role", "king"},
             {}}) {
        std::vector<std::string> all{"token", "create"};
        all.insert(all.end(), words.begin(), words.end());
        CHECK(program.run(all).first == 2);
    }
}

TEST_CASE("an operator's commands about access take effect at once and are in the audit log") {
    Program program;
    const auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    REQUIRE_FALSE(url.empty());
    // A role that the user does not have gives no scope, and makes no user.
    CHECK(program.run({"token", "create", "--user", "a@example.org", "--scopes", "admin"}).first !=
          0);
    CHECK(program.run({"user", "role", "--user", "a@example.org", "--role", "admin"}).first == 3);
    CHECK(program.run({"token", "create", "--user", "a@example.org"}).first == 0);
    CHECK(program.run({"token", "create", "--user", "a@example.org", "--scopes", "admin"}).first !=
          0);
    CHECK(program.run({"user", "role", "--user", "a@example.org", "--role", "admin"}).second ==
          "a@example.org is admin now");
    const auto token =
        program.run({"token", "create", "--user", "a@example.org", "--scopes", "admin"}).second;
    CHECK(status_of(url + "/api/admin/audit", token) == 200);
    // A role that is named for a user who has another one is no silent wish.
    CHECK(program
              .run({"token", "create", "--user", "a@example.org", "--role", "support", "--scopes",
                    "bots:read"})
              .first == 5);
    const auto listed = program.run({"token", "list", "--user", "A@example.org"});
    CHECK(listed.first == 0);
    CHECK(listed.second.find("admin") != std::string::npos);
    CHECK(listed.second.find(token) == std::string::npos);
    const std::string id = listed.second.substr(0, 36);
    CHECK(program.run({"token", "revoke", id}).first == 0);
    CHECK(status_of(url + "/api/admin/audit", token) == 401);
    CHECK(program.run({"token", "revoke", "019a0000-0000-7000-8000-000000000000"}).first == 3);
    CHECK(program.run({"user", "release", "--user", "a@example.org"}).first == 0);
    CHECK(program.run({"user", "release", "--user", "b@example.org"}).first == 3);
    CHECK(program.run({"keys", "status"}).first == 0);
    CHECK(program.run({"support-bundle", "--output", "-"}).first == 0);
    const auto actions =
        program.database->pool().run([](store::Sql& sql) -> base::Result<std::string> {
            return sql
                .query(
                    "SELECT string_agg(action || ' ' || outcome, ', ' ORDER BY seq) "
                    "FROM audit_log WHERE actor = 'operator' AND actor_name <> '' "
                    "AND action NOT IN ('migrate', 'serve')")[0]
                .text_or_empty(0);
        });
    // Those that failed too, with the exit code.
    CHECK(actions.value() ==
          "token create 2, user role admin 3, token create 0, token create 2, user role admin 0, "
          "token create 0, token create 5, token list 0, token revoke 0, token revoke 3, "
          "user release 0, user release 3, keys status 0, "
          "support-bundle 0");
}

TEST_CASE("commands leave the schema of another version alone and say what to do") {
    Program program;
    REQUIRE(program.run({"migrate"}).first == 0);
    const auto query = [&](const std::string& statement) {
        return program.database->pool()
            .run([&](store::Sql& sql) -> base::Result<std::string> {
                const auto rows = sql.query(statement);
                return rows.empty() ? std::string() : rows[0].text_or_empty(0);
            })
            .value();
    };
    // As the version before left it.
    query("DELETE FROM hatchery_migrations WHERE name LIKE '0015%'");
    const auto before = query("SELECT count(*) FROM hatchery_migrations");
    CHECK(program.run({"keys", "status"}).first == 5);
    CHECK(program.run({"token", "create", "--user", "a@example.org"}).first == 5);
    CHECK(program.log().find("hatchery migrate") != std::string::npos);
    CHECK(query("SELECT count(*) FROM hatchery_migrations") == before);
}

TEST_CASE("the service runs under a role that owns nothing and cannot change the audit log") {
    Program program;
    const std::string role = "service_of_" + program.database->name();
    CHECK(program.run({"migrate", "--service-role", role}).first == 3);
    const auto as_owner = [&](const std::string& statement) {
        return program.database->pool().run([&](store::Sql& sql) -> base::Result<void> {
            sql.script(statement);
            return {};
        });
    };
    REQUIRE(as_owner("CREATE ROLE \"" + role + "\" LOGIN PASSWORD 'service'"));
    REQUIRE(program.run({"migrate", "--service-role", role}).first == 0);
    CHECK(program.run({"migrate", "--service-role", role}).first == 0);
    CHECK(program.run({"migrate", "--service-role", "hatchery"}).first == 5);

    const auto as_service =
        store::make_database(program.database->url_as(role, "service"), 2).value();
    for (const char* statement :
         {"ALTER TABLE audit_log DISABLE TRIGGER audit_log_append_only",
          "DROP TRIGGER audit_log_append_only ON audit_log", "DROP TABLE audit_log",
          "GRANT DELETE ON audit_log TO CURRENT_USER",
          "ALTER TABLE audit_log OWNER TO CURRENT_USER", "UPDATE audit_log SET outcome = 0",
          "DELETE FROM audit_log", "TRUNCATE audit_log", "SET session_replication_role = replica",
          "DELETE FROM hatchery_migrations", "CREATE TABLE mine (a int)"}) {
        INFO(statement);
        const auto done = as_service->run([&](store::Sql& sql) -> base::Result<void> {
            sql.script(statement);
            return {};
        });
        // A grant of what one does not have is a warning and gives nothing.
        if (std::string_view(statement).starts_with("GRANT")) continue;
        REQUIRE_FALSE(done);
        CHECK(done.error().code == "42501");
    }

    program.environment["DATABASE_URL"] = program.database->url_as(role, "service").reveal();
    const auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    REQUIRE_FALSE(url.empty());
    CHECK(status_of(url + "/readyz") == 200);
    const auto [code, token] = program.run({"token", "create", "--user", "a@example.org"});
    CHECK(code == 0);
    CHECK(status_of(url + "/api/bots", token) == 200);
    CHECK(program.run({"token", "list", "--user", "a@example.org"}).first == 0);
    // Nothing that the engine does at its start is refused to it.
    CHECK(program.log().find("permission denied") == std::string::npos);
    CHECK(serve->terminate(10s) == 0);
    REQUIRE(as_owner("DROP OWNED BY \"" + role + "\"; DROP ROLE \"" + role + "\""));
}

TEST_CASE("metrics are served on the admin listener, and to no stranger without one") {
    Program program;
    program.environment["HATCHERY_ADMIN_LISTEN"] = "127.0.0.1:0";
    auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    REQUIRE_FALSE(url.empty());
    std::string admin;
    const auto deadline = std::chrono::steady_clock::now() + 20s;
    while (admin.empty()) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
        const std::string log = program.log();
        const auto line = log.find("event=admin_ready ");
        const auto end = line == std::string::npos ? line : log.find('\n', line);
        if (end != std::string::npos) admin = url_in(log.substr(line, end - line));
    }
    CHECK(status_of(admin + "/metrics") == 200);
    CHECK(status_of(url + "/metrics") == 404);
    CHECK(serve->terminate(10s) == 0);

    // Behind a proxy all callers come from loopback.
    program.environment["HATCHERY_ADMIN_LISTEN"] = "";
    program.environment["HATCHERY_PUBLIC_URL"] = "https://bots.example.com";
    serve = program.start({"serve"});
    const std::string behind_proxy = url_in(serve->read_line(20s).value_or(""));
    CHECK(status_of(behind_proxy + "/readyz") == 200);
    CHECK(status_of(behind_proxy + "/metrics") == 404);
    CHECK(serve->terminate(10s) == 0);
}

TEST_CASE("every process is listed as a worker while it runs, and none afterwards") {
    Program program;
    program.environment["HATCHERY_WORKER_CAPABILITIES"] = R"({"region":"nowhere1"})";
    const auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    REQUIRE_FALSE(url.empty());
    const auto token = program
                           .run({"token", "create", "--user", "a@example.org", "--role", "admin",
                                 "--scopes", "admin"})
                           .second;
    const auto worker = program.start({"worker"});
    CHECK(worker->read_line(20s) == "hatchery worker is ready");
    const auto workers = [&] { return text_of(url + "/api/admin/workers", token); };
    const auto both = workers();
    CHECK(count(both, R"("state":"alive")") == 2);
    CHECK(count(both, R"("region":"nowhere1")") == 2);
    CHECK(count(both, R"("provider":["hetzner"])") == 2);
    CHECK(worker->terminate(10s) == 0);
    CHECK(count(workers(), R"("state":)") == 1);

    program.environment["HATCHERY_API_URL"] = url;
    program.environment["HATCHERY_TOKEN"] = token;
    CHECK(program.run({"workers"}).first == 0);
    const auto [code, line] = program.run({"operations", "--stuck"});
    CHECK(code == 0);
    CHECK(line == "no operation is stuck");
    CHECK(serve->terminate(10s) == 0);
}

TEST_CASE("the scale command gets the number of processes, and no secret") {
    Program program;
    const std::string script = program.write_script("echo \"$@\" >> scaled\nenv >> scaled\n");
    program.environment["HATCHERY_SCALE_COMMAND"] = script + " --group bots";
    const auto serve = program.start({"serve"});
    REQUIRE_FALSE(url_in(serve->read_line(20s).value_or("")).empty());
    CHECK(becomes_true([&] { return count(program.read("scaled"), "PORT=") == 1; }));
    CHECK(program.read("scaled").starts_with("--group bots 1\n"));
    CHECK(count(program.read("scaled"), "HATCHERY_MASTER_KEY") == 0);
    CHECK(serve->terminate(10s) == 0);
}

TEST_CASE("serve without threads serves, and a worker without threads does not start") {
    Program program;
    program.environment["HATCHERY_WORKERS"] = "0";
    const auto serve = program.start({"serve"});
    const std::string url = url_in(serve->read_line(20s).value_or(""));
    CHECK(status_of(url + "/readyz") == 200);
    CHECK(program.run({"worker"}).first == 78);
    CHECK(serve->terminate(10s) == 0);
}

TEST_CASE("a worker tells of itself at its admin listener, and of nothing else") {
    Program program;
    program.environment["HATCHERY_ADMIN_LISTEN"] = "127.0.0.1:0";
    const auto worker = program.start({"worker"});
    CHECK(worker->read_line(20s) == "hatchery worker is ready");
    std::string admin;
    REQUIRE(becomes_true([&] {
        const std::string log = program.log();
        const auto line = log.find("event=admin_ready ");
        const auto end = line == std::string::npos ? line : log.find('\n', line);
        if (end != std::string::npos) admin = url_in(log.substr(line, end - line));
        return !admin.empty();
    }));
    CHECK(status_of(admin + "/readyz") == 200);
    CHECK(status_of(admin + "/api/bots") == 404);
    const auto metrics = text_of(admin + "/metrics");
    CHECK(count(metrics, "hatchery_pool_threads 32\n") == 1);
    CHECK(count(metrics, "hatchery_step_duration_seconds_count") > 1);
    CHECK(worker->terminate(10s) == 0);
}
