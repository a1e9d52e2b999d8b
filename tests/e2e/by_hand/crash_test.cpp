#include <sys/wait.h>

#include "e2e/by_hand/inventory.hpp"
#include "support/catch.hpp"

// The process that serves a create or a delete by hand dies between what it writes and what it asks
// of the provider. Nothing is billed that the next one does not know.

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using e2e::skip_without_hosts;
using e2e::World;

constexpr int killed = 128 + SIGKILL;

base::Json wish() { return {{"provider", "hetzner"}, {"region", "fsn1"}, {"serverType", "cx23"}}; }

/// Serves until it dies at the point, which the request brings it to; then another serves.
template <typename Request>
void die_at(World& world, const std::string& point, Request&& request) {
    world.kill_hatchery();
    world.start_hatchery({{"HATCHERY_CRASH_AT", point}});
    request();
    INFO(point);
    REQUIRE(world.hatchery().wait(30s) == killed);
    world.start_hatchery();
}

/// A worker, the only process, that dies at the point by itself.
void worker_dies_at(World& world, const std::string& point) {
    world.kill_hatchery();
    const auto worker = world.spawn("worker", "worker.log", {{"HATCHERY_CRASH_AT", point}});
    INFO(point);
    REQUIRE(worker->wait(60s) == killed);
}

/// Servers by hand that the inventory shows with a machine.
std::vector<std::string> made(const World& world) {
    std::vector<std::string> ids;
    for (const auto& item : world.listed("/api/cloud/servers")) {
        if (item.at("providerServerId").is_string()) ids.push_back(base::json_string(item, "id"));
    }
    return ids;
}

void remove(const World& world, const std::string& id) {
    REQUIRE(world.api().remove("/api/cloud/servers/" + id).status == 202);
}

}  // namespace

TEST_CASE("a create by hand that dies anywhere leaves no machine that nobody knows") {
    if (skip_without_hosts()) return;
    World world({.name = "by hand create crash"});
    const auto create = [&] { (void)world.api().post("/api/cloud/provision", wish()); };
    // Before the provider was asked there is a row at most, which costs nothing.
    for (const char* point : {"by_hand/hand_servers.plan:before", "by_hand/hand_servers.plan:after",
                              "by_hand/cloud.create_server:before"}) {
        die_at(world, point, create);
        REQUIRE(e2e::machines_of_ours(world).empty());
        e2e::must_know_all(world);
        REQUIRE(world.listed("/api/admin/costs?by=provider").empty());
    }
    for (const char* point :
         {"by_hand/cloud.create_server:after", "by_hand/hand_servers.made:before",
          "by_hand/hand_servers.made:after"}) {
        die_at(world, point, create);
        e2e::must_know_all(world);
        REQUIRE(e2e::machines_of_ours(world).size() == 1);
        // Who comes next finds the machine by its name, and it can be deleted.
        REQUIRE(world.eventually(60s, [&] { return made(world).size() == 1; }));
        REQUIRE(world.listed("/api/admin/costs?by=provider").size() == 1);
        remove(world, made(world).front());
        e2e::wait_for_none(world);
        REQUIRE(world.eventually(60s, [&] { return made(world).empty(); }));
    }
}

TEST_CASE("a delete by hand that dies anywhere is done all the same, once it was accepted") {
    if (skip_without_hosts()) return;
    World world({.name = "by hand delete crash"});
    const auto make = [&] {
        REQUIRE(world.api().post("/api/cloud/provision", wish()).status == 201);
        return made(world).front();
    };
    auto id = make();
    const auto ask = [&] { (void)world.api().remove("/api/cloud/servers/" + id); };
    die_at(world, "by_hand/hand_servers.condemn:before", ask);
    e2e::must_know_all(world);
    REQUIRE(e2e::machines_of_ours(world).size() == 1);
    die_at(world, "by_hand/hand_servers.condemn:after", ask);
    e2e::wait_for_none(world);
    REQUIRE(world.eventually(60s, [&] { return made(world).empty(); }));

    // And who looks after it dies before and after it says so.
    id = make();
    ask();
    worker_dies_at(world, "engine/hand_servers.gone:before");
    worker_dies_at(world, "engine/hand_servers.gone:after");
    world.start_hatchery();
    e2e::wait_for_none(world);
    REQUIRE(made(world).empty());
}
