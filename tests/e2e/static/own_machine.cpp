#include "e2e/static/own_machine.hpp"

#include <sys/stat.h>

#include <fstream>

#include "remote/ssh_remote_host.hpp"
#include "support/catch.hpp"

namespace hatchery::e2e {

using namespace std::chrono_literals;

OwnMachine::OwnMachine(const World& world, const std::string& name)
    : name_(name),
      folder_(world.folder()),
      cloud_(world.hetzner_url(), "the-operators-own"),
      hosts_(remote::make_ssh_remote_host({.socket_dir = folder_.string()})),
      host_(make_known_host(cloud_, name, 2222)) {
    REQUIRE(world.eventually(60s, [&] {
        return hosts_->exec(host_.target, {.command = "true", .input = {}}, base::Call::within(5s))
            .has_value();
    }));
    keep_key();
}

base::Json OwnMachine::entry() const {
    return {{"name", name_},
            {"host", host_.target.host},
            {"port", host_.target.port},
            {"keyFile", name_ + ".key"},
            {"hostKey", host_.target.host_keys.front()},
            {"region", "cellar"},
            {"type", "tower"},
            {"monthlyCost", 12.5}};
}

std::string OwnMachine::exec(const std::string& command) {
    const auto done =
        hosts_->exec(host_.target, {.command = command, .input = {}}, base::Call::within(30s));
    if (!done) FAIL(done.error().message);
    return done->out;
}

void OwnMachine::power(const char* action) {
    hosts_->forget(host_.target);
    const auto asked = cloud_.post("/servers/" + std::to_string(host_.id) + "/actions/" + action,
                                   base::Json::object());
    REQUIRE(asked.status / 100 == 2);
}

void OwnMachine::must_be_clean(const std::string& keys_before) {
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

void OwnMachine::keep_key() const {
    const auto path = folder_ / (name_ + ".key");
    std::ofstream(path) << host_.target.private_key.reveal();
    REQUIRE(::chmod(path.c_str(), 0600) == 0);
}

void know(World& world, const std::vector<OwnMachine*>& machines) {
    base::Json list = base::Json::array();
    for (const auto* machine : machines) list.push_back(machine->entry());
    const auto path = world.folder() / "machines.json";
    std::ofstream(path) << base::dump_json_pretty(list);
    world.set("HATCHERY_STATIC_SERVERS", path.string());
    world.set("HATCHERY_PROVIDER", "static");
}

void lend(World& world, const std::vector<OwnMachine*>& machines) {
    (void)world.stop_hatchery();
    know(world, machines);
    world.start_hatchery();
}

}  // namespace hatchery::e2e
