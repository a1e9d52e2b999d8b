#include <algorithm>
#include <array>

#include "fault_world.hpp"
#include "support/catch.hpp"

// One kind of misbehaviour at a time, at both providers.

using namespace hatchery;
using namespace std::chrono_literals;
using cloud_faults::FaultWorld;
using core::OperationKind;

namespace {

constexpr std::array providers_tried{"hetzner", "digitalocean"};
/// Only a broken program takes so long.
constexpr auto limit = 60s;

bool tells(FaultWorld& world, const core::Bot& bot, const std::string& text) {
    return std::ranges::any_of(world.story_of(bot), [&](const std::string& line) {
        return line.find(text) != std::string::npos;
    });
}

/// The same faults at both; `create` stands for the route of creates.
void misbehave(FaultWorld& world, const std::string& faults) {
    for (const auto* provider : providers_tried) {
        std::string document = faults;
        const std::string create =
            std::string_view(provider) == "hetzner" ? "/servers" : "/droplets";
        for (auto at = document.find("CREATE"); at != std::string::npos;
             at = document.find("CREATE")) {
            document.replace(at, 6, create);
        }
        world.misbehave(provider, document);
    }
}

/// A bot at each provider, deployed at once.
std::vector<core::Bot> deploy(FaultWorld& world, base::Milliseconds within = 6min) {
    std::vector<core::Bot> bots;
    for (const auto* provider : providers_tried) {
        bots.push_back(world.add_bot(provider));
        world.ask(bots.back(), OperationKind::deploy, within);
    }
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    return bots;
}

/// All are active, each with one server, and the providers have no other.
void check_active(FaultWorld& world, const std::vector<core::Bot>& bots) {
    for (const auto& bot : bots) {
        const auto end = world.end_of(bot);
        INFO(bot.provider << ": " << end.status << " " << end.reason << " " << end.error);
        CHECK(end.status == "active");
        CHECK(end.ready == 1);
    }
    CHECK(world.comes_true([&] { return world.all_accounted_for(); }, limit));
    CHECK(world.foreign_servers_stand());
}

/// All have failed for a reason with this text, and nothing of them is left.
void check_failed(FaultWorld& world, const std::vector<core::Bot>& bots, const std::string& text) {
    for (const auto& bot : bots) {
        const auto end = world.end_of(bot);
        INFO(bot.provider << ": " << end.status << " " << end.reason << " " << end.error);
        CHECK(end.status == "failed");
        CHECK(end.reason.find(text) != std::string::npos);
        CHECK(end.servers == 0);
    }
    CHECK(world.comes_true([&] { return world.all_accounted_for(); }, limit));
    CHECK(world.foreign_servers_stand());
}

}  // namespace

TEST_CASE("a create whose answer was lost is adopted, and no second one is made") {
    FaultWorld world;
    misbehave(world, R"({"createAnswerLost":1})");
    const auto bots = deploy(world);
    check_active(world, bots);
    for (const auto& bot : bots) CHECK(tells(world, bot, "adopted server"));
}

TEST_CASE("a create that was answered 500 after its effect is adopted") {
    FaultWorld world;
    misbehave(world, R"({"error":[{"method":"POST","route":"CREATE","status":500,"count":1,
                                   "afterEffect":true}]})");
    const auto bots = deploy(world);
    check_active(world, bots);
    for (const auto& bot : bots) CHECK(tells(world, bot, "adopted server"));
}

TEST_CASE("a create that was answered 503 without effect is looked for and sent again") {
    FaultWorld world;
    misbehave(world, R"({"error":[{"method":"POST","route":"CREATE","status":503,"count":1}]})");
    check_active(world, deploy(world));
}

TEST_CASE("answers 500, 502 and 504 to everything that is read are lived through") {
    FaultWorld world;
    misbehave(world, R"({"error":[{"method":"GET","status":500,"count":2},
                                  {"method":"GET","status":502,"count":2},
                                  {"method":"GET","status":504,"count":2}]})");
    check_active(world, deploy(world));
}

TEST_CASE("a storm of 429 is waited out") {
    FaultWorld world;
    for (const auto* provider : providers_tried) {
        const bool hetzner = std::string_view(provider) == "hetzner";
        world.misbehave(provider, std::string(R"({"error":[{"status":429,"count":3,"code":")") +
                                      (hetzner ? "rate_limit_exceeded" : "too_many_requests") +
                                      R"("}]})");
    }
    const auto bots = deploy(world);
    check_active(world, bots);
    for (const auto& cloud : world.clouds) CHECK(cloud->wire->refusals() > 0);
}

TEST_CASE("what is sold out by type, by region or at a provider is had at the next place") {
    FaultWorld world;
    std::string next;
    SECTION("by type") {
        world.misbehave("hetzner", R"({"outOfStock":[{"type":"cx23","location":"fsn1"}]})");
        next = "trying cpx22 in fsn1 at hetzner next";
    }
    SECTION("by region") {
        world.misbehave("hetzner", R"({"outOfStock":[{"type":"","location":"fsn1"}]})");
        next = "trying cx23 in nbg1 at hetzner next";
    }
    SECTION("at a provider") {
        world.misbehave("hetzner", R"({"outOfStock":[{"type":"","location":""}]})");
        next = "trying s-1vcpu-1gb in fra1 at digitalocean next";
    }
    SECTION("at a provider, and by region at the next") {
        world.misbehave("hetzner", R"({"outOfStock":[{"type":"","location":""}]})");
        world.misbehave("digitalocean", R"({"outOfStock":[{"type":"","location":"fra1"}]})");
        next = "trying s-1vcpu-1gb in ams3 at digitalocean next";
    }
    const auto bot = world.add_bot();
    world.ask(bot, OperationKind::deploy);
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    check_active(world, {bot});
    CHECK(tells(world, bot, next));
}

TEST_CASE("a quota sends a deploy to the next provider, and fails it with its cause at the last") {
    FaultWorld world;
    // As many as somebody else has there.
    world.misbehave("hetzner", R"({"quotaServers":2})");
    const auto elsewhere = world.add_bot();
    world.ask(elsewhere, OperationKind::deploy);
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    check_active(world, {elsewhere});
    CHECK(world.ours_at("digitalocean").size() == 1);
    CHECK(world.count("SELECT count(*) FROM alarms WHERE kind = 'cloud_quota'") > 0);

    world.misbehave("digitalocean", R"({"quotaServers":3})");
    check_failed(world, deploy(world), "limit");
}

TEST_CASE("a server that never boots fails its deploy by the deadline and is deleted") {
    FaultWorld world;
    misbehave(world, R"({"stuckInitializing":1})");
    check_failed(world, deploy(world, 150s), "did not end within");
    for (const auto* provider : providers_tried) CHECK(world.ours_at(provider).empty());
}

TEST_CASE("a create that fails after it was taken is deleted, and another place has the bot") {
    FaultWorld world;
    world.misbehave("hetzner",
                    R"({"createActionFails":1,"createActionCode":"resource_unavailable"})");
    const auto bot = world.add_bot();
    world.ask(bot, OperationKind::deploy);
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    check_active(world, {bot});
    CHECK(tells(world, bot, "will never run and is deleted"));
    CHECK(tells(world, bot, "trying cpx22 in fsn1 at hetzner next"));
}

TEST_CASE("a create that fails after it was taken for no known reason is made anew") {
    FaultWorld world;
    misbehave(world, R"({"createActionFails":1})");
    const auto bots = deploy(world);
    check_active(world, bots);
    for (const auto& bot : bots) CHECK(tells(world, bot, "will never run and is deleted"));
    CHECK(world.ours_at("hetzner").size() == 1);
    CHECK(world.ours_at("digitalocean").size() == 1);
}

TEST_CASE("a create that fails after it was taken for good fails the deploy with the cause") {
    FaultWorld world;
    world.misbehave("hetzner", R"({"createActionFails":1,"createActionCode":"invalid_input"})");
    const auto bot = world.add_bot("hetzner");
    world.ask(bot, OperationKind::deploy);
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    check_failed(world, {bot}, "invalid_input");
    CHECK(world.ours_at("hetzner").empty());
}

TEST_CASE("no action is asked for while all creates go as they should") {
    FaultWorld world;
    check_active(world, deploy(world));
    for (const auto& cloud : world.clouds) CHECK(cloud->wire->reads_of("/actions") == 0);
}

TEST_CASE("a server that is listed late after a lost answer is found, and made once") {
    FaultWorld world;
    misbehave(world, R"({"lateVisibilitySeconds":3,"createAnswerLost":1})");
    check_active(world, deploy(world));
}

TEST_CASE("a delete that is refused as locked is tried again until the server is gone") {
    FaultWorld world;
    const auto bots = deploy(world);
    check_active(world, bots);
    misbehave(world, R"({"deleteLocked":2})");
    for (const auto& bot : bots) world.ask(bot, OperationKind::destroy);
    REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    for (const auto& bot : bots) CHECK(world.end_of(bot).servers == 0);
    for (const auto* provider : providers_tried) CHECK(world.ours_at(provider).empty());
    CHECK(world.all_accounted_for());
    CHECK(world.foreign_servers_stand());
}

TEST_CASE("an address that another server had before is no obstacle to the next") {
    FaultWorld world;
    misbehave(world, R"({"reuseAddresses":true})");
    const auto run = [&](const core::Bot& bot, OperationKind kind) {
        world.ask(bot, kind);
        REQUIRE(world.comes_true([&] { return world.all_ended(); }, limit));
    };
    std::vector<core::Bot> bots;
    // One after the other: both providers' servers have their addresses from one range.
    for (const auto& cloud : world.clouds) {
        const auto former = world.add_bot(cloud->name);
        run(former, OperationKind::deploy);
        run(former, OperationKind::destroy);
        bots.push_back(world.add_bot(cloud->name));
        run(bots.back(), OperationKind::deploy);
        CHECK(cloud->wire->reused_addresses() == 1);
    }
    check_active(world, bots);
}

TEST_CASE("a server that shows a host key which nobody planted is refused and deleted") {
    FaultWorld world;
    for (const auto& cloud : world.clouds) cloud->wire->plant_wrong_keys(1);
    check_failed(world, deploy(world), "host key");
    for (const auto* provider : providers_tried) CHECK(world.ours_at(provider).empty());
}
