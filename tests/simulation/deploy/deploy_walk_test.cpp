#include <algorithm>
#include <string>
#include <vector>

#include "base/steady_time.hpp"
#include "core/ownership.hpp"
#include "ports/cloud_budgets.hpp"
#include "simulation/deploy/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationState;
using simulation::World;
using support::FakeCloudProvider;
using support::FakeRemoteHost;

std::vector<std::string> script_lines(const World& world, const base::BotId& bot) {
    std::vector<std::string> lines;
    for (const auto& event : world.database.events(bot)) {
        if (event.stream == core::EventStream::out) lines.push_back(event.message);
    }
    return lines;
}

/// What the scripts say to people; their facts are not among it.
const std::vector<std::string> all_lines{"user",         "swap",     "firewall", "unit",
                                         "sum is right", "unpacked", "switched", "valid",
                                         "starting",     "ready"};

/// What must hold whatever happened: nothing billed that no row knows, no secret told.
void check_always(const World& world, const base::BotId& bot) {
    const auto rows = world.database.servers();
    for (const auto& server : world.cloud.servers()) {
        const bool known = std::ranges::any_of(rows, [&](const core::Server& row) {
            return row.name == server.name && row.state != core::ServerState::deleted;
        });
        REQUIRE(known);
    }
    std::int64_t seq = 0;
    for (const auto& event : world.database.events(bot)) {
        REQUIRE(event.seq == ++seq);
        for (const char* secret : {"hook-secret", "gateway-secret", "model-secret",
                                   "abcdefghijklmnopqrstuvwxyz", "PRIVATE KEY"}) {
            REQUIRE(event.message.find(secret) == std::string::npos);
            REQUIRE(event.data.find(secret) == std::string::npos);
        }
    }
}

}  // namespace

TEST_CASE("a deploy over fakes ends with an active bot and one request for its server") {
    World world(1);
    const auto bot = world.add_bot();
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::active);
    REQUIRE(world.cloud.servers().size() == 1);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::create) == 1);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::find) == 0);
    REQUIRE(script_lines(world, bot.id) == all_lines);
    check_always(world, bot.id);

    const auto server = world.database.servers().front();
    REQUIRE(server.host_key == "ssh-ed25519 ROTATED");
    REQUIRE(server.host_key_rotated);
    REQUIRE(world.database.secrets_of(server.id.text()) == std::vector<std::string>{"client_key"});
}

TEST_CASE("a login that meets sshd while it reads its new host key is no failed attempt") {
    World world(16);
    const auto bot = world.add_bot();
    int drops = 0;
    world.hosts.on_exec([&](const auto& target, const ports::ExecRequest& request) {
        if (request.command.ends_with(" activate") && ++drops == 1) {
            world.hosts.fail_next(support::FakeRemoteHost::Method::exec, 1,
                                  base::ErrorKind::unavailable);
        }
        return simulation::answer_scripts(world.hosts, target, request);
    });
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(drops > 1);
    for (const auto& row : world.database.jobs(ended.id)) REQUIRE(row.job.failures == 0);
}

TEST_CASE("an sshd that starts anew while the server boots is no failed attempt") {
    for (const std::string phase : {" prepare", " activate"}) {
        World world(17);
        const auto bot = world.add_bot();
        int calls = 0;
        world.hosts.on_exec([&](const auto& target, const ports::ExecRequest& request)
                                -> std::optional<base::Result<ports::ExecResult>> {
            if (request.command.ends_with(phase) && ++calls == 1) {
                return base::fail(base::ErrorKind::unavailable,
                                  "the SSH handshake failed: Failed getting banner");
            }
            return simulation::answer_scripts(world.hosts, target, request);
        });
        const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
        INFO(phase);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(calls > 1);
        for (const auto& row : world.database.jobs(ended.id)) REQUIRE(row.job.failures == 0);
    }
}

TEST_CASE("a process that dies before any one of its calls loses nothing and repeats nothing") {
    // The number of calls of an undisturbed deploy bounds the places to die at.
    World undisturbed(1);
    undisturbed.crash_point.arm(1'000'000);
    const auto first = undisturbed.add_bot();
    undisturbed.run_to_end(undisturbed.start(first.id, OperationKind::deploy).id);
    const int calls = undisturbed.crash_point.calls();
    REQUIRE(calls > 40);

    for (int call = 0; call < calls; ++call) {
        INFO("dies before call " << call);
        World world(1);
        const auto bot = world.add_bot();
        world.crash_point.arm(call);
        const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
        REQUIRE(world.crashes == 1);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(world.cloud.servers().size() == 1);
        REQUIRE(script_lines(world, bot.id) == all_lines);
        for (const char* script : {"install_dependencies.sh", "deploy_openclaw.sh",
                                   "configure_bot.sh", "start_bot.sh"}) {
            INFO(script);
            REQUIRE(world.hosts.starts_of(script) == 1);
        }
        check_always(world, bot.id);
    }
}

TEST_CASE("a destroy that dies before any one of its calls leaves nothing") {
    for (int call = 0; call < 16; ++call) {
        INFO("dies before call " << call);
        World world(1);
        const auto bot = world.add_bot();
        world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
        world.crash_point.arm(call);
        const auto ended = world.run_to_end(world.start(bot.id, OperationKind::destroy).id);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(world.cloud.servers().empty());
        REQUIRE(world.telegram.webhook(123456789).value_or(support::FakeBotApi::Webhook{}).url ==
                "");
        REQUIRE(world.database.bot(bot.id)->deleted);
        REQUIRE(world.database.secrets_of(bot.id.text()).empty());
    }
}

TEST_CASE("the lost answer to a create is looked up and its server adopted") {
    World world(2);
    const auto bot = world.add_bot();
    world.cloud.lose_next_create_answers(1);
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::create) == 1);
    check_always(world, bot.id);
}

TEST_CASE("a server whose address comes late is reached once the provider tells it") {
    World world(21);
    const auto bot = world.add_bot();
    world.cloud.behave_as_digitalocean();
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::create) == 1);
    check_always(world, bot.id);
}

TEST_CASE("where names are not unique, a lost create is looked for before another is sent") {
    World world(22);
    const auto bot = world.add_bot();
    world.cloud.behave_as_digitalocean();
    world.cloud.lose_next_create_answers(1);
    world.cloud.hide_new_servers_for(30s);
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::create) == 1);
    check_always(world, bot.id);
}

TEST_CASE("where names are not unique, a create that made nothing is sent again in the end") {
    World world(23);
    const auto bot = world.add_bot();
    world.cloud.behave_as_digitalocean();
    world.cloud.fail_next(FakeCloudProvider::Method::create, 1, base::ErrorKind::timeout);
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::create) == 2);
}

TEST_CASE("a create that is refused after a lost one does not forget the lost one's machine") {
    World world(11);
    const auto bot = world.add_bot();
    world.cloud.lose_next_create_answers(1);
    world.cloud.hide_new_servers_for(30s);
    // The machine that nobody sees yet has taken the account's last place: it is waited for. A
    // refusal for another reason ends the deployment, and its teardown finds the machine.
    const auto [why, end] =
        GENERATE(std::pair(base::ErrorKind::quota_exceeded, OperationState::succeeded),
                 std::pair(base::ErrorKind::invalid, OperationState::failed));
    int creates = 0;
    world.cloud.before_each_call([&, refusal = why](FakeCloudProvider::Method method) {
        if (method != FakeCloudProvider::Method::create || ++creates != 2) return;
        world.cloud.fail_next(method, 1, refusal);
    });
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == end);
    REQUIRE(creates == 2);
    REQUIRE(world.cloud.servers().size() == (end == OperationState::succeeded ? 1 : 0));
}

TEST_CASE("a create that was held up after its intent for longer than it may live never leaves") {
    base::SteadyTime now{1h};
    const base::SteadyTimeScope steady([&] { return now; });
    World world(14);
    const auto bot = world.add_bot();
    bool held_up = false;
    world.after_change([&](const ports::ServerChange& change) {
        if (held_up || change.state != core::ServerState::creating) return;
        held_up = true;
        now += 2min;
        REQUIRE(world.cloud.servers().empty());
    });
    int machines_at_second_create = -1;
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        if (method != FakeCloudProvider::Method::create) return;
        if (world.cloud.calls_of(method) == 2) {
            machines_at_second_create = static_cast<int>(world.cloud.servers().size());
        }
    });
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(machines_at_second_create == 0);
    REQUIRE(world.cloud.servers().size() == 1);
}

TEST_CASE("a clock that jumps does not end the look for a create that was never answered") {
    World world(15);
    const auto bot = world.add_bot();
    world.cloud.lose_next_create_answers(1);
    world.cloud.hide_new_servers_for(60s);
    const auto operation = world.start(bot.id, OperationKind::deploy);
    while (world.cloud.servers().empty()) world.step();
    support::FakeJobStore jobs(world.database);
    REQUIRE(jobs.request_cancel(operation.id, world.clock.now()));
    const auto looks = [&] { return world.cloud.calls_of(FakeCloudProvider::Method::find); };
    for (const int before = looks(); looks() < before + 2;) world.step();
    world.clock.set_skew(10min);
    const auto ended = world.run_to_end(operation.id);
    REQUIRE(ended.state == OperationState::cancelled);
    REQUIRE(world.cloud.servers().empty());
}

TEST_CASE("lines that the database did not take are read again") {
    for (int skipped = 0; skipped < 60; ++skipped) {
        INFO("the database refuses after " << skipped << " rounds");
        World world(12);
        const auto bot = world.add_bot();
        const auto operation = world.start(bot.id, OperationKind::deploy);
        for (int i = 0; i < skipped; ++i) world.step();
        world.refuse_next_record();
        const auto ended = world.run_to_end(operation.id);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(script_lines(world, bot.id) == all_lines);
    }
}

TEST_CASE("a bot whose token cannot be opened can still be deleted") {
    World world(13);
    const auto bot = world.add_bot();
    world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    world.telegram.fail_next(100, {.kind = base::ErrorKind::invalid, .message = "No."});
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::destroy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(world.cloud.servers().empty());
}

TEST_CASE("somebody else's server of our name is neither adopted nor deleted") {
    World world(3);
    const auto bot = world.add_bot();
    const auto operation = world.start(bot.id, OperationKind::deploy);
    world.cloud.lose_next_create_answers(0);
    bool planted = false;
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        if (planted || method != FakeCloudProvider::Method::create) return;
        planted = true;
        providers::CloudServer foreign;
        foreign.provider_server_id = "7";
        foreign.name = world.database.servers().front().name;
        foreign.labels = {{core::label_installation, "another"}};
        world.cloud.add_server(foreign);
    });
    const auto ended = world.run_to_end(operation.id);
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error->code == "foreign_server");
    REQUIRE(world.cloud.servers().size() == 1);
    REQUIRE(world.cloud.calls_of(FakeCloudProvider::Method::remove) == 0);
}

TEST_CASE("another host key than the planted one ends the deploy and removes the server") {
    World world(4);
    const auto bot = world.add_bot();
    bool replaced = false;
    world.hosts.before_each_call([&](FakeRemoteHost::Method) {
        if (replaced || world.cloud.servers().empty()) return;
        replaced = true;
        world.hosts.add_server(world.cloud.servers().front().public_ip, "ssh-ed25519 SOMEBODY");
    });
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error->code == "host_key_mismatch");
    REQUIRE(world.cloud.servers().empty());
    REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::failed);
    REQUIRE(world.hosts.starts_of("install_dependencies.sh") == 0);
}

TEST_CASE("errors of every kind at every port end the deploy in success or with nothing left") {
    for (const auto& [kind, name] : base::EnumNames<base::ErrorKind>::names) {
        for (const auto method :
             {FakeCloudProvider::Method::create, FakeCloudProvider::Method::find}) {
            INFO(name << " from the provider");
            World world(5);
            const auto bot = world.add_bot();
            world.cloud.fail_next(method, 1, kind);
            const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
            check_always(world, bot.id);
            const bool good = ended.state == OperationState::succeeded;
            REQUIRE(world.cloud.servers().size() == (good ? 1 : 0));
        }
        for (const auto method :
             {FakeRemoteHost::Method::exec, FakeRemoteHost::Method::start_run,
              FakeRemoteHost::Method::read_run, FakeRemoteHost::Method::upload,
              FakeRemoteHost::Method::put_file, FakeRemoteHost::Method::open_tunnel}) {
            INFO(name << " from a server");
            World world(6);
            const auto bot = world.add_bot();
            world.hosts.fail_next(method, 1, kind);
            const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
            check_always(world, bot.id);
            const bool good = ended.state == OperationState::succeeded;
            REQUIRE(world.cloud.servers().size() == (good ? 1 : 0));
        }
    }
}

TEST_CASE("a server that never boots ends its deploy by the deadline, and is removed") {
    World world(7);
    const auto bot = world.add_bot();
    world.hosts.fail_next(FakeRemoteHost::Method::exec, 1'000'000, base::ErrorKind::unavailable);
    const auto started = world.clock.now();
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id, 2h);
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error->kind == base::ErrorKind::timeout);
    REQUIRE(world.clock.now() - started < 46min);
    REQUIRE(world.cloud.servers().empty());
}

TEST_CASE("a cancel at any moment ends with nothing left behind") {
    for (int steps = 0; steps < 60; steps += 3) {
        INFO("cancelled after " << steps << " rounds");
        World world(8);
        const auto bot = world.add_bot();
        const auto operation = world.start(bot.id, OperationKind::deploy);
        for (int i = 0; i < steps; ++i) world.step();
        support::FakeJobStore jobs(world.database);
        const auto asked = jobs.request_cancel(operation.id, world.clock.now());
        const auto ended = world.run_to_end(operation.id);
        if (asked) {
            REQUIRE(ended.state == OperationState::cancelled);
            REQUIRE(world.cloud.servers().empty());
            REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::stopped);
        } else {
            REQUIRE(ended.state == OperationState::succeeded);
        }
    }
}

TEST_CASE("a script whose machine is restarted is run again") {
    World world(9);
    const auto bot = world.add_bot();
    const auto operation = world.start(bot.id, OperationKind::deploy);
    bool restarted = false;
    while (!core::is_terminal(world.database.operation(operation.id)->state)) {
        world.step();
        if (!restarted && world.hosts.starts_of("deploy_openclaw.sh") == 1) {
            restarted = true;
            world.hosts.restart(world.cloud.servers().front().public_ip);
        }
    }
    REQUIRE(world.database.operation(operation.id)->state == OperationState::succeeded);
    REQUIRE(world.hosts.starts_of("deploy_openclaw.sh") == 2);
}

TEST_CASE("stop keeps the server, start brings the bot back, restart runs once") {
    World world(10);
    const auto bot = world.add_bot();
    world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(world.run_to_end(world.start(bot.id, OperationKind::stop).id).state ==
            OperationState::succeeded);
    REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::stopped);
    REQUIRE(world.cloud.servers().size() == 1);
    REQUIRE(world.run_to_end(world.start(bot.id, OperationKind::start).id).state ==
            OperationState::succeeded);
    REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::active);
    REQUIRE(world.run_to_end(world.start(bot.id, OperationKind::restart).id).state ==
            OperationState::succeeded);
    REQUIRE(world.cloud.servers().size() == 1);
}

TEST_CASE("a delete that takes ten seconds costs few requests, and its looks are polls") {
    World world(41);
    const auto bot = world.add_bot();
    REQUIRE(world.run_to_end(world.start(bot.id, OperationKind::deploy).id).state ==
            OperationState::succeeded);
    world.cloud.take_to_delete(10s);
    world.cloud.forget_calls();
    std::vector<core::Urgency> looks;
    world.cloud.before_each_call([&](FakeCloudProvider::Method method) {
        const auto* scope = ports::UrgencyScope::current();
        REQUIRE(scope != nullptr);
        if (method == FakeCloudProvider::Method::get) looks.push_back(scope->urgency());
        if (method == FakeCloudProvider::Method::remove) {
            CHECK(scope->urgency() == core::Urgency::removal);
        }
    });
    REQUIRE(world.run_to_end(world.start(bot.id, OperationKind::destroy).id).state ==
            OperationState::succeeded);
    CHECK(world.cloud.calls_of(FakeCloudProvider::Method::remove) == 1);
    REQUIRE(looks.size() <= 7);
    CHECK(looks.front() == core::Urgency::removal);
    for (std::size_t i = 1; i < looks.size(); ++i) CHECK(looks[i] == core::Urgency::poll);
}

TEST_CASE("a machine that is found when its bot is deleted has its price") {
    World world(42);
    const auto bot = world.add_bot();
    world.cloud.lose_next_create_answers(1);
    const auto operation = world.start(bot.id, OperationKind::deploy);
    while (world.cloud.calls_of(FakeCloudProvider::Method::create) == 0) world.step();
    world.cancel(operation.id);
    REQUIRE(world.run_to_end(operation.id).state == OperationState::cancelled);
    CHECK(world.cloud.servers().empty());
    REQUIRE(world.database.server_rows.size() == 1);
    CHECK(world.database.server_rows.begin()->second.price_monthly == "3.4900");
}
