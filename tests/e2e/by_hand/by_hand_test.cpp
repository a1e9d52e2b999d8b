#include "core/ownership.hpp"
#include "e2e/by_hand/inventory.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using Catch::Contains;
using e2e::joined;
using e2e::lines_of;
using e2e::skip_without_hosts;
using e2e::World;

/// A machine of ours at the provider that no row knows.
void add_orphan(World& world) {
    const auto made = world.cloud().post(
        "/servers", {{"name", "lost"},
                     {"server_type", "cx23"},
                     {"location", "fsn1"},
                     {"image", "debian-12"},
                     {"labels",
                      {{core::label_installation, e2e::installation_of(world)},
                       {core::label_server, "019a0000-0000-7000-8000-00000000000f"}}}});
    INFO(base::dump_json(made.body));
    REQUIRE(made.status == 201);
}

std::string servers(const World& world) { return joined(lines_of(world, {"cloud", "servers"})); }

}  // namespace

TEST_CASE("a server by hand is made, shown with its cost and destroyed, and an orphan is swept") {
    if (skip_without_hosts()) return;
    World world({.name = "by hand", .settings = {{"HATCHERY_STRAY_GRACE_SECONDS", "3"}}});
    CHECK(servers(world).empty());
    // Nobody is asked for a yes by a program.
    CHECK(world.command({"cloud", "provision", "hetzner", "fsn1", "cx23"})->wait(30s) == 2);
    CHECK(e2e::machines_of_ours(world).empty());

    const auto made = lines_of(world, {"cloud", "provision", "hetzner", "fsn1", "cx23", "--yes"});
    REQUIRE(made.size() == 1);
    const std::string id = made[0].substr(0, made[0].find(' '));
    CHECK_THAT(made[0], Contains("booting"));
    CHECK(e2e::machines_of_ours(world).size() == 1);
    REQUIRE(
        world.eventually(60s, [&] { return servers(world).find("ready") != std::string::npos; }));
    const auto shown = servers(world);
    CHECK_THAT(shown, Contains("ours") && Contains("hetzner") && Contains("fsn1") &&
                          Contains("cx23") && Contains(" EUR"));
    CHECK_THAT(joined(lines_of(world, {"costs", "--by", "provider"})),
               Contains("hetzner") && Contains(" EUR"));

    add_orphan(world);
    REQUIRE_THAT(servers(world), Contains("nobody's"));
    // Asked for again and again until its grace period is over.
    REQUIRE(world.eventually(60s, [&] {
        const auto swept = joined(lines_of(world, {"cloud", "sweep"}));
        INFO(swept);
        return e2e::machines_of_ours(world).size() == 1;
    }));
    const auto clean = joined(lines_of(world, {"cloud", "sweep"}));
    CHECK_THAT(clean, Contains("hetzner: 1 server listed, 1 ours, 0 not as they should be"));
    CHECK_THAT(servers(world), Contains("ours") && !Contains("nobody's"));

    CHECK_THAT(joined(lines_of(world, {"cloud", "destroy", id, "--yes"})), Contains("deleting"));
    e2e::wait_for_none(world);
    REQUIRE(world.eventually(30s, [&] { return servers(world).empty(); }));
    // What it has cost stays.
    CHECK_THAT(joined(lines_of(world, {"costs", "--by", "provider"})), Contains(" EUR"));
}

TEST_CASE("a server by hand that would pass the ceiling is refused by the program with the sum") {
    if (skip_without_hosts()) return;
    World world({.name = "by hand ceiling", .settings = {{"HATCHERY_COST_CEILINGS", "hetzner=1"}}});
    const auto refused = world.command({"cloud", "provision", "hetzner", "fsn1", "cx23", "--yes"});
    CHECK(refused->wait(30s) != 0);
    CHECK(e2e::machines_of_ours(world).empty());
    CHECK(world.listed("/api/cloud/servers").empty());
    const auto alarms = world.listed("/api/admin/alarms");
    REQUIRE(alarms.size() == 1);
    CHECK(base::json_string(alarms[0], "kind") == "cost_ceiling");
}
