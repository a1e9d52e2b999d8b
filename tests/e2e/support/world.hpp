#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "e2e/support/api_client.hpp"
#include "support/pg_cluster.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::e2e {

/// Which OpenClaw the servers get.
enum class Bundle {
    real,      ///< the npm package: about 1 GB of memory a server
    stand_in,  ///< answers the same routes, for tests of many servers
};

struct WorldOptions {
    Bundle bundle = Bundle::stand_in;
    /// Names the folder of logs below build/…/e2e.
    std::string name;
    /// Settings of Hatchery besides the usual ones, or instead of them.
    std::map<std::string, std::string> settings;
    /// The shared cluster when there is none; one of the test's own may be stopped.
    support::PgCluster* cluster = nullptr;
};

/// Everything that one test needs: a database, a sandbox cloud with real hosts, and Hatchery as a
/// process of its own that can be killed and started again.
class World {
public:
    World(Bundle bundle, const std::string& name);
    explicit World(WorldOptions options);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    /// Why the world cannot be had on this machine, or nothing.
    [[nodiscard]] static std::optional<std::string> missing();

    void start_hatchery();
    /// With settings for this one process only.
    void start_hatchery(const std::map<std::string, std::string>& settings);
    /// One more process, `serve` or `worker`, with these settings besides; it may die before it is
    /// ready. Its log is LOG in folder().
    [[nodiscard]] std::unique_ptr<support::ChildProcess> spawn(
        const std::string& role, const std::string& log,
        const std::map<std::string, std::string>& settings) const;
    /// For all processes from now on.
    void set(const std::string& name, const std::string& value) { settings_[name] = value; }
    /// SIGKILL: nothing is said goodbye to.
    void kill_hatchery();
    /// SIGTERM: it drains; its exit code.
    int stop_hatchery();
    [[nodiscard]] support::ChildProcess& hatchery() { return *hatchery_; }

    [[nodiscard]] const ApiClient& api() const { return *api_; }
    [[nodiscard]] const ApiClient& cloud() const { return *cloud_; }
    /// The sandbox's DigitalOcean, as the account `e2e-account`.
    [[nodiscard]] const ApiClient& digitalocean() const { return *digitalocean_; }
    [[nodiscard]] const ApiClient& telegram() const { return *telegram_; }
    [[nodiscard]] store::Database& database() { return database_->pool(); }
    [[nodiscard]] support::TestDatabase& test_database() { return *database_; }
    [[nodiscard]] const std::string& master_key() const { return master_key_; }
    [[nodiscard]] const std::string& api_token() const { return token_; }
    [[nodiscard]] const std::string& model_url() const { return model_url_; }
    [[nodiscard]] const std::string& telegram_url() const { return telegram_url_; }
    [[nodiscard]] const std::string& hetzner_url() const { return hetzner_url_; }
    /// Where Hatchery and its dashboard are.
    [[nodiscard]] std::string url() const {
        return "http://" + address_ + ":" + std::to_string(port_);
    }
    /// What /metrics says.
    [[nodiscard]] std::string metrics() const { return api_->text("/metrics"); }
    [[nodiscard]] std::filesystem::path folder() const { return folder_; }

    /// A fresh Telegram token of a bot that nobody has.
    [[nodiscard]] std::string new_telegram_token();
    /// Creates a bot for `token`, answering the whole answer.
    Answer create_bot(const std::string& name, const std::string& token);
    /// Creates and deploys a bot; its id.
    std::string deploy(const std::string& name, const std::string& token);
    [[nodiscard]] base::Json status(const std::string& bot) const;
    /// Asks `holds` some times a second until it says yes: whether it did within `limit`.
    [[nodiscard]] bool eventually(std::chrono::milliseconds limit,
                                  const std::function<bool()>& holds) const;
    /// The items that the API lists at `path`; fails the test when it refuses.
    [[nodiscard]] base::Json listed(const std::string& path) const;
    /// Waits until the operation has ended; its final form. `limit`, here and below: for how long
    /// nothing may change.
    [[nodiscard]] base::Json wait_operation(const std::string& operation,
                                            std::chrono::seconds limit) const;
    /// Waits until the predicate holds for the bot's status; fails the test after `limit`.
    base::Json wait_status(const std::string& bot, std::chrono::seconds limit,
                           const std::function<bool(const base::Json&)>& holds) const;
    /// Says `text` as a user in Telegram and waits for the bot's next message.
    [[nodiscard]] std::string chat(const std::string& token, const std::string& text,
                                   std::chrono::seconds limit) const;
    /// Says `text` as a user in Telegram.
    void say(const std::string& token, const std::string& text) const;
    /// Waits until the bot has said `count` messages in all; their texts, in order.
    [[nodiscard]] std::vector<std::string> wait_replies(const std::string& token, std::size_t count,
                                                        std::chrono::seconds limit) const;
    /// All log lines of a bot, in order.
    [[nodiscard]] std::vector<base::Json> log_lines(const std::string& bot) const;
    /// The servers that the provider lists.
    [[nodiscard]] base::Json servers() const;
    /// Runs the `hatchery` command line against this world.
    [[nodiscard]] std::unique_ptr<support::ChildProcess> command(
        const std::vector<std::string>& arguments,
        const std::map<std::string, std::string>& environment = {}) const;

    static constexpr long long user_id = 4711;
    /// Becomes admin by signing in.
    static constexpr auto admin_email = "admin@example.com";

private:
    [[nodiscard]] std::map<std::string, std::string> environment() const;
    void start_sandbox();
    void make_token();

    std::map<std::string, std::string> settings_;
    std::filesystem::path folder_;
    std::string bundle_dir_;
    std::string bundle_version_;
    std::unique_ptr<support::TestDatabase> database_;
    std::unique_ptr<support::ChildProcess> sandbox_;
    std::unique_ptr<support::ChildProcess> hatchery_;
    std::unique_ptr<ApiClient> api_;
    std::unique_ptr<ApiClient> cloud_;
    std::unique_ptr<ApiClient> digitalocean_;
    std::unique_ptr<ApiClient> telegram_;
    std::string hetzner_url_;
    std::string digitalocean_url_;
    std::string telegram_url_;
    std::string model_url_;
    std::string sign_in_url_;
    std::string master_key_;
    std::string token_;
    std::string address_;
    int port_ = 0;
};

/// A port of this address of the loopback that nobody listens on. With another address than
/// 127.0.0.1, from which programs connect, nobody else takes it meanwhile.
[[nodiscard]] int free_port(const std::string& ipv4);

/// Where the world cannot be had: says so, and the test is to end.
[[nodiscard]] bool skip_without_hosts();

}  // namespace hatchery::e2e
