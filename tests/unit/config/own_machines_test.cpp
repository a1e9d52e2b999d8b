#include "config/own_machines.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "base/json_value.hpp"
#include "config/load.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using base::Json;

namespace {

constexpr const char* host_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1lmvRjJ0fOsxhS/3QcE6Q0w3fH7sW9zX2v1b8nM4kL";
constexpr const char* other_host_key =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJ1lmvRjJ0fOsxhS/3QcE6Q0w3fH7sW9zX2v1b8nM4kM";
constexpr const char* secret_line = "c2VjcmV0LWtleS1tYXRlcmlhbA==";

/// A folder with a key, and a list beside it.
class Folder {
public:
    Folder() {
        std::string pattern = std::filesystem::temp_directory_path() / "own-machines-XXXXXX";
        path_ = ::mkdtemp(pattern.data());
        write("tower.key", std::string("-----BEGIN OPENSSH PRIVATE KEY-----\n") + secret_line +
                               "\n-----END OPENSSH PRIVATE KEY-----\n");
        allow("tower.key", 0600);
    }
    ~Folder() { std::filesystem::remove_all(path_); }

    void write(const std::string& name, const std::string& text) const {
        std::ofstream(path_ / name) << text;
    }
    void allow(const std::string& name, mode_t mode) const {
        REQUIRE(::chmod((path_ / name).c_str(), mode) == 0);
    }
    [[nodiscard]] std::string list(const Json& machines) const {
        write("machines.json", base::dump_json(machines));
        return path_ / "machines.json";
    }

private:
    std::filesystem::path path_;
};

Json tower() {
    return {{"name", "tower-1"},   {"host", "192.0.2.10"}, {"keyFile", "tower.key"},
            {"hostKey", host_key}, {"region", "cellar"},   {"type", "tower"}};
}

/// What is said of one machine like tower(), with one field changed.
std::string wrong_with(const std::string& field, const Json& value) {
    const Folder folder;
    Json machine = tower();
    machine[field] = value;
    std::vector<core::OwnMachine> machines;
    const auto wrong = config::read_own_machines(folder.list(Json::array({machine})), machines);
    CHECK(machines.empty());
    return wrong.value_or("");
}

}  // namespace

TEST_CASE("a list of the operator's machines is read with its keys and its costs") {
    const Folder folder;
    Json machine = tower();
    machine.update({{"port", 2222},
                    {"user", "admin"},
                    {"hostKey", std::string(host_key) + " root@tower"},
                    {"country", "DE"},
                    {"cores", 4},
                    {"memoryGb", 8},
                    {"diskGb", 100},
                    {"monthlyCost", 73},
                    {"currency", "USD"}});
    Json plain = tower();
    plain.update(
        {{"name", "tower-2"}, {"host", "tower-2.example.net"}, {"hostKey", other_host_key}});
    std::vector<core::OwnMachine> machines;
    const auto wrong =
        config::read_own_machines(folder.list(Json::array({machine, plain})), machines);
    INFO(wrong.value_or(""));
    REQUIRE_FALSE(wrong);
    REQUIRE(machines.size() == 2);
    CHECK(machines[0].name == "tower-1");
    CHECK(machines[0].port == 2222);
    CHECK(machines[0].user == "admin");
    CHECK(machines[0].host_key == host_key);
    CHECK(machines[0].private_key.reveal().find(secret_line) != std::string::npos);
    CHECK(machines[0].price_monthly == "73.00");
    CHECK(machines[0].price_hourly == "0.100000");
    CHECK(machines[0].price_currency == "USD");
    CHECK(machines[1].port == 22);
    CHECK(machines[1].user == "root");
    CHECK(machines[1].price_monthly == "0");
    CHECK(machines[1].price_currency == "EUR");
}

TEST_CASE("what is wrong in the list is said with the machine, the field and what would be right") {
    const std::vector<std::tuple<std::string, Json, std::string>> rows{
        {"name", "Tower 1", "machine 1.name must be a name of letters a-z"},
        {"host", "192.0.2.10 22", "tower-1.host must be a name or an address, without a port"},
        {"host", "root@192.0.2.10", "tower-1.host must be a name or an address"},
        {"host", 7, "tower-1.host must be a text of 1 to 255 characters"},
        {"port", 0, "tower-1.port must be a whole number from 1 to 65535"},
        {"port", "22", "tower-1.port must be a whole number"},
        {"user", "admin; reboot", "tower-1.user must be a name of letters a-z"},
        {"keyFile", "absent.key", "tower-1.keyFile names no file that can be read"},
        {"hostKey", "ssh-rsa AAAA", "tower-1.hostKey must be the machine's Ed25519 host key"},
        {"hostKey", "ssh-ed25519 AAAA", "tower-1.hostKey must be the machine's Ed25519 host key"},
        // As long as one, and of no kind that there is.
        {"hostKey",
         "ssh-ed25519 IAAAC3NzaC1lZDI1NTE5AAAAIJ1lmvRjJ0fOsxhS/3QcE6Q0w3fH7sW9zX2v1b8nM4kL",
         "tower-1.hostKey must be the machine's Ed25519 host key"},
        {"region", "", "tower-1.region must be a text"},
        {"country", "Germany", "tower-1.country must be two capital letters, such as DE"},
        {"architecture", "mips", "tower-1.architecture must be x86 or arm"},
        {"memoryGb", -1, "tower-1.memoryGb must be a whole number from 1"},
        {"monthlyCost", "12", "tower-1.monthlyCost must be a number from 0 on"},
        {"currency", "euro", "tower-1.currency must be three capital letters, such as EUR"},
        {"colour", "red", "tower-1 has the field colour, which there is not"}};
    for (const auto& [field, value, expected] : rows) {
        CAPTURE(field, base::dump_json(value));
        CHECK_THAT(wrong_with(field, value), Catch::Contains(expected));
    }
}

TEST_CASE("everything that is wrong in the list is said at once") {
    const Folder folder;
    Json second = tower();
    second.erase("type");
    second["name"] = "tower-2";
    Json first = tower();
    first["port"] = 0;
    std::vector<core::OwnMachine> machines;
    const auto wrong =
        config::read_own_machines(folder.list(Json::array({first, second, 7})), machines).value();
    CHECK_THAT(wrong, Catch::Contains("tower-1.port must") &&
                          Catch::Contains("tower-2.type is missing") &&
                          Catch::Contains("machine 3 must be an object"));
    folder.write("list.json", "{");
    CHECK_THAT(config::read_own_machines(folder.list(Json::object()), machines).value(),
               Catch::Contains("JSON list"));
    CHECK(config::read_own_machines("/nowhere/at/all", machines).value() ==
          "names no file that can be read");
}

TEST_CASE("a key that others may read is refused, and never printed") {
    const Folder folder;
    folder.allow("tower.key", 0640);
    std::vector<core::OwnMachine> machines;
    auto wrong = config::read_own_machines(folder.list(Json::array({tower()})), machines).value();
    CHECK_THAT(wrong, Catch::Contains("tower-1.keyFile may be read by others; run: chmod 600"));
    folder.write("tower.key", secret_line);
    folder.allow("tower.key", 0600);
    wrong = config::read_own_machines(folder.list(Json::array({tower()})), machines).value();
    CHECK_THAT(wrong, Catch::Contains("tower-1.keyFile holds no private key of OpenSSH's"));
    CHECK(wrong.find(secret_line) == std::string::npos);
}

TEST_CASE("a machine that is listed twice is refused: it would be lent twice") {
    const Folder folder;
    std::vector<core::OwnMachine> machines;
    const auto said = [&](const char* name, const char* host, const char* key) {
        Json second = tower();
        second.update({{"name", name}, {"host", host}, {"hostKey", key}});
        return config::read_own_machines(folder.list(Json::array({tower(), second})), machines)
            .value_or("");
    };
    CHECK_THAT(said("tower-1", "192.0.2.11", other_host_key),
               Catch::Contains("name is there twice"));
    CHECK_THAT(said("tower-2", "192.0.2.10", other_host_key),
               Catch::Contains("host is there twice"));
    CHECK_THAT(said("tower-2", "192.0.2.11", host_key),
               Catch::Contains("hostKey is that of another"));
    CHECK(said("tower-2", "192.0.2.11", other_host_key).empty());
}

TEST_CASE("with provider static the first machine is the usual place, and one there must be") {
    const Folder folder;
    config::Variables variables{
        {"DATABASE_URL", "postgresql://hatchery:pw@db/hatchery"},
        {"HATCHERY_MASTER_KEY", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="},
        {"HATCHERY_PUBLIC_URL", "https://bots.example.com/"},
        {"HATCHERY_TRUSTED_PROXIES", "127.0.0.1"},
        {"HATCHERY_PROVIDER", "static"},
        {"HATCHERY_STATIC_SERVERS", folder.list(Json::array({tower()}))}};
    const auto loaded = config::load(variables, {}, config::Need::service);
    CHECK(loaded.problems.empty());
    CHECK(loaded.config.region == "cellar");
    CHECK(loaded.config.server_type == "tower");
    REQUIRE(loaded.config.own_machines.size() == 1);

    variables.erase("HATCHERY_STATIC_SERVERS");
    const auto without = config::load(variables, {}, config::Need::service);
    REQUIRE(without.problems.size() == 1);
    CHECK(without.problems[0].where == "HATCHERY_STATIC_SERVERS");
    CHECK_THAT(without.problems[0].message, Catch::Contains("names no machine"));

    // Whoever only asks the API need not read keys.
    variables["HATCHERY_STATIC_SERVERS"] = "/nowhere";
    variables["HATCHERY_TOKEN"] = "token";
    CHECK(config::load(variables, {}, config::Need::client).problems.empty());
}
