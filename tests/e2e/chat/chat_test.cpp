#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <vector>

#include "e2e/support/world.hpp"
#include "support/catch.hpp"

namespace {

using namespace hatchery;
using namespace std::chrono_literals;
using base::Json;
using e2e::Bundle;
using e2e::skip_without_hosts;
using e2e::World;

std::string text(const Json& object, const char* key) { return base::json_string(object, key); }

/// A deployed bot, and the model that it asks.
class ChatWorld : public World {
public:
    ChatWorld(Bundle bundle, const std::string& name)
        : World(bundle, name), model_(model_url().substr(0, model_url().rfind("/v1")), "") {
        bot_ = deploy("Chatty", new_telegram_token());
        const auto active = wait_status(bot_, 300s, [](const Json& status) {
            return text(status, "status") == "active" || text(status, "status") == "failed";
        });
        REQUIRE(text(active, "status") == "active");
    }

    [[nodiscard]] const std::string& bot() const { return bot_; }

    std::string start_chat(const std::string& message, bool interrupt = false) {
        const auto accepted = api().post(
            "/api/jobs",
            {{"type", "CHAT"},
             {"payload", {{"botId", bot_}, {"message", message}, {"interrupt", interrupt}}}});
        INFO(base::dump_json(accepted.body));
        REQUIRE(accepted.status == 202);
        return text(accepted.body, "jobId");
    }
    [[nodiscard]] Json job(const std::string& id, int wait_s = 0) const {
        return api().get(fmt::format("/api/jobs/{}?wait={}", id, wait_s)).body;
    }
    /// The job at its end.
    [[nodiscard]] Json end_of(const std::string& id) const {
        Json last;
        for (int i = 0; i < 4; ++i) {
            last = job(id, 30);
            const auto status = text(last, "status");
            if (status != "PENDING" && status != "RUNNING") return last;
        }
        INFO(base::dump_json_pretty(last));
        FAIL("the job did not end");
        return last;
    }
    [[nodiscard]] static std::string reply_of(const Json& ended) {
        INFO(base::dump_json_pretty(ended));
        REQUIRE(text(ended, "status") == "COMPLETED");
        return text(base::json_member(ended, "result"), "reply");
    }

    /// How often the model was asked.
    [[nodiscard]] long long model_calls() const {
        const auto counted = model_.get("/sandbox/requests").body;
        return base::json_int(base::json_member(counted, "total"), "POST /v1/chat/completions");
    }
    void think_for(std::chrono::milliseconds latency) const {
        REQUIRE(
            model_.put("/sandbox/faults", {{"status", 0}, {"latencyMs", latency.count()}}).status ==
            200);
    }
    void wait_for_model_calls(long long count) const {
        wait_status(bot_, 60s, [&](const Json&) { return model_calls() >= count; });
    }

    struct Run {
        double started = 0;
        double ended = 0;
        int exit_code = -1;
    };
    /// The chats' runs on the server, as they say it themselves, by the time of their start.
    [[nodiscard]] std::vector<Run> runs() const {
        std::vector<Run> found;
        const auto listed = cloud().get("/sandbox/hosts");
        for (const auto& host : base::json_member(listed.body, "hosts")) {
            const std::filesystem::path root = text(host, "upperDir");
            for (const auto& entry :
                 std::filesystem::directory_iterator(root / "var/lib/hatchery/runs")) {
                if (!entry.path().filename().string().starts_with("chat-")) continue;
                Run run;
                std::ifstream(entry.path() / "started") >> run.started;
                std::ifstream(entry.path() / "exit") >> run.exit_code >> run.ended;
                found.push_back(run);
            }
        }
        std::ranges::sort(found, {}, &Run::started);
        return found;
    }

private:
    e2e::ApiClient model_;
    std::string bot_;
};

/// The bot's story and Hatchery's log hold no word of what was said.
void check_told_nobody(const ChatWorld& world, const std::string& words) {
    for (const auto& line : world.log_lines(world.bot())) {
        REQUIRE(text(line, "message").find(words) == std::string::npos);
    }
    std::ifstream log(world.folder() / "hatchery.log");
    for (std::string line; std::getline(log, line);) REQUIRE(line.find(words) == std::string::npos);
}

}  // namespace

TEST_CASE(
    "turns go one after the other, an interrupt cuts the running one, and a death cuts none") {
    if (skip_without_hosts()) return;
    ChatWorld world(Bundle::stand_in, "chat");

    SECTION("one after the other") {
        world.think_for(1500ms);
        std::vector<std::string> ids;
        for (const char* message : {"first secret", "second secret", "third secret"}) {
            ids.push_back(world.start_chat(message));
        }
        CHECK_THAT(world.reply_of(world.end_of(ids[2])), Catch::Contains("third secret"));
        CHECK_THAT(world.reply_of(world.job(ids[0])), Catch::Contains("first secret"));
        CHECK_THAT(world.reply_of(world.job(ids[1])), Catch::Contains("second secret"));
        CHECK(world.model_calls() == 3);
        const auto runs = world.runs();
        REQUIRE(runs.size() == 3);
        CHECK(runs[0].ended < runs[1].started);
        CHECK(runs[1].ended < runs[2].started);
        check_told_nobody(world, "secret");
    }
    SECTION("an interrupt") {
        world.think_for(120s);
        const auto running = world.start_chat("a long story");
        const auto waiting = world.start_chat("never said");
        world.wait_for_model_calls(1);
        world.think_for(0ms);
        const auto next = world.start_chat("stop that", true);
        CHECK_THAT(world.reply_of(world.end_of(next)), Catch::Contains("stop that"));
        CHECK(text(world.end_of(running), "status") == "CANCELLED");
        CHECK(text(world.end_of(waiting), "status") == "CANCELLED");
        CHECK(world.model_calls() == 2);
        const auto runs = world.runs();
        REQUIRE(runs.size() == 2);
        CHECK(runs[0].exit_code == 143);
        CHECK(runs[0].ended < runs[1].started);
    }
    SECTION("killed in the middle of a turn") {
        world.think_for(4s);
        const auto id = world.start_chat("hold on");
        world.wait_for_model_calls(1);
        world.kill_hatchery();
        world.start_hatchery();
        CHECK_THAT(world.reply_of(world.end_of(id)), Catch::Contains("hold on"));
        CHECK(world.model_calls() == 1);
        CHECK(world.runs().size() == 1);
    }
    SECTION("a stopped bot, and the command line") {
        const auto said = world.command({"chat", "Chatty", "hello there"});
        CHECK_THAT(said->read_line(60s).value_or(""), Catch::Contains("hello there"));
        CHECK(said->wait(20s) == 0);
        const auto stopped = world.api().post("/api/deploy/" + world.bot() + "/stop", {});
        REQUIRE(stopped.status == 202);
        REQUIRE(text(world.wait_operation(text(stopped.body, "operationId"), 60s), "state") ==
                "succeeded");
        const auto refused = world.end_of(world.start_chat("anybody?"));
        CHECK(text(refused, "status") == "FAILED");
        CHECK(text(base::json_member(refused, "error"), "message") == "The bot is stopped.");
        CHECK(world.command({"chat", "Chatty", "anybody?"})->wait(60s) == 1);
    }
}

TEST_CASE("the real OpenClaw answers a chat, and stops one that is interrupted", "[openclaw]") {
    if (skip_without_hosts()) return;
    ChatWorld world(Bundle::real, "real chat");
    CHECK_THAT(world.reply_of(world.end_of(world.start_chat("How do you do?"))),
               Catch::Contains("How do you do?"));
    const auto before = world.model_calls();
    world.think_for(120s);
    const auto running = world.start_chat("Tell me a long story.");
    world.wait_for_model_calls(before + 1);
    world.think_for(0ms);
    const auto next = world.start_chat("Never mind.", true);
    CHECK_THAT(world.reply_of(world.end_of(next)), Catch::Contains("Never mind."));
    CHECK(text(world.end_of(running), "status") == "CANCELLED");
    check_told_nobody(world, "Never mind");
}
