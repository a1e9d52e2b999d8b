#include <thread>

#include "api_world.hpp"
#include "core/ownership.hpp"
#include "support/catch.hpp"

using namespace hatchery::testing;
using namespace std::chrono_literals;
using hatchery::base::Json;
using hatchery::core::OperationState;

TEST_CASE("a deploy is accepted once, shown step by step, and ends") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    const auto before = world.get("/api/deploy/" + id + "/status").body;
    CHECK(before["status"] == "pending");
    CHECK(before["operation"].is_null());
    CHECK(before["server"].is_null());

    const auto accepted = world.post("/api/deploy", {{"botId", id}});
    REQUIRE(accepted.status == 202);
    CHECK(accepted.body["botId"] == id);
    CHECK(accepted.body["status"] == "deploying");
    const std::string operation = accepted.body["operationId"];
    const auto again = world.post("/api/deploy", {{"botId", id}});
    CHECK(again.status == 409);
    CHECK(again.code() == "conflict");
    CHECK(again.body["operationId"] == operation);

    const auto job = world.claim();
    world.plan_server(job);
    const auto during = world.get("/api/deploy/" + id + "/status").body;
    CHECK(during["status"] == "deploying");
    CHECK(during["operation"]["id"] == operation);
    CHECK(during["operation"]["kind"] == "deploy");
    CHECK(during["operation"]["state"] == "running");
    CHECK(during["operation"]["steps"].size() == 5);
    CHECK(during["operation"]["steps"][0]["kind"] == "provision_server");
    CHECK(during["operation"]["steps"][0]["state"] == "running");
    CHECK(during["operation"]["steps"][0]["attempt"] == 1);
    CHECK(during["operation"]["steps"][4]["state"] == "pending");
    CHECK(during["server"]["publicIp"] == "192.0.2.7");
    CHECK(during["server"]["cost"] == Json({{"amount", "4.35"}, {"currency", "EUR"}}));
    CHECK(during["health"].is_null());

    world.end(job, OperationState::succeeded);
    const auto after = world.get("/api/deploy/" + id + "/status").body;
    CHECK(after["status"] == "active");
    CHECK(after["health"]["state"] == "ok");
    CHECK(world.post("/api/deploy", {{"botId", id}}).status == 409);
    const auto stop = world.post("/api/deploy/" + id + "/stop");
    CHECK(stop.status == 202);
    CHECK(stop.body["operation"]["kind"] == "stop");
}

TEST_CASE("what a bot cannot do now is a 409 that says why") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    for (const char* word : {"stop", "start", "restart", "cancel"}) {
        INFO(word);
        const auto answer = world.post("/api/deploy/" + id + "/" + word);
        CHECK(answer.status == 409);
        CHECK(answer.code() == "conflict");
        CHECK_FALSE(answer.body["detail"].get<std::string>().empty());
    }
}

TEST_CASE("a live operation is cancelled by its bot's name, a deletion is not") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    const auto cancelled = world.post("/api/deploy/" + id + "/cancel");
    REQUIRE(cancelled.status == 202);
    CHECK(cancelled.body["operation"]["cancelRequested"] == true);
    world.end(world.claim(), OperationState::cancelled);
    CHECK(world.get("/api/deploy/" + id + "/status").body["status"] == "stopped");
    world.call("DELETE", "/api/bots/" + id, world.alice);
    CHECK(world.post("/api/deploy/" + id + "/cancel").status == 409);
}

TEST_CASE("logs come in pages by number, and can be narrowed") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    const auto job = world.claim();
    std::vector<std::string> lines;
    for (int i = 0; i < 7; ++i) lines.push_back("line " + std::to_string(i));
    lines.emplace_back("A Needle in hay");
    world.log(job, lines);

    std::vector<std::int64_t> seqs;
    std::vector<std::string> messages;
    std::string after = "0";
    for (int page = 0; page < 10; ++page) {
        const auto answer =
            world.get("/api/deploy/" + id + "/logs?type=log&limit=3&after=" + after);
        REQUIRE(answer.status == 200);
        for (const auto& item : answer.body["items"]) {
            seqs.push_back(item["seq"]);
            messages.push_back(item["message"]);
        }
        if (answer.body["next"].is_null()) break;
        after = answer.body["next"];
    }
    CHECK(messages == lines);
    CHECK(std::is_sorted(seqs.begin(), seqs.end()));
    const auto last = world.get("/api/deploy/" + id +
                                "/logs?type=log&limit=3&before=" + std::to_string(seqs.back()));
    CHECK(last.body["items"][0]["message"] == "line 4");
    CHECK(last.body["items"][2]["message"] == "line 6");
    const auto earlier = world.get("/api/deploy/" + id + "/logs?type=log&limit=200&before=" +
                                   last.body["next"].get<std::string>());
    CHECK(earlier.body["items"].size() == 4);
    CHECK(earlier.body["next"].is_null());
    const auto found = world.get("/api/deploy/" + id + "/logs?q=needle");
    REQUIRE(found.body["items"].size() == 1);
    const auto& item = found.body["items"][0];
    CHECK(item["step"] == "provision_server");
    CHECK(item["level"] == "info");
    CHECK(item["stream"] == "stdout");
    CHECK(world.get("/api/deploy/" + id + "/logs?level=error").body["items"].empty());
    CHECK(world.get("/api/deploy/" + id + "/logs?step=start_bot&type=log").body["items"].empty());
}

TEST_CASE("?wait= answers at the operation's end, and at its time when there is none") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    const std::string operation = world.post("/api/deploy", {{"botId", id}}).body["operationId"];
    const auto began = std::chrono::steady_clock::now();
    const auto unfinished = world.get("/api/operations/" + operation + "?wait=1");
    const auto took = std::chrono::steady_clock::now() - began;
    CHECK(unfinished.body["state"] == "pending");
    CHECK(took >= 1s);
    CHECK(took < 5s);

    // More waiters than worker threads, and still room for others.
    std::vector<ApiResponse> answers(20);
    std::vector<std::jthread> waiting;
    for (auto& answer : answers) {
        waiting.emplace_back(
            [&] { answer = world.get("/api/operations/" + operation + "?wait=30"); });
    }
    const auto job = world.claim();
    CHECK(world.get("/api/bots").status == 200);
    world.log(job, {"a line in between"});
    const auto ending = std::chrono::steady_clock::now();
    world.end(job, OperationState::succeeded);
    waiting.clear();
    CHECK(std::chrono::steady_clock::now() - ending < 5s);
    for (const auto& answer : answers) CHECK(answer.body["state"] == "succeeded");
}

TEST_CASE("regions are listed with what is sold there, and asked for once in a while") {
    ApiWorld world;
    const auto all = world.get("/api/cloud/available-regions");
    REQUIRE(all.status == 200);
    REQUIRE_FALSE(all.body["items"].empty());
    const auto& region = all.body["items"][0];
    CHECK(region["provider"] == "hetzner");
    REQUIRE_FALSE(region["serverTypes"].empty());
    CHECK(region["serverTypes"][0]["priceMonthly"].contains("amount"));
    CHECK(world.get("/api/cloud/available-regions?provider=hetzner").body == all.body);
    CHECK(world.cloud.calls_of(hatchery::support::FakeCloudProvider::Method::offers) == 1);
}

TEST_CASE("the inventory joins our servers with the provider's and marks what nobody owns") {
    ApiWorld world;
    const auto id = world.make_bot(100001);
    world.post("/api/deploy", {{"botId", id}});
    world.plan_server(world.claim());
    const hatchery::base::BotId bot(id);
    const auto row = world.bots->deployment(bot, std::nullopt).value().server.value();
    const auto installation = world.fleet->installation().value();
    const auto add = [&](const char* machine, const hatchery::base::InstallationId& owner,
                         const std::string& server) {
        hatchery::providers::CloudServer cloud;
        cloud.provider_server_id = machine;
        cloud.name = std::string("machine-") + machine;
        cloud.status = hatchery::providers::CloudServerStatus::running;
        cloud.labels = hatchery::core::owner_labels(owner, hatchery::base::ServerId(server), bot);
        cloud.region = "fsn1";
        cloud.type = "cx23";
        cloud.public_ip = "192.0.2.8";
        cloud.price_monthly = "4.3500000000";
        cloud.price_currency = "EUR";
        world.cloud.add_server(cloud);
    };
    const std::string lost = "019a0000-0000-7000-8000-000000000001";
    add("1", installation, row.id.text());
    add("2", installation, lost);
    add("3", hatchery::base::InstallationId("another"), lost);

    CHECK(world.get("/api/cloud/servers").status == 403);
    const auto admin = world.make_token("ops@example.org", {"admin"}, std::nullopt,
                                        hatchery::store::UserRole::admin);
    const auto list = [&] { return world.call("GET", "/api/cloud/servers", admin).body["items"]; };
    const auto both = list();
    REQUIRE(both.size() == 2);
    CHECK(both[0]["id"] == row.id.text());
    CHECK(both[0]["botId"] == id);
    CHECK(both[0]["state"] == "ready");
    CHECK(both[0]["providerState"] == "running");
    CHECK(both[0]["publicIp"] == "192.0.2.7");
    CHECK(both[0]["orphan"] == false);
    CHECK(both[1]["id"] == lost);
    CHECK(both[1]["providerServerId"] == "2");
    CHECK(both[1]["cost"] == Json({{"amount", "4.35"}, {"currency", "EUR"}}));
    CHECK(both[1]["orphan"] == true);
    // Somebody else's is beside them, and not among them.
    const auto whole = world.call("GET", "/api/cloud/servers", admin).body;
    CHECK(whole["theirsCount"] == 1);
    REQUIRE(whole["theirs"].size() == 1);
    CHECK(whole["theirs"][0]["providerServerId"] == "3");
    CHECK(whole["theirs"][0]["providerState"] == "running");
    CHECK(whole["theirs"][0]["cost"] == Json({{"amount", "4.35"}, {"currency", "EUR"}}));
    CHECK_FALSE(whole["theirs"][0].contains("botId"));
    // A further page is of the same listing: nobody is asked again.
    const auto listed = [&] {
        return world.cloud.calls_of(hatchery::support::FakeCloudProvider::Method::list);
    };
    const auto first = world.call("GET", "/api/cloud/servers?limit=1", admin).body;
    const auto calls = listed();
    const auto second = world.call(
        "GET", "/api/cloud/servers?limit=1&after=" + first["next"].get<std::string>(), admin);
    CHECK(second.body["items"] == Json::array({both[1]}));
    CHECK(second.body["theirs"].empty());
    CHECK(second.body["theirsCount"] == 1);
    CHECK(listed() == calls);

    world.cloud.vanish("1");
    world.cloud.vanish("2");
    const auto alone = list();
    REQUIRE(alone.size() == 1);
    CHECK(alone[0]["state"] == "ready");
    CHECK(alone[0]["providerState"].is_null());

    world.cloud.fail_next(hatchery::support::FakeCloudProvider::Method::list, 1,
                          hatchery::base::ErrorKind::unavailable);
    const auto blind = world.call("GET", "/api/cloud/servers", admin).body;
    CHECK(blind["silentProviders"] == Json::array({"hetzner"}));
    REQUIRE(blind["items"].size() == 1);
    CHECK(blind["items"][0]["state"] == "ready");
    CHECK(blind["items"][0]["providerState"].is_null());
}
