#include "config/load.hpp"

#include <algorithm>

#include "support/catch.hpp"

using namespace hatchery::config;

namespace {

const std::string key_a = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
const std::string key_b = "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";

Variables complete_service() {
    return {{"DATABASE_URL", "postgresql://hatchery:pw@db/hatchery"},
            {"HATCHERY_MASTER_KEY", key_a},
            {"HATCHERY_PUBLIC_URL", "https://bots.example.com/"},
            {"HATCHERY_TRUSTED_PROXIES", "127.0.0.1"},
            {"HETZNER_API_TOKEN", "hz-token"}};
}

Loaded load_with(Variables changes, Need need = Need::service) {
    changes.merge(complete_service());
    return load(changes, {}, need);
}

bool complains_about(const Loaded& loaded, const std::string& name) {
    return std::any_of(loaded.problems.begin(), loaded.problems.end(),
                       [&](const Problem& p) { return p.where == name; });
}

}  // namespace

TEST_CASE("a complete environment gives a config with the documented defaults") {
    const Loaded loaded = load_with({});
    CHECK(loaded.problems.empty());
    CHECK(loaded.warnings.empty());
    const Config& config = loaded.config;
    CHECK(config.listen_host == "127.0.0.1");
    CHECK(config.port == 8080);
    CHECK(config.public_url == "https://bots.example.com");
    CHECK(config.lease == std::chrono::seconds(30));
    CHECK(config.deadlines.at(hatchery::core::OperationKind::deploy) == std::chrono::minutes(30));
    CHECK(config.deadlines.size() ==
          hatchery::base::EnumNames<hatchery::core::OperationKind>::names.size());
    CHECK(config.model_aliases.at("claude-opus") == "anthropic/claude-opus-5");
    CHECK(config.model_aliases.at("gemini") == "google/gemini-3.1-pro-preview");
    CHECK(config.hetzner_url == "https://api.hetzner.cloud/v1");
    CHECK(config.digitalocean_url == "https://api.digitalocean.com/v2");
    CHECK(config.ssh_sources == std::vector<std::string>{"0.0.0.0/0", "::/0"});
    CHECK(config.server_telegram_url == config.telegram_url);
    CHECK(config.api_url == "http://127.0.0.1:8080");
    REQUIRE(config.master_keys.size() == 1);
    CHECK(config.master_keys[0].equals(key_a));
}

TEST_CASE("requests that wait have settings of their own") {
    const Loaded usual = load_with({});
    CHECK(usual.config.front.waits == 2'000);
    CHECK(usual.config.front.waits_per_user == 100);
    const Loaded changed =
        load_with({{"HATCHERY_MAX_WAITS", "500"}, {"HATCHERY_MAX_WAITS_PER_USER", "5"}});
    CHECK(changed.problems.empty());
    CHECK(changed.config.front.waits == 500);
    CHECK(changed.config.front.waits_per_user == 5);
    for (const char* wrong : {"0", "-1", "1000001", "many"}) {
        CAPTURE(wrong);
        CHECK(complains_about(load_with({{"HATCHERY_MAX_WAITS", wrong}}), "HATCHERY_MAX_WAITS"));
        CHECK(complains_about(load_with({{"HATCHERY_MAX_WAITS_PER_USER", wrong}}),
                              "HATCHERY_MAX_WAITS_PER_USER"));
    }
}

TEST_CASE("a service behind a proxy that nobody trusts is pointed out") {
    const auto warned = [](const Variables& changes) {
        const Loaded loaded = load_with(changes);
        CHECK(loaded.problems.empty());
        return !loaded.warnings.empty() && loaded.warnings[0].where == "HATCHERY_TRUSTED_PROXIES";
    };
    const std::string name = "HATCHERY_TRUSTED_PROXIES";
    CHECK(warned({{name, ""}}));
    CHECK(warned({{name, ""}, {"HATCHERY_LISTEN", "::1"}}));
    CHECK_FALSE(warned({{name, "127.0.0.1"}}));
    CHECK_FALSE(warned({{name, ""}, {"HATCHERY_LISTEN", "0.0.0.0"}}));
    CHECK_FALSE(warned({{name, ""}, {"HATCHERY_PUBLIC_URL", "https://127.0.0.1:8443"}}));
    CHECK_FALSE(warned({{name, ""}, {"HATCHERY_PUBLIC_URL", "http://127.0.0.1:8080"}}));
}

TEST_CASE("everything that is missing or wrong is said at once") {
    const Loaded loaded =
        load({{"PORT", "http"}, {"HATCHERY_WORKERS", "-1"}, {"HATCHERY_MASTER_KEY", "short"}}, {},
             Need::service);
    for (const char* name : {"PORT", "HATCHERY_WORKERS", "HATCHERY_MASTER_KEY", "DATABASE_URL",
                             "HATCHERY_PUBLIC_URL", "HETZNER_API_TOKEN"}) {
        CAPTURE(name);
        CHECK(complains_about(loaded, name));
    }
    CHECK(loaded.problems.size() == 6);
}

TEST_CASE("each provider needs its own token, and may have the other's besides") {
    const Loaded without = load_with({{"HATCHERY_PROVIDER", "digitalocean"}});
    CHECK(complains_about(without, "DIGITALOCEAN_API_TOKEN"));
    const Loaded with =
        load_with({{"HATCHERY_PROVIDER", "digitalocean"}, {"DIGITALOCEAN_API_TOKEN", "do-token"}});
    CHECK(with.problems.empty());
    CHECK(with.config.hetzner_token.equals("hz-token"));
    CHECK(with.config.region == "fra1");
    CHECK(with.config.server_type == "s-2vcpu-4gb");
    CHECK(load_with({}).config.region == "fsn1");
    CHECK(load_with({}).config.server_type == "cx23");
}

TEST_CASE("sources of SSH are addresses and networks") {
    const Loaded loaded =
        load_with({{"HATCHERY_SSH_SOURCES", "192.0.2.7,198.51.100.0/24,2001:db8::1"}});
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.ssh_sources ==
          std::vector<std::string>{"192.0.2.7/32", "198.51.100.0/24", "2001:db8::1/128"});
}

TEST_CASE("a wrong value is refused with what would be right") {
    struct Row {
        const char* name;
        const char* value;
    };
    const Row rows[] = {
        {"PORT", "65536"},
        {"PORT", "-1"},
        {"PORT", "80 "},
        {"HATCHERY_LISTEN", "example.com"},
        {"HATCHERY_ADMIN_LISTEN", "127.0.0.1"},
        {"HATCHERY_ADMIN_LISTEN", ":9090"},
        {"HATCHERY_ADMIN_LISTEN", "example.com:9090"},
        {"HATCHERY_ADMIN_LISTEN", "127.0.0.1:70000"},
        {"HATCHERY_ADMIN_LISTEN", "::1:9090"},
        {"HATCHERY_ADMIN_LISTEN", "[127.0.0.1]:9090"},
        {"HATCHERY_ADMIN_LISTEN", "[]:9090"},
        {"HATCHERY_PUBLIC_URL", "http://bots.example.com"},
        {"HATCHERY_PUBLIC_URL", "bots.example.com"},
        {"HATCHERY_PUBLIC_URL", "https://bots.example.com:9999"},
        {"HATCHERY_PUBLIC_URL", "https://user:pw@bots.example.com"},
        {"HATCHERY_PUBLIC_URL", "https://bots.example.com/?a=b"},
        {"HATCHERY_PUBLIC_URL", "https://"},
        {"DATABASE_URL", "mysql://host/db"},
        {"HATCHERY_MASTER_KEY", "AAAA,"},
        {"HETZNER_API_TOKEN", "two words"},
        {"HETZNER_API_URL", "http://api.example.com"},
        {"HATCHERY_PROVIDER", "aws"},
        {"DIGITALOCEAN_API_TOKEN", "two words"},
        {"DIGITALOCEAN_API_URL", "http://api.example.com"},
        {"HATCHERY_SSH_SOURCES", "everywhere"},
        {"HATCHERY_SSH_SOURCES", "192.0.2.7/24"},
        {"HATCHERY_SSH_SOURCES", ","},
        {"HATCHERY_BUNDLE_DIR", "bundles"},
        {"HATCHERY_OPENCLAW_VERSION", "latest"},
        {"HATCHERY_OPENCLAW_VERSION", "../../x"},
        {"HATCHERY_MODEL_ALIASES", "claude=opus"},
        {"HATCHERY_LOG_LEVEL", "loud"},
        {"HATCHERY_LEASE_SECONDS", "1"},
        {"HATCHERY_DEADLINE_DEPLOY_SECONDS", "1h"},
        {"HATCHERY_DEADLINE_DEPLOY_SECONDS", "119"},
        {"HATCHERY_DEFAULT_REGION", "FSN 1"},
        {"HATCHERY_SSH_PORT", "0"},
        {"HATCHERY_WORKERS_MAX", "0"},
        {"HATCHERY_WORKERS_MAX", "31"},
        {"HATCHERY_WORKER_CAPABILITIES", "region=fsn1"},
        {"HATCHERY_WORKER_CAPABILITIES", R"({"region": null})"},
        {"HATCHERY_WORKER_CAPABILITIES", "[1]"},
        {"HATCHERY_POOL_MIN", "0"},
        {"HATCHERY_POOL_MAX", "0"},
        {"HATCHERY_POOL_OUT_SECONDS", "1m"},
        {"HATCHERY_SCALE_COMMAND", "sh -c 'scale'"},
        {"HATCHERY_ALARM_QUEUE_JOBS", "0"},
        {"HATCHERY_ALARM_WEBHOOK_URL", "http://hooks.example.com/x"},
        {"HATCHERY_ALARM_WEBHOOK_URL", "https://hooks.example.com/a%20b"},
        {"HATCHERY_ALARM_WEBHOOK_SECRET", "short"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name, row.value);
        const Loaded loaded = load_with({{row.name, row.value}});
        CHECK(complains_about(loaded, row.name));
        CHECK(loaded.problems.size() == 1);
    }
}

TEST_CASE("plain http is accepted for this machine's loopback address only") {
    for (const char* url : {"http://127.0.0.1:9000", "http://127.77.1.2", "http://localhost:1",
                            "http://[::1]:8080", "https://bots.example.com:8443"}) {
        CAPTURE(url);
        CHECK(load_with({{"HATCHERY_PUBLIC_URL", url}}).problems.empty());
    }
    for (const char* url : {"http://127.0.0.1.example.com", "http://localhost.example.com"}) {
        CAPTURE(url);
        CHECK(complains_about(load_with({{"HATCHERY_PUBLIC_URL", url}}), "HATCHERY_PUBLIC_URL"));
    }
}

TEST_CASE("another port for SSH is refused where no server can listen at it") {
    const auto port = [](Variables more) {
        more["HATCHERY_SSH_PORT"] = "2222";
        return load_with(more);
    };
    CHECK(complains_about(port({}), "HATCHERY_SSH_PORT"));
    // The sandbox forwards any port to its hosts.
    CHECK(port({{"HETZNER_API_URL", "http://127.0.0.1:4000/v1"}}).problems.empty());
    CHECK(complains_about(port({{"HETZNER_API_URL", "http://127.0.0.1:4000/v1"},
                                {"DIGITALOCEAN_API_TOKEN", "token"}}),
                          "HATCHERY_SSH_PORT"));
    CHECK(port({{"HETZNER_API_URL", "http://127.0.0.1:4000/v1"},
                {"DIGITALOCEAN_API_URL", "http://127.0.0.1:4000/v2"},
                {"DIGITALOCEAN_API_TOKEN", "token"}})
              .problems.empty());
    CHECK(load_with({{"HATCHERY_SSH_PORT", "22"}}).problems.empty());
}

TEST_CASE("several master keys are read in order and none may come twice") {
    const Loaded two = load_with({{"HATCHERY_MASTER_KEY", key_b + ", " + key_a}});
    CHECK(two.problems.empty());
    REQUIRE(two.config.master_keys.size() == 2);
    CHECK(two.config.master_keys[0].equals(key_b));
    CHECK(complains_about(load_with({{"HATCHERY_MASTER_KEY", key_a + "," + key_a}}),
                          "HATCHERY_MASTER_KEY"));
}

TEST_CASE("the environment wins over .env, also when it is set to nothing") {
    DotEnv file;
    file.values = {{"PORT", "9000"}, {"HATCHERY_WORKERS", "4"}, {"HATCHERY_IMAGE", "ubuntu-24.04"}};
    Variables environment = complete_service();
    environment["PORT"] = "9001";
    environment["HATCHERY_WORKERS"] = "";
    const Loaded loaded = load(environment, file, Need::service);
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.port == 9001);
    CHECK(loaded.config.workers == 32);
    CHECK(loaded.config.image == "ubuntu-24.04");
}

TEST_CASE("a command asks only for what it needs") {
    CHECK(load({}, {}, Need::nothing).problems.empty());
    CHECK(load({{"HATCHERY_TOKEN", "t"}}, {}, Need::client).problems.empty());
    const Loaded client = load({}, {}, Need::client);
    REQUIRE(client.problems.size() == 1);
    CHECK(client.problems[0].where == "HATCHERY_TOKEN");
    const Loaded database = load({}, {}, Need::database);
    REQUIRE(database.problems.size() == 1);
    CHECK(database.problems[0].where == "DATABASE_URL");
    CHECK(complains_about(load({{"PORT", "x"}}, {}, Need::nothing), "PORT"));
}

TEST_CASE("no secret is shown or repeated in a problem") {
    Variables environment = complete_service();
    environment["ANTHROPIC_API_KEY"] = "hunter2 hunter2";
    environment["DATABASE_URL"] = "mysql://hunter2";
    environment["HATCHERY_MASTER_KEY"] = "hunter2";
    const Loaded loaded = load(environment, {}, Need::service);
    CHECK(loaded.problems.size() == 3);
    for (const Problem& problem : loaded.problems) {
        CHECK(problem.message.find("hunter2") == std::string::npos);
    }
    for (const Shown& shown : loaded.settings) {
        CAPTURE(shown.name);
        CHECK(shown.value.find("hunter2") == std::string::npos);
        if (shown.name == "HETZNER_API_TOKEN") {
            CHECK(shown.value == "set");
        }
    }
}

TEST_CASE("a misspelled setting is pointed out") {
    const Loaded loaded = load_with({{"HATCHERY_WORKRES", "3"}, {"HATCHERY_DEMO_X", "1"}});
    CHECK(loaded.problems.empty());
    REQUIRE(loaded.warnings.size() == 1);
    CHECK(loaded.warnings[0].message == "is not a setting; did you mean HATCHERY_WORKERS?");
}

TEST_CASE("sign-in with Google needs both halves") {
    CHECK(complains_about(load_with({{"GOOGLE_CLIENT_ID", "id"}}), "GOOGLE_CLIENT_SECRET"));
    CHECK(load_with({{"GOOGLE_CLIENT_ID", "id"}, {"GOOGLE_CLIENT_SECRET", "s"}}).problems.empty());
}

TEST_CASE("the first admins are named by address, and sessions have two ends") {
    const Variables google = {{"GOOGLE_CLIENT_ID", "id"}, {"GOOGLE_CLIENT_SECRET", "s"}};
    const auto with = [&](Variables changes) {
        changes.insert(google.begin(), google.end());
        return load_with(changes);
    };
    const Loaded good = with({{"HATCHERY_ADMIN_EMAILS", "ada@example.org, bob@example.org"}});
    CHECK(good.problems.empty());
    CHECK(good.config.admin_emails ==
          std::vector<std::string>{"ada@example.org", "bob@example.org"});
    CHECK(good.config.session.idle == std::chrono::hours(12));
    CHECK(good.config.session.absolute == std::chrono::hours(30 * 24));
    for (const char* wrong : {"ada", "@example.org", "ada@", "ada@example.org,bob"}) {
        INFO(wrong);
        CHECK(complains_about(with({{"HATCHERY_ADMIN_EMAILS", wrong}}), "HATCHERY_ADMIN_EMAILS"));
    }
    CHECK(complains_about(load_with({{"HATCHERY_ADMIN_EMAILS", "ada@example.org"}}),
                          "HATCHERY_ADMIN_EMAILS"));
    CHECK(complains_about(with({{"HATCHERY_SESSION_IDLE_SECONDS", "10"}}),
                          "HATCHERY_SESSION_IDLE_SECONDS"));
    CHECK(complains_about(with({{"HATCHERY_SESSION_MAX_SECONDS", "3600"}}),
                          "HATCHERY_SESSION_MAX_SECONDS"));
}

TEST_CASE("the admin listener is off until an address and a port are given") {
    CHECK(load_with({}).config.admin_host.empty());
    const Config v4 = load_with({{"HATCHERY_ADMIN_LISTEN", "127.0.0.1:9090"}}).config;
    CHECK(v4.admin_host == "127.0.0.1");
    CHECK(v4.admin_port == 9090);
    const Config v6 = load_with({{"HATCHERY_ADMIN_LISTEN", "[::1]:9090"}}).config;
    CHECK(v6.admin_host == "::1");
    CHECK(v6.admin_port == 9090);
}

TEST_CASE("threads have a floor and a ceiling, and may be none") {
    CHECK(load_with({}).config.max_workers == 50);
    CHECK(load_with({{"HATCHERY_WORKERS", "80"}}).config.max_workers == 80);
    const Config fixed =
        load_with({{"HATCHERY_WORKERS", "4"}, {"HATCHERY_WORKERS_MAX", "4"}}).config;
    CHECK(fixed.workers == 4);
    CHECK(fixed.max_workers == 4);
    const Loaded none = load_with({{"HATCHERY_WORKERS", "0"}});
    CHECK(none.problems.empty());
    CHECK(none.config.max_workers == 0);
}

TEST_CASE("the pool of processes follows its settings") {
    const Loaded loaded = load_with({{"HATCHERY_POOL_JOBS_PER_WORKER", "10"},
                                     {"HATCHERY_POOL_MIN", "2"},
                                     {"HATCHERY_POOL_MAX", "8"},
                                     {"HATCHERY_POOL_IN_SECONDS", "30"},
                                     {"HATCHERY_SCALE_COMMAND", "/opt/scale  --group bots"}});
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.pool.jobs_per_worker == 10);
    CHECK(loaded.config.pool.min_workers == 2);
    CHECK(loaded.config.pool.max_workers == 8);
    CHECK(loaded.config.pool.in_after == std::chrono::seconds(30));
    CHECK(loaded.config.alarms.max_workers == 8);
    CHECK(loaded.config.scale_command == std::vector<std::string>{"/opt/scale", "--group", "bots"});
    CHECK(complains_about(load_with({{"HATCHERY_POOL_MIN", "60"}}), "HATCHERY_POOL_MAX"));
}

TEST_CASE("a wrong capability is named") {
    const Loaded loaded = load_with({{"HATCHERY_WORKER_CAPABILITIES", R"({"region": {"a": 1}})"}});
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].message.find("region") != std::string::npos);
}

TEST_CASE("the alarm webhook is kept as a secret") {
    const Loaded loaded =
        load_with({{"HATCHERY_ALARM_WEBHOOK_URL", "https://hooks.example.com/T1/hunter2"}});
    CHECK(loaded.problems.empty());
    for (const Shown& shown : loaded.settings) {
        CHECK(shown.value.find("hunter2") == std::string::npos);
    }
}

TEST_CASE("a login counts for clients, as a pair, and only where nothing else is set") {
    const DotEnv login{
        .values = {{"HATCHERY_API_URL", "https://a.example"}, {"HATCHERY_TOKEN", "hat_stored"}},
        .problems = {}};
    const auto used = [&](const Variables& environment, Need need = Need::client) {
        const Loaded loaded = load(environment, {}, need, login);
        return loaded.config.api_token.reveal() + " at " + loaded.config.api_url;
    };
    CHECK(used({}) == "hat_stored at https://a.example");
    CHECK(used({{"HATCHERY_API_URL", "https://a.example/"}}) == "hat_stored at https://a.example");
    // Another address must not get the stored token, nor the stored address another token.
    CHECK(used({{"HATCHERY_API_URL", "https://b.example"}}) == " at https://b.example");
    CHECK(used({{"HATCHERY_TOKEN", "hat_mine"}}) == "hat_mine at http://127.0.0.1:8080");
    CHECK(used({}, Need::database) == " at http://127.0.0.1:8080");
}
