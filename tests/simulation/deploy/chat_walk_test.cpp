#include <algorithm>
#include <string>
#include <vector>

#include "core/chat.hpp"
#include "simulation/deploy/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using core::OperationState;
using simulation::World;
using support::FakeRemoteHost;

constexpr auto script = "chat_turn.sh";
constexpr auto reply = R"({"reply":"Hello yourself"})";
constexpr auto secret_words = "my PIN is 4711";

/// A bot that is active.
core::Bot deployed(World& world) {
    auto bot = world.add_bot();
    const auto ended = world.run_to_end(world.start(bot.id, OperationKind::deploy).id);
    REQUIRE(ended.state == OperationState::succeeded);
    return bot;
}

std::string host_of(const World& world) { return world.database.servers().front().public_ip; }

FakeRemoteHost::Plan ending_with(int exit_code) {
    FakeRemoteHost::Plan plan;
    plan.exit_code = exit_code;
    plan.duration = 1s;
    return plan;
}

/// The bot's story tells of no chat but one that failed, and never what was said.
void check_story(const World& world, const base::BotId& bot) {
    for (const auto& event : world.database.events(bot)) {
        REQUIRE(event.message.find("4711") == std::string::npos);
        REQUIRE(event.message.find("yourself") == std::string::npos);
        if (event.step == core::StepKind::chat_turn || event.step == core::StepKind::stop_turn) {
            REQUIRE(event.level == core::EventLevel::error);
        }
    }
}

}  // namespace

TEST_CASE("a chat is said once, its reply is kept, and its files go") {
    World world(1);
    const auto bot = deployed(world);
    const auto chat = world.chat(bot.id, secret_words);
    const auto ended = world.run_to_end(chat.id);
    REQUIRE(ended.state == OperationState::succeeded);
    REQUIRE(ended.result == reply);
    REQUIRE(world.hosts.starts_of(script) == 1);
    const auto request =
        world.hosts.file(host_of(world), core::chat_folder(chat.id) + "/request.json");
    REQUIRE(request);
    REQUIRE(request->mode == 0600);
    REQUIRE(request->content.find(secret_words) != std::string::npos);
    for (const auto& call : world.hosts.calls()) {
        REQUIRE(call.about.find("4711") == std::string::npos);
    }
    REQUIRE(world.hosts.calls().back().about == "rm -rf -- " + core::chat_folder(chat.id));
    // The reply is in the result alone.
    REQUIRE(world.database.jobs(chat.id).front().job.progress.find("yourself") ==
            std::string::npos);
    check_story(world, bot.id);
}

TEST_CASE("a process that dies before any one of a chat's calls says the message once") {
    World undisturbed(1);
    const auto first = deployed(undisturbed);
    undisturbed.crash_point.arm(1'000'000);
    undisturbed.run_to_end(undisturbed.chat(first.id, secret_words).id);
    const int calls = undisturbed.crash_point.calls();
    REQUIRE(calls > 8);

    for (int call = 0; call < calls; ++call) {
        INFO("dies before call " << call);
        World world(1);
        const auto bot = deployed(world);
        world.crash_point.arm(call);
        const auto ended = world.run_to_end(world.chat(bot.id, secret_words).id);
        REQUIRE(world.crashes == 1);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(ended.result == reply);
        REQUIRE(world.hosts.starts_of(script) == 1);
        check_story(world, bot.id);
    }
}

TEST_CASE("a lost answer to any call of a chat does not say the message twice") {
    for (const auto method : {FakeRemoteHost::Method::put_file, FakeRemoteHost::Method::start_run,
                              FakeRemoteHost::Method::read_run, FakeRemoteHost::Method::exec}) {
        World world(1);
        const auto bot = deployed(world);
        world.hosts.lose_next_answers(method, 1);
        const auto ended = world.run_to_end(world.chat(bot.id, secret_words).id);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(ended.result == reply);
        REQUIRE(world.hosts.starts_of(script) == 1);
    }
}

TEST_CASE("turns of one bot go one after the other, in their order") {
    World world(2);
    const auto bot = deployed(world);
    std::vector<core::Operation> chats;
    for (int i = 0; i < 4; ++i) chats.push_back(world.chat(bot.id, "message"));
    for (std::size_t i = 0; i < chats.size(); ++i) {
        REQUIRE(world.run_to_end(chats[i].id).state == OperationState::succeeded);
        REQUIRE(world.hosts.starts_of(script) <= static_cast<int>(i) + 1);
    }
    REQUIRE(world.hosts.starts_of(script) == 4);
}

TEST_CASE("the next turn begins as soon as the one before has ended") {
    World world(2);
    const auto bot = deployed(world);
    const auto first = world.chat(bot.id, "message");
    const auto second = world.chat(bot.id, "message");
    const auto first_end = world.run_to_end(first.id).finished_at;
    const auto second_end = world.run_to_end(second.id).finished_at;
    REQUIRE(*second_end - *first_end < 4s);
}

TEST_CASE("an interrupt stops the running turn and goes next") {
    World undisturbed(3);
    int calls = 0;
    for (int call = -1; call < calls; ++call) {
        INFO("dies before call " << call);
        World world(3);
        const auto bot = deployed(world);
        auto long_story = ending_with(0);
        long_story.duration = 2min;
        world.hosts.plan_next(script, long_story);
        const auto first = world.chat(bot.id, "a long story");
        const auto second = world.chat(bot.id, "never said");
        while (world.hosts.starts_of(script) == 0) world.step();
        world.crash_point.arm(call < 0 ? 1'000'000 : call);
        const auto third = world.chat(bot.id, "stop", ports::EarlierChats::cancel);
        REQUIRE(world.run_to_end(third.id).state == OperationState::succeeded);
        REQUIRE(world.database.operation(first.id)->state == OperationState::cancelled);
        REQUIRE(world.database.operation(second.id)->state == OperationState::cancelled);
        REQUIRE(world.hosts.starts_of(script) == 2);
        REQUIRE(world.hosts.calls_of(FakeRemoteHost::Method::stop_run) >= 1);
        if (call < 0) calls = world.crash_point.calls();
        check_story(world, bot.id);
    }
    REQUIRE(calls > 12);
}

TEST_CASE(
    "a cancelled chat ends although its server is out of reach, and holds up nobody for long") {
    World world(4);
    const auto bot = deployed(world);
    const auto first = world.chat(bot.id, "a long story");
    while (world.hosts.starts_of(script) == 0) world.step();
    world.hosts.take_down(host_of(world));
    world.cancel(first.id);
    REQUIRE(world.run_to_end(first.id, 2min).state == OperationState::cancelled);
    world.hosts.bring_up(host_of(world));
    REQUIRE(world.run_to_end(world.chat(bot.id, "and now?").id).state == OperationState::succeeded);
}

TEST_CASE("a turn that never ends is stopped at the chat's deadline") {
    World world(5);
    const auto bot = deployed(world);
    auto endless = ending_with(0);
    endless.duration = 24h;
    world.hosts.plan_next(script, endless);
    const auto ended = world.run_to_end(world.chat(bot.id, secret_words).id, 7min);
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error->kind == base::ErrorKind::timeout);
    REQUIRE(world.hosts.calls_of(FakeRemoteHost::Method::stop_run) == 1);
    check_story(world, bot.id);
}

TEST_CASE(
    "a chat waits for a deploy, and fails with cause and next action on a bot that is stopped") {
    World world(6);
    const auto bot = world.add_bot();
    const auto too_early = world.run_to_end(world.chat(bot.id, "hello").id);
    REQUIRE(too_early.state == OperationState::failed);
    REQUIRE(too_early.error->message == "The bot has not been deployed.");

    world.start(bot.id, OperationKind::deploy);
    REQUIRE(world.run_to_end(world.chat(bot.id, "hello").id).state == OperationState::succeeded);

    world.run_to_end(world.start(bot.id, OperationKind::stop).id);
    const auto stopped = world.run_to_end(world.chat(bot.id, "hello").id);
    REQUIRE(stopped.state == OperationState::failed);
    REQUIRE(stopped.error->message == "The bot is stopped.");
    REQUIRE_FALSE(stopped.error->next_action.empty());

    world.run_to_end(world.start(bot.id, OperationKind::destroy).id);
    REQUIRE(world.hosts.starts_of(script) == 1);
    REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::stopped);
}

TEST_CASE("a message that was not sent is sent again, and one that may have been is not") {
    for (const int code : {80, 81}) {
        World world(7);
        const auto bot = deployed(world);
        world.hosts.plan_next(script, ending_with(code));
        const auto ended = world.run_to_end(world.chat(bot.id, "hello").id);
        INFO(code);
        REQUIRE(ended.state == OperationState::succeeded);
        REQUIRE(world.hosts.starts_of(script) == 2);
    }
    for (const int code : {1, 82, 83, 84, 85, 86, 87, 88, 124, 137, 143}) {
        World world(7);
        const auto bot = deployed(world);
        world.hosts.plan_next(script, ending_with(code));
        const auto ended = world.run_to_end(world.chat(bot.id, "hello").id);
        INFO(code);
        REQUIRE(ended.state == OperationState::failed);
        REQUIRE_FALSE(ended.error->message.empty());
        REQUIRE(world.hosts.starts_of(script) == 1);
        REQUIRE(world.database.bot(bot.id)->bot.status == core::BotStatus::active);
        check_story(world, bot.id);
    }
}

TEST_CASE("a server that is restarted in the middle of a turn ends it, and it is not said again") {
    World world(8);
    const auto bot = deployed(world);
    const auto chat = world.chat(bot.id, "hello");
    while (world.hosts.starts_of(script) == 0) world.step();
    world.hosts.restart(host_of(world));
    const auto ended = world.run_to_end(chat.id);
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error->code == "run_lost");
    REQUIRE(world.hosts.starts_of(script) == 1);
}

TEST_CASE("a turn whose server was replaced is not said again on the new one") {
    World world(9);
    const auto bot = deployed(world);
    const auto chat = world.chat(bot.id, "hello");
    while (world.hosts.starts_of(script) == 0) world.step();
    // As a destroy that failed and another deploy leave it.
    auto& rows = world.database.server_rows;
    const auto old = rows.begin()->second;
    auto replacement = old;
    replacement.id = base::ServerId("0197f0c2-0000-7000-8000-000000000001");
    replacement.public_ip = "203.0.113.77";
    auto& secrets = world.database.secrets;
    secrets.insert_or_assign({replacement.id.text(), ports::secret_name::client_key},
                             secrets.at({old.id.text(), ports::secret_name::client_key}));
    rows.erase(old.id);
    rows.emplace(replacement.id, replacement);
    const auto ended = world.run_to_end(chat.id);
    REQUIRE(ended.state == OperationState::failed);
    REQUIRE(ended.error->message == "The server was replaced while the bot was answering.");
    REQUIRE(world.hosts.starts_of(script) == 1);
}
