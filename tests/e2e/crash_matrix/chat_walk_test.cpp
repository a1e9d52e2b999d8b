#include <fmt/format.h>

#include <iostream>

#include "e2e/crash_matrix/crash_matrix.hpp"
#include "support/catch.hpp"

// A turn with a bot is the one step whose effect must not be had twice: whoever dies wherever, the
// bot hears the message once, and the line of chats behind it goes on.
namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using core::OperationKind;
using e2e::CrashMatrix;
using e2e::skip_without_hosts;

/// The sandbox's model, which counts what it is asked.
class Model {
public:
    explicit Model(const e2e::World& world)
        : client_(world.model_url().substr(0, world.model_url().rfind("/v1")), "") {}

    [[nodiscard]] long long calls() const {
        const auto counted = client_.get("/sandbox/requests").body;
        return base::json_int(base::json_member(counted, "total"), "POST /v1/chat/completions");
    }
    void think_for(std::chrono::milliseconds time) const {
        REQUIRE(
            client_.put("/sandbox/faults", {{"status", 0}, {"latencyMs", time.count()}}).status ==
            200);
    }

private:
    e2e::ApiClient client_;
};

void tell(const char* what, const CrashMatrix::Walk& walk) {
    std::cout << fmt::format("{}: died at {} points in {:.1f} s\n", what, walk.deaths,
                             static_cast<double>(walk.time.count()) / 1000);
}

std::string reply_of(CrashMatrix& matrix, const std::string& chat) {
    REQUIRE(matrix.state_of(chat) == "succeeded");
    return matrix.text("SELECT result->>'reply' FROM operations WHERE id = '" + chat + "'");
}

}  // namespace

TEST_CASE("killed at every port call, a chat is said once, and the next one has its turn") {
    if (skip_without_hosts()) return;
    CrashMatrix matrix("chat walk");
    const Model model(matrix.world());
    const auto bot = matrix.make_bot("Walked chatter");
    matrix.run_to_end(matrix.begin(bot, OperationKind::deploy), 60s);
    const auto before = model.calls();

    SECTION("to its reply") {
        const auto first = matrix.begin_chat(bot, "the first message");
        const auto second = matrix.begin_chat(bot, "the second message");
        const auto walk = matrix.walk(first, 120s);
        tell("chat", walk);
        REQUIRE(walk.deaths >= 15);
        matrix.run_to_end(second, 30s);
        CHECK_THAT(reply_of(matrix, first), Catch::Contains("the first message"));
        CHECK_THAT(reply_of(matrix, second), Catch::Contains("the second message"));
        CHECK(model.calls() == before + 2);
    }
    SECTION("through its cancellation") {
        model.think_for(120s);
        const auto first = matrix.begin_chat(bot, "a long story");
        REQUIRE(matrix.die_at(first, "chat_turn/hosts.read_run(chat):before#2", 30s));
        const auto second = matrix.begin_chat(bot, "the next message");
        matrix.request_cancel(first);
        const auto walk = matrix.walk(first, 120s);
        tell("cancel of a chat", walk);
        REQUIRE(walk.deaths >= 8);
        REQUIRE(matrix.state_of(first) == "cancelled");
        model.think_for(0ms);
        matrix.run_to_end(second, 30s);
        CHECK_THAT(reply_of(matrix, second), Catch::Contains("the next message"));
        CHECK(model.calls() == before + 2);
    }
    matrix.check_active(bot);
}
