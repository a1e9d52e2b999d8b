#include "sandbox_program.hpp"
#include "support/catch.hpp"

using namespace hatchery::sandbox_test;
using nlohmann::json;

TEST_CASE("a server is a systemd host that shows its planted key and reaches the services") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    SandboxProgram sandbox(folder.path(), folder.path() / "state");
    const json created = sandbox.create("web-1");
    const std::string ip = created["server"]["public_net"]["ipv4"]["ip"];
    const json id = created["server"]["id"];

    const auto first = sandbox.ssh_when_up(ip, "hostname; cat /root/planted; cat /proc/1/comm");
    CHECK(first.output == "web-1\nfrom user_datasystemd\n");
    sandbox.wait_for_status(id, "running");

    const auto units = sandbox.ssh(
        ip,
        "systemd-run --quiet --wait --pipe -p ProtectSystem=strict -p PrivateTmp=yes "
        "-p NoNewPrivileges=yes -p DynamicUser=yes -- sh -c 'test ! -w /etc && echo hardened' && "
        "systemd-run --quiet --unit=tell --wait -- echo told && "
        "journalctl --no-pager --output=cat -u tell | grep -x told");
    CHECK(units.output == "hardened\ntold\n");

    const auto status_of = [&](const std::string& url) {
        return sandbox.ssh(ip, "curl -s -m 10 -o /dev/null -w '%{http_code}' " + url).output;
    };
    CHECK(status_of(sandbox.telegram + "/") == "200");
    CHECK(status_of(sandbox.model + "/models") == "401");
    const auto way_out =
        sandbox.ssh(ip, "ip route show default; curl -s -m 5 http://192.0.2.1/ || echo none");
    CHECK(way_out.output == "none\n");

    const json hosts = sandbox.call("GET", "/sandbox/hosts")["hosts"];
    REQUIRE(hosts.size() == 1);
    CHECK(hosts[0]["publicIp"] == ip);
    CHECK(std::filesystem::exists(hosts[0]["upperDir"].get<std::string>() + "/root/planted"));
}

TEST_CASE("power actions act on the host, and its disk and network survive them") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    SandboxProgram sandbox(folder.path(), folder.path() / "state");
    const json created = sandbox.create("web-1");
    const std::string ip = created["server"]["public_net"]["ipv4"]["ip"];
    const json id = created["server"]["id"];
    const std::string action = "/servers/" + id.dump() + "/actions/";
    const std::string up = "systemctl is-system-running --wait > /dev/null; ";
    sandbox.ssh_when_up(ip, up + "touch /root/kept");

    const std::string boot_id = "cat /run/boot-mark 2>/dev/null || echo fresh";
    sandbox.ssh(ip, "echo old > /run/boot-mark");
    sandbox.call("POST", action + "reboot", nullptr, 201);
    REQUIRE(eventually([&] { return sandbox.ssh(ip, boot_id).output == "fresh\n"; }));
    const auto after = sandbox.ssh_when_up(
        ip, up + "ls /root/kept; curl -s -o /dev/null -w '%{http_code}' " + sandbox.telegram + "/");
    CHECK(after.output == "/root/kept\n200");

    sandbox.call("POST", action + "shutdown", nullptr, 201);
    sandbox.wait_for_status(id, "off");
    CHECK(sandbox.ssh(ip, "true").exit_code == 255);
    sandbox.call("POST", action + "poweron", nullptr, 201);
    CHECK(sandbox.ssh_when_up(ip, "ls /root/kept").output == "/root/kept\n");

    sandbox.call("POST", action + "poweroff", nullptr, 201);
    sandbox.wait_for_status(id, "off");
    sandbox.call("POST", action + "poweron", nullptr, 201);
    sandbox.ssh_when_up(ip, up);
    sandbox.ssh(ip, "systemctl poweroff");
    sandbox.wait_for_status(id, "off");
}

TEST_CASE("a host's key, its connections and its processes fail on demand") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    SandboxProgram sandbox(folder.path(), folder.path() / "state");
    sandbox.call("PUT", "/sandbox/faults", {{"wrongHostKey", 1}});
    const json wrong = sandbox.create("wrong");
    const json right = sandbox.create("right");
    const std::string wrong_ip = wrong["server"]["public_net"]["ipv4"]["ip"];
    const std::string right_ip = right["server"]["public_net"]["ipv4"]["ip"];
    CHECK(eventually([&] {
        return sandbox.ssh(wrong_ip, "true").output.find("Host key verification failed") !=
               std::string::npos;
    }));

    sandbox.ssh_when_up(right_ip, "true");
    sandbox.call("PUT", "/sandbox/faults", {{"sshCut", {{"count", 1}, {"afterBytes", 200'000}}}});
    CHECK(sandbox.ssh(right_ip, "head -c 1000000 /dev/zero").exit_code == 255);
    CHECK(sandbox.ssh(right_ip, "head -c 1000000 /dev/zero").exit_code == 0);

    const std::string host = "/sandbox/hosts/" + right["server"]["id"].dump();
    sandbox.call("POST", host + "/freeze", nullptr, 204);
    sandbox.call("POST", host + "/thaw", nullptr, 204);
    sandbox.ssh_when_up(right_ip, "true");
    sandbox.call("POST", host + "/powercut", nullptr, 204);
    sandbox.wait_for_status(right["server"]["id"], "off");
}

TEST_CASE("an API firewall opens a port of a host and closes the others") {
    if (!can_have_hosts()) {
        return;
    }
    const TemporaryFolder folder;
    SandboxProgram sandbox(folder.path(), folder.path() / "state");
    const json created = sandbox.create("web-1");
    const std::string ip = created["server"]["public_net"]["ipv4"]["ip"];
    sandbox.ssh_when_up(ip, "systemd-run --quiet python3 -m http.server 8000");
    const auto reaches = [&] {
        return run_command({"curl", "-s", "-m", "5", "-o", "/dev/null", "http://" + ip + ":8000/"})
                   .exit_code == 0;
    };
    CHECK_FALSE(reaches());
    const auto rule = [](const std::string& port) {
        return json{{"direction", "in"},
                    {"protocol", "tcp"},
                    {"port", port},
                    {"source_ips", json::array({"0.0.0.0/0"})}};
    };
    const json resource{{"type", "server"}, {"server", {{"id", created["server"]["id"]}}}};
    sandbox.call("POST", "/firewalls",
                 {{"name", "fw"},
                  {"rules", json::array({rule("8000")})},
                  {"apply_to", json::array({resource})}},
                 201);
    CHECK(eventually(reaches));
    CHECK(eventually([&] { return sandbox.ssh(ip, "true").exit_code == 255; }));
}
