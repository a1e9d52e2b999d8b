#include <algorithm>
#include <iostream>

#include "fault_world.hpp"
#include "support/catch.hpp"

// Everything that providers do to those who use them, at once, while many bots are deployed.

using namespace hatchery;
using namespace std::chrono_literals;
using cloud_faults::FaultWorld;
using core::OperationKind;

namespace {

/// What goes wrong at a provider until the next round: a lost answer, storms of 429 and 5xx before
/// and after the effect, no stock, a quota, boots without end, late lists, locked deletes and
/// addresses that are given again.
std::string faults_of(const std::string& provider, int round, int quota) {
    const bool hetzner = provider == "hetzner";
    const std::string create = hetzner ? "/servers" : "/droplets";
    const auto error = [](const std::string& method, const std::string& route, int status,
                          const std::string& code, int count, bool after) {
        return base::Json{{"method", method}, {"route", route}, {"status", status},
                          {"code", code},     {"count", count}, {"afterEffect", after}};
    };
    base::Json faults{
        {"createAnswerLost", 1},
        {"stuckInitializing", round % 4 == 0 ? 1 : 0},
        {"deleteLocked", 1},
        {"lateVisibilitySeconds", 1},
        {"reuseAddresses", true},
        {"quotaServers", quota},
        {"latencyMs", 10},
        {"error",
         {error("POST", create, 503, "unavailable", 1, false),
          error("POST", create, 500, "server_error", 1, true),
          error("GET", "*", 502, "bad_gateway", 2, false),
          error("*", "*", 429, hetzner ? "rate_limit_exceeded" : "too_many_requests", 3, false),
          error("DELETE", "*", 504, "timeout", 1, true)}}};
    // The stock changes from round to round.
    const char* const type = hetzner ? "cx23" : "s-1vcpu-1gb";
    const char* const region = hetzner ? "fsn1" : "fra1";
    if (round % 2 == 0) faults["outOfStock"] = {{{"type", type}, {"location", region}}};
    return base::dump_json(faults);
}

void deploy_under_all_faults(int bots_wanted, int rounds, std::chrono::seconds limit) {
    FaultWorld world;
    std::vector<core::Bot> bots;
    std::vector<core::Bot> destroyed;
    for (int round = 0; round < rounds; ++round) {
        for (const auto& cloud : world.clouds) {
            world.misbehave(cloud->name, faults_of(cloud->name, round, bots_wanted * 2 / 3));
        }
        if (round % 5 == 1) world.cloud("hetzner").wire->plant_wrong_keys(1);
        const int due = bots_wanted * (round + 1) / rounds;
        while (static_cast<int>(bots.size()) < due) {
            static constexpr std::array wishes{"hetzner", "digitalocean", ""};
            bots.push_back(world.add_bot(wishes.at(bots.size() % wishes.size())));
            world.ask(bots.back(), OperationKind::deploy);
        }
        // Some change their mind; what they had goes, under the same faults.
        if (round % 3 == 2) world.cancel(bots[bots.size() - 2]);
        const auto until = std::chrono::steady_clock::now() + 1s;
        (void)world.comes_true([&] { return std::chrono::steady_clock::now() >= until; }, 2s);
    }
    // Of those that are active by now some are destroyed, and others come in their place.
    const auto actives = [&] {
        return std::ranges::count_if(
            bots, [&](const core::Bot& bot) { return world.end_of(bot).status == "active"; });
    };
    REQUIRE(world.comes_true([&] { return actives() >= 3; }, limit));
    for (const auto& bot : bots) {
        if (world.end_of(bot).status != "active" || destroyed.size() >= 3) continue;
        world.ask(bot, OperationKind::destroy);
        destroyed.push_back(bot);
    }
    for (std::size_t i = 0; i < destroyed.size(); ++i) {
        bots.push_back(world.add_bot());
        world.ask(bots.back(), OperationKind::deploy);
    }
    world.behave();
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    // What is left behind, or stray, has a grace period.
    REQUIRE(world.comes_true([&] { return world.all_accounted_for(); }, 60s));

    int active = 0;
    int failed = 0;
    for (const auto& bot : bots) {
        const auto end = world.end_of(bot);
        const bool gone = std::ranges::find(destroyed, bot.id, &core::Bot::id) != destroyed.end();
        INFO(bot.name << " is " << end.status << ": " << end.reason << " " << end.error);
        if (gone) {
            CHECK(end.servers == 0);
        } else if (end.status == "active") {
            ++active;
            CHECK(end.servers == 1);
            CHECK(end.ready == 1);
        } else if (end.status == "failed") {
            ++failed;
            CHECK_FALSE(end.reason.empty());
            CHECK(end.servers == 0);
        } else {
            // Cancelled.
            CHECK((end.status == "pending" || end.status == "stopped"));
            CHECK(end.servers == 0);
        }
    }
    int refusals = 0;
    int reused = 0;
    for (const auto& cloud : world.clouds) {
        refusals += cloud->wire->refusals();
        reused += cloud->wire->reused_addresses();
    }
    std::cout << bots.size() << " deploys: " << active << " active, " << failed << " failed, "
              << destroyed.size() << " destroyed, " << refusals << " answers 429, " << reused
              << " addresses given again\n";
    CHECK(active >= bots_wanted / 2);
    CHECK(refusals > 0);
    CHECK(world.foreign_servers_stand());
}

}  // namespace

TEST_CASE("fifty deploys under all faults at once end, and every server is accounted for") {
    deploy_under_all_faults(50, 15, 120s);
}

TEST_CASE("two hundred deploys under all faults at once end, and every server is accounted for",
          "[.long]") {
    deploy_under_all_faults(200, 60, 240s);
}
