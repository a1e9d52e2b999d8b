#include <sys/stat.h>

#include <fstream>

#include "core/user_data.hpp"
#include "crypto/key_ring.hpp"
#include "e2e/support/world.hpp"
#include "remote/ssh_remote_host.hpp"
#include "support/catch.hpp"

// Deploys on a machine that the operator has already: a host of the sandbox that somebody else had
// made.

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using e2e::skip_without_hosts;
using e2e::World;

std::string text(const base::Json& object, const char* key) {
    return base::json_string(object, key);
}

/// The operator's machine, as the operator reaches it.
class Machine {
public:
    Machine(const World& world, const std::string& name)
        : name_(name),
          folder_(world.folder()),
          cloud_(world.hetzner_url(), "the-operators-own"),
          hosts_(remote::make_ssh_remote_host({.socket_dir = folder_.string()})) {
        const auto keys = crypto::make_key_maker();
        const auto host_key = keys->make_ssh_key();
        const auto operator_key = keys->make_ssh_key();
        const auto user_data = core::make_user_data({.host_private_key = host_key.private_key,
                                                     .host_public_key = host_key.public_key,
                                                     .client_public_key = operator_key.public_key});
        const auto made = cloud_.post("/servers", {{"name", name},
                                                   {"server_type", "cx23"},
                                                   {"image", "debian-12"},
                                                   {"user_data", user_data.reveal()}});
        INFO(base::dump_json(made.body));
        REQUIRE(made.status == 201);
        const auto& server = base::json_member(made.body, "server");
        id_ = base::json_int(server, "id");
        const auto& net = base::json_member(base::json_member(server, "public_net"), "ipv4");
        target_ = {.host = text(net, "ip"),
                   .port = 2222,
                   .user = "root",
                   .host_keys = {host_key.public_key},
                   .private_key = operator_key.private_key};
        const auto deadline = std::chrono::steady_clock::now() + 60s;
        while (!hosts_->exec(target_, {.command = "true", .input = {}}, base::Call::within(5s))) {
            REQUIRE(std::chrono::steady_clock::now() < deadline);
        }
        keep_key();
    }

    /// Its entry in the operator's list.
    [[nodiscard]] base::Json entry() const {
        return {{"name", name_},
                {"host", target_.host},
                {"port", target_.port},
                {"keyFile", name_ + ".key"},
                {"hostKey", target_.host_keys.front()},
                {"region", "cellar"},
                {"type", "tower"},
                {"monthlyCost", 12.5}};
    }

    std::string exec(const std::string& command) {
        const auto done =
            hosts_->exec(target_, {.command = command, .input = {}}, base::Call::within(30s));
        if (!done) FAIL(done.error().message);
        return done->out;
    }

    /// The cord out, or in again.
    void power(const char* action) {
        hosts_->forget(target_);
        const auto asked = cloud_.post("/servers/" + std::to_string(id_) + "/actions/" + action,
                                       base::Json::object());
        REQUIRE(asked.status / 100 == 2);
    }

    /// What a machine has that nobody has lent out: nothing of ours.
    void must_be_clean(const std::string& keys_before) {
        CHECK(exec("ls -d /opt/openclaw /etc/openclaw /var/lib/openclaw /var/lib/hatchery "
                   "/etc/hatchery /etc/sysctl.d/60-hatchery.conf /swapfile "
                   "/etc/systemd/journald.conf.d/50-hatchery.conf 2>/dev/null")
                  .empty());
        CHECK(exec("getent passwd openclaw; getent group openclaw").empty());
        CHECK(exec("ps -eo user,args | grep -v grep | grep -i openclaw").empty());
        CHECK(exec("systemctl list-units --all --plain --no-legend 'hatchery*' 'openclaw*'; "
                   "find /etc/systemd/system -name 'hatchery*' -o -name 'openclaw*'")
                  .empty());
        CHECK(exec("nft list tables 2>/dev/null | grep hatchery").empty());
        CHECK(exec("cat /root/.ssh/authorized_keys") == keys_before);
        CHECK(exec("cat /var/lib/hatchery-machine/held 2>/dev/null").empty());
        CHECK(exec("crontab -l -u root 2>/dev/null | grep -i hatchery; ls /etc/cron.d")
                  .find("hatchery") == std::string::npos);
    }

    [[nodiscard]] std::string authorized_keys() { return exec("cat /root/.ssh/authorized_keys"); }

private:
    void keep_key() const {
        const auto path = folder_ / (name_ + ".key");
        std::ofstream(path) << target_.private_key.reveal();
        REQUIRE(::chmod(path.c_str(), 0600) == 0);
    }

    std::string name_;
    std::filesystem::path folder_;
    e2e::ApiClient cloud_;
    std::unique_ptr<ports::RemoteHost> hosts_;
    ports::SshTarget target_;
    long long id_ = 0;
};

/// Hatchery with these machines and nothing else to deploy on.
void lend(World& world, const std::vector<Machine*>& machines) {
    base::Json list = base::Json::array();
    for (const auto* machine : machines) list.push_back(machine->entry());
    const auto path = world.folder() / "machines.json";
    std::ofstream(path) << base::dump_json_pretty(list);
    (void)world.stop_hatchery();
    world.set("HATCHERY_STATIC_SERVERS", path.string());
    world.set("HATCHERY_PROVIDER", "static");
    world.start_hatchery();
}

base::Json wait_end(const World& world, const std::string& bot) {
    return world.wait_status(bot, 240s, [](const base::Json& status) {
        const auto state = text(base::json_member(status, "operation"), "state");
        return state == "succeeded" || state == "failed" || state == "cancelled";
    });
}

void must_be_active(const World& world, const std::string& bot) {
    const auto ended = wait_end(world, bot);
    INFO(base::dump_json_pretty(ended));
    REQUIRE(text(ended, "status") == "active");
}

base::Json inventory(const World& world) { return world.listed("/api/cloud/servers"); }

template <typename Holds>
void wait_until(const World& world, Holds holds) {
    base::Json now;
    const bool held = world.eventually(120s, [&] { return holds(now = inventory(world)); });
    INFO(base::dump_json_pretty(now));
    REQUIRE(held);
}

}  // namespace

TEST_CASE("a machine of the operator's own serves one bot, is wiped, and serves another") {
    if (skip_without_hosts()) return;
    World world({.bundle = e2e::Bundle::stand_in, .name = "static"});
    Machine machine(world, "tower-1");
    const auto keys_before = machine.authorized_keys();
    lend(world, {&machine});
    CHECK(inventory(world).empty());

    for (int life = 0; life < 2; ++life) {
        const auto token = world.new_telegram_token();
        const auto bot = world.deploy("Tower bot", token);
        must_be_active(world, bot);
        REQUIRE_THAT(world.chat(token, "hello", 30s), Catch::Contains("hello"));
        const auto shown = inventory(world);
        INFO(base::dump_json_pretty(shown));
        REQUIRE(shown.size() == 1);
        CHECK(text(shown[0], "provider") == "static");
        CHECK(text(shown[0], "region") == "cellar");
        CHECK(text(shown[0], "botId") == bot);
        CHECK(text(shown[0], "providerState") == "running");
        CHECK_FALSE(shown[0]["orphan"].get<bool>());
        CHECK(text(shown[0]["cost"], "amount") == "12.50");
        CHECK(machine.authorized_keys() != keys_before);
        REQUIRE(world.api().remove("/api/bots/" + bot).status / 100 == 2);
        wait_until(world, [](const base::Json& now) { return now.empty(); });
        machine.must_be_clean(keys_before);
    }
    // At no time did it cost the cloud a request.
    CHECK(world.servers().empty());
}

TEST_CASE(
    "a machine that cannot be reached is wiped as soon as it can, and lent to nobody before") {
    if (skip_without_hosts()) return;
    World world({.bundle = e2e::Bundle::stand_in, .name = "static unreachable"});
    Machine machine(world, "tower-1");
    const auto keys_before = machine.authorized_keys();
    lend(world, {&machine});
    const auto bot = world.deploy("Cut off bot", world.new_telegram_token());
    must_be_active(world, bot);
    machine.power("poweroff");
    REQUIRE(world.api().remove("/api/bots/" + bot).status / 100 == 2);
    wait_until(world, [](const base::Json& now) {
        return now.size() == 1 && text(now[0], "providerState") == "deleting";
    });
    const auto refused = world.deploy("Waiting bot", world.new_telegram_token());
    const auto ended = wait_end(world, refused);
    INFO(base::dump_json_pretty(ended));
    CHECK(text(ended, "status") == "failed");
    CHECK_THAT(base::dump_json(ended), Catch::Contains("machines are taken"));

    machine.power("poweron");
    wait_until(world, [](const base::Json& now) { return now.empty(); });
    machine.must_be_clean(keys_before);
}
