#include "e2e/by_hand/inventory.hpp"

#include <algorithm>

#include "core/ownership.hpp"
#include "support/catch.hpp"

namespace hatchery::e2e {

using namespace std::chrono_literals;

std::vector<std::string> lines_of(const World& world, const std::vector<std::string>& arguments) {
    const auto command = world.command(arguments);
    std::vector<std::string> lines;
    while (auto line = command->read_line(70s)) lines.push_back(*std::move(line));
    INFO("hatchery " << joined(arguments) << joined(lines));
    REQUIRE(command->wait(10s) == 0);
    return lines;
}

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& line : lines) all += line + "\n";
    return all;
}

std::string installation_of(World& world) {
    return world.database()
        .run([](store::Sql& sql) -> base::Result<std::string> {
            return sql.query("SELECT id FROM installation")[0].text(0);
        })
        .value();
}

std::vector<base::Json> machines_of_ours(World& world) {
    const auto installation = installation_of(world);
    std::vector<base::Json> ours;
    for (const auto& machine : world.servers()) {
        const auto& labels = base::json_member(machine, "labels");
        if (base::json_string(labels, core::label_installation) == installation) {
            ours.push_back(machine);
        }
    }
    return ours;
}

void must_know_all(World& world) {
    const auto machines = machines_of_ours(world);
    const auto inventory = world.listed("/api/cloud/servers");
    INFO(base::dump_json_pretty(inventory));
    for (const auto& item : inventory) REQUIRE_FALSE(item.at("orphan").get<bool>());
    for (const auto& machine : machines) {
        const auto id = base::json_string(base::json_member(machine, "labels"), core::label_server);
        REQUIRE(std::ranges::any_of(inventory, [&](const base::Json& item) {
            return base::json_string(item, "id") == id;
        }));
    }
}

void wait_for_none(World& world) {
    REQUIRE(world.eventually(60s, [&] { return machines_of_ours(world).empty(); }));
}

}  // namespace hatchery::e2e
