#include <algorithm>
#include <optional>

#include "engine/cloud_poller.hpp"
#include "simulation/deploy/world.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_ledger.hpp"

// A deployment whose server the provider promises and then fails to make.

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationState;
using core::ServerState;
using simulation::Crash;
using simulation::World;
using support::FakeCloudProvider;
using Method = FakeCloudProvider::Method;

namespace {

/// A world with a poller, in which only servers that run can be reached.
struct Polled {
    World world;
    std::optional<engine::CloudPoller> poller;
    base::TimePoint next_look;
    std::stop_source stop;
    core::Bot bot;

    explicit Polled(std::uint64_t seed) : world(seed), bot(world.add_bot()) {
        world.hosts.on_exec([this](const auto& target, const ports::ExecRequest& request)
                                -> std::optional<base::Result<ports::ExecResult>> {
            const auto machine = world.cloud.server_at(target.host);
            if (!machine || machine->status != providers::CloudServerStatus::running) {
                return base::fail(base::ErrorKind::unavailable, "The connection was refused.");
            }
            return simulation::answer_scripts(world.hosts, target, request);
        });
    }
    void look() {
        if (!poller) poller.emplace(world.ports(), world.settings(), "hetzner");
        if (world.clock.now() < next_look) return;
        try {
            next_look = poller->tick(stop.get_token());
        } catch (const Crash&) {
            // The next leader knows nothing of what this one has seen.
            poller.reset();
            ++world.crashes;
        }
    }
    core::Operation deploy() {
        const auto operation = world.start(bot.id, OperationKind::deploy);
        while (!core::is_terminal(world.database.operation(operation.id)->state)) {
            world.step();
            look();
        }
        return *world.database.operation(operation.id);
    }
    [[nodiscard]] bool tells(const std::string& text) {
        return std::ranges::any_of(world.database.events(bot.id), [&](const auto& event) {
            return event.message.find(text) != std::string::npos;
        });
    }
    /// The answer to the first create was never written down.
    [[nodiscard]] bool adopted_first() const {
        return std::ranges::any_of(world.database.server_rows, [](const auto& entry) {
            return entry.second.provider_server_id == "1001" && entry.second.create_actions.empty();
        });
    }
    [[nodiscard]] int calls(Method method) const { return world.cloud.calls_of(method); }
    /// Every machine has its row, and every row that is alive its machine.
    void check_accounted_for() const {
        std::vector<std::string> machines;
        for (const auto& server : world.cloud.servers()) {
            machines.push_back(server.provider_server_id);
        }
        std::vector<std::string> rows;
        for (const auto& [id, row] : world.database.server_rows) {
            if (row.state != ServerState::deleted) rows.push_back(row.provider_server_id);
        }
        CHECK(machines == rows);
    }
};

}  // namespace

TEST_CASE("a deploy that goes as it should asks for no action") {
    Polled polled(51);
    REQUIRE(polled.deploy().state == OperationState::succeeded);
    CHECK(polled.calls(Method::actions) == 0);
    const auto row = polled.world.database.server_rows.begin()->second;
    CHECK(row.create_actions.size() == 1);
}

TEST_CASE("a create that fails for its place is deleted, and the next place has the bot") {
    Polled polled(52);
    polled.world.cloud.fail_next_create_actions(1, base::ErrorKind::out_of_stock);
    const auto begun = polled.world.clock.now();
    REQUIRE(polled.deploy().state == OperationState::succeeded);
    CHECK(polled.world.clock.now() - begun < 3min);
    REQUIRE(polled.world.cloud.servers().size() == 1);
    CHECK(polled.world.cloud.servers()[0].type == "cpx22");
    CHECK(polled.calls(Method::create) == 2);
    CHECK(polled.calls(Method::remove) == 1);
    CHECK(polled.calls(Method::actions) == 1);
    CHECK(polled.tells("will never run and is deleted"));
    CHECK(polled.tells("cx23 in fsn1 at hetzner: sold out (resource_unavailable); trying cpx22"));
    polled.check_accounted_for();
}

TEST_CASE("two places fail one after the other, and the third has the bot") {
    Polled polled(53);
    polled.world.cloud.fail_next_create_actions(2, base::ErrorKind::out_of_stock);
    REQUIRE(polled.deploy().state == OperationState::succeeded);
    CHECK(polled.calls(Method::create) == 3);
    CHECK(polled.world.cloud.servers().at(0).region == "nbg1");
    polled.check_accounted_for();
}

TEST_CASE("a create that fails for no known reason is made anew at the same place") {
    Polled polled(54);
    polled.world.cloud.fail_next_create_actions(1, base::ErrorKind::unavailable);
    REQUIRE(polled.deploy().state == OperationState::succeeded);
    CHECK(polled.calls(Method::create) == 2);
    CHECK(polled.world.cloud.servers().at(0).type == "cx23");
    CHECK(polled.world.cloud.servers().at(0).region == "fsn1");
    CHECK_FALSE(polled.tells("trying"));
    polled.check_accounted_for();
}

TEST_CASE("creates that all fail end the deploy with the cause, and leave nothing") {
    Polled polled(55);
    const auto kind = GENERATE(base::ErrorKind::unavailable, base::ErrorKind::invalid,
                               base::ErrorKind::out_of_stock, base::ErrorKind::quota_exceeded);
    polled.world.cloud.fail_next_create_actions(1'000, kind);
    const auto ended = polled.deploy();
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error);
    CHECK(ended.error->kind == kind);
    CHECK(polled.world.cloud.servers().empty());
    polled.check_accounted_for();
}

TEST_CASE("whoever dies while a failed create is replaced leaves one server and its row") {
    int calls = 0;
    {
        Polled undisturbed(56);
        undisturbed.world.cloud.fail_next_create_actions(1, base::ErrorKind::out_of_stock);
        undisturbed.world.crash_point.arm(1'000'000);
        REQUIRE(undisturbed.deploy().state == OperationState::succeeded);
        calls = undisturbed.world.crash_point.calls();
    }
    REQUIRE(calls > 60);
    int lost = 0;
    for (int call = 0; call < calls; ++call) {
        INFO("dies before call " << call);
        Polled polled(56);
        polled.world.cloud.fail_next_create_actions(1, base::ErrorKind::out_of_stock);
        polled.world.crash_point.arm(call);
        const auto ended = polled.deploy();
        REQUIRE(polled.world.crashes == 1);
        // Who adopts a server knows no action of its create, and waits for it until the deadline.
        const bool was_lost = polled.adopted_first();
        REQUIRE((ended.state == OperationState::succeeded || was_lost));
        REQUIRE(polled.world.cloud.servers().size() == (was_lost ? 0 : 1));
        lost += was_lost ? 1 : 0;
        polled.check_accounted_for();
    }
    CHECK(lost <= 3);
}

TEST_CASE("after a lost answer no action is known, and none is asked for") {
    Polled polled(57);
    polled.world.cloud.lose_next_create_answers(1);
    polled.world.cloud.never_boot_next(1);
    REQUIRE(polled.deploy().state == OperationState::failed);
    CHECK(polled.calls(Method::actions) == 0);
    polled.check_accounted_for();
}

TEST_CASE("of a server that takes long the wait says how far the provider is") {
    Polled polled(58);
    polled.world.cloud.never_boot_next(1);
    const auto operation = polled.world.start(polled.bot.id, OperationKind::deploy);
    bool said = false;
    const auto begun = polled.world.clock.now();
    while (!core::is_terminal(polled.world.database.operation(operation.id)->state)) {
        polled.world.step();
        polled.look();
        for (const auto& row : polled.world.database.jobs(operation.id)) {
            said =
                said || row.job.message == "waiting for the server to boot (50 % done at hetzner)";
        }
    }
    CHECK(said);
    // A few times a minute, for all of the time.
    const auto minutes =
        std::chrono::duration_cast<std::chrono::minutes>(polled.world.clock.now() - begun);
    CHECK(polled.calls(Method::actions) <= 4 * (minutes.count() + 1));
    polled.check_accounted_for();
}

TEST_CASE("an action of which the provider says nothing changes nothing") {
    Polled polled(59);
    polled.world.cloud.never_boot_next(1);
    polled.world.cloud.fail_next(Method::actions, 1'000, base::ErrorKind::unavailable);
    REQUIRE(polled.deploy().state == OperationState::failed);
    CHECK(polled.calls(Method::actions) > 1);
    polled.check_accounted_for();
}
