#include <algorithm>

#include "engine/prepared_cloud.hpp"
#include "simulation/deploy/world.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_ledger.hpp"

// A deployment whose place is sold out.

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationState;
using simulation::World;
using support::FakeCloudProvider;

namespace {

std::vector<std::string> told(World& world, const base::BotId& bot) {
    std::vector<std::string> lines;
    for (const auto& event : world.database.events(bot)) lines.push_back(event.message);
    return lines;
}

bool has(const std::vector<std::string>& lines, const std::string& text) {
    return std::ranges::any_of(
        lines, [&](const std::string& line) { return line.find(text) != std::string::npos; });
}

int creates(World& world) { return world.cloud.calls_of(FakeCloudProvider::Method::create); }

}  // namespace

TEST_CASE("a sold out type is followed by another one in the same region, and the story says so") {
    World world(31);
    const auto bot = world.add_bot();
    world.cloud.set_out_of_stock("cx23", "");
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
    CHECK(world.cloud.servers()[0].type == "cpx22");
    CHECK(world.cloud.servers()[0].region == "fsn1");
    CHECK(creates(world) == 2);
    CHECK(has(told(world, bot.id),
              "cx23 in fsn1 at hetzner: sold out (resource_unavailable); trying cpx22 in fsn1 at "
              "hetzner next"));
}

TEST_CASE("a region that is sold out is left when nobody asked for it") {
    World world(32);
    const auto bot = world.add_bot();
    world.cloud.set_out_of_stock("", "fsn1");
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    CHECK(world.cloud.servers()[0].region == "nbg1");
    CHECK(world.cloud.servers()[0].type == "cx23");
}

TEST_CASE("a region that the user asked for is waited for and never left") {
    World world(33);
    const auto bot = world.add_bot();
    world.database.bots.at(bot.id).bot.region = "fsn1";
    world.cloud.set_out_of_stock("", "fsn1");
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::failed);
    CHECK(ended.error->kind == base::ErrorKind::out_of_stock);
    CHECK(ended.error->message.find("in 2 places: cx23 in fsn1 at hetzner (sold out), cpx22 in "
                                    "fsn1 at hetzner (sold out)") != std::string::npos);
    CHECK(world.cloud.servers().empty());
    CHECK_FALSE(has(told(world, bot.id), "nbg1"));
}

TEST_CASE("what is sold out everywhere is tried again from the first place until it is there") {
    World world(34);
    const auto bot = world.add_bot();
    world.cloud.set_out_of_stock("", "");
    const auto operation = world.start(bot.id, OperationKind::deploy);
    while (creates(world) < 3) world.step();
    world.cloud.restock();
    const auto ended = world.run_to_end(operation.id);
    REQUIRE(ended.state == OperationState::succeeded);
    CHECK(world.cloud.servers()[0].region == "fsn1");
    CHECK(world.cloud.servers()[0].type == "cx23");
}

TEST_CASE("a plan of the EU is kept to from the first place on") {
    World world(36);
    const auto bot = world.add_bot();
    world.settings().region = "ash";
    world.settings().billing.plans[core::PlanName::enterprise].eu_only = true;
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    CHECK(creates(world) == 1);
    CHECK(world.cloud.servers().at(0).region == "fsn1");
}

TEST_CASE("what the plan forbids and the user wants is refused, and nothing is created") {
    World world(37);
    const auto bot = world.add_bot();
    world.database.bots.at(bot.id).bot.region = "ash";
    world.settings().billing.plans[core::PlanName::enterprise].eu_only = true;
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::failed);
    CHECK(ended.error->code == "no_allowed_place");
    CHECK(creates(world) == 0);
}

TEST_CASE("a ledger that does not answer moves nobody to what another plan allows") {
    World world(38);
    support::FakeCloudLedger ledger{world.database};
    world.ports().ledger = &ledger;
    const auto bot = world.add_bot();
    world.settings().billing.plans[core::PlanName::pro] = {.server_types = {}, .regions = {"fsn1"}};
    core::Subscription subscription;
    subscription.plan = core::PlanName::pro;
    int reads = 0;
    ledger.subscription_read = [&]() -> base::Result<std::optional<core::Subscription>> {
        if (++reads % 2 == 0) return base::fail(base::ErrorKind::unavailable, "no database");
        return subscription;
    };
    world.cloud.set_out_of_stock("", "fsn1");
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::failed);
    CHECK(reads > 2);
    CHECK(world.cloud.servers().empty());
    CHECK_FALSE(has(told(world, bot.id), "nbg1"));
}

TEST_CASE("a firewall of our name without our label fails the deployment, and says so") {
    World world(39);
    const auto bot = world.add_bot();
    const auto name = "hatchery-ssh-" + world.database.installation().text();
    world.cloud.add_resource({.kind = providers::ResourceKind::firewall, .name = name});
    const auto keys = crypto::make_key_maker();
    engine::PreparedCloud prepared(world.cloud, *keys, {"0.0.0.0/0"});
    world.ports().clouds["hetzner"] = &prepared;
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::failed);
    CHECK(ended.error->code == "firewall_unavailable");
    CHECK(ended.error->message.find(name) != std::string::npos);
    // Nobody asked for a machine, so nobody looks for one.
    CHECK(creates(world) == 0);
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::find) == 0);
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::create_resource) == 1);
}

TEST_CASE("answer lost, then sold out: the next place is tried once nothing can turn up") {
    World world(40);
    const auto bot = world.add_bot();
    world.cloud.fail_next(FakeCloudProvider::Method::create, 1, base::ErrorKind::unavailable);
    world.cloud.set_out_of_stock("", "fsn1");
    const auto begun = world.clock.now();
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
    CHECK(world.cloud.servers()[0].region == "nbg1");
    CHECK(creates(world) <= 5);
    CHECK(world.clock.now() - begun > 3min);
}

TEST_CASE("a lost answer is settled before another place is tried") {
    World world(35);
    const auto bot = world.add_bot();
    world.cloud.lose_next_create_answers(1);
    world.cloud.hide_new_servers_for(20s);
    int seen = 0;
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        if (method != FakeCloudProvider::Method::create || ++seen != 2) return;
        world.cloud.fail_next(method, 1, base::ErrorKind::out_of_stock);
    });
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
    CHECK(world.cloud.servers()[0].type == "cx23");
    CHECK_FALSE(has(told(world, bot.id), "trying"));
}
