#include "cli_world.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using cli::ExitCode;
using nlohmann::json;
using namespace tests;

namespace {

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

json page(std::vector<json> items) { return {{"items", items}, {"next", nullptr}}; }

json server(bool orphan) {
    return {{"provider", "hetzner"},
            {"providerServerId", orphan ? "4712" : "4711"},
            {"region", "fsn1"},
            {"type", "cx23"},
            {"publicIp", "192.0.2.7"},
            {"state", orphan ? json() : json("ready")},
            {"providerState", "running"},
            {"cost", {{"amount", "3.49"}, {"currency", "EUR"}}},
            {"botId", orphan ? json() : json(bot_id)},
            {"orphan", orphan}};
}

}  // namespace

TEST_CASE("cloud servers tells ours from what is nobody's, with what they cost") {
    CliWorld world;
    world.answer("GET /api/cloud/servers?limit=200", 200, page({server(false), server(true)}));
    CHECK(world.run({"cloud", "servers"}) == ExitCode::ok);
    for (const char* part : {"ours", "nobody's", "4711", "4712", "3.49 EUR", "ready", "running"}) {
        CHECK(contains(world.out.str(), part));
    }
    CHECK(contains(world.err.str(), "1 server is nobody's"));
    CHECK(contains(world.err.str(), "6.98 EUR a month\n"));
}

TEST_CASE("cloud servers shows those of others apart, with what they cost") {
    CliWorld world;
    auto listed = page({server(false)});
    listed["theirs"] = json::array({{{"provider", "hetzner"},
                                     {"providerServerId", "99"},
                                     {"name", "somebody-elses"},
                                     {"region", "nbg1"},
                                     {"type", "cpx22"},
                                     {"publicIp", nullptr},
                                     {"providerState", "off"},
                                     {"cost", {{"amount", "6.49"}, {"currency", "EUR"}}}}});
    listed["theirsCount"] = 1;
    world.answer("GET /api/cloud/servers?limit=200", 200, listed);
    CHECK(world.run({"cloud", "servers"}) == ExitCode::ok);
    for (const char* part : {"theirs", "99", "somebody-elses", "6.49 EUR", "off"}) {
        CHECK(contains(world.out.str(), part));
    }
    CHECK(contains(world.err.str(), "3.49 EUR a month\n"));
    CHECK(contains(world.err.str(),
                   "1 server is somebody else's and never touched: 6.49 EUR a month\n"));
}

TEST_CASE("cloud servers says of how many servers the price is not in the sum") {
    CliWorld world;
    json unknown = server(false);
    unknown["cost"] = nullptr;
    world.answer("GET /api/cloud/servers?limit=200", 200, page({server(false), unknown}));
    CHECK(world.run({"cloud", "servers"}) == ExitCode::ok);
    CHECK(contains(world.err.str(), "3.49 EUR a month; of 1 server the price is not known"));
}

TEST_CASE("costs says of how many servers the price is in no sum") {
    CliWorld world;
    const json sum = {{"amount", "3.49"}, {"currency", "EUR"}};
    world.answer("GET /api/costs", 200,
                 {{"month", "2026-11"},
                  {"totals", {sum}},
                  {"unpricedServers", 2},
                  {"bots",
                   {{{"botId", bot_id},
                     {"name", "Ada"},
                     {"deleted", false},
                     {"cost", nullptr},
                     {"servers", 2},
                     {"unpricedServers", 2}}}}});
    CHECK(world.run({"costs"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "Ada; of 2 servers the price is not known"));
    CHECK(contains(world.out.str(), "3.49 EUR  in all in 2026-11; of 2 servers the price"));
    world.answer("GET /api/admin/costs?by=user&limit=200", 200,
                 page({{{"id", bot_id},
                        {"name", "a@example.org"},
                        {"cost", sum},
                        {"servers", 3},
                        {"unpricedServers", 1}}}));
    CHECK(world.run({"costs", "--by", "user"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "a@example.org; of 1 server the price is not known"));
}

TEST_CASE("cloud regions lists what is sold where") {
    CliWorld world;
    const json type = {{"type", "cx23"},
                       {"cores", 2},
                       {"memoryGb", 4},
                       {"available", false},
                       {"priceMonthly", {{"amount", "3.49"}, {"currency", "EUR"}}}};
    world.answer("GET /api/cloud/available-regions?provider=hetzner&limit=200", 200,
                 page({{{"provider", "hetzner"}, {"region", "fsn1"}, {"serverTypes", {type}}}}));
    CHECK(world.run({"cloud", "regions", "--provider", "hetzner"}) == ExitCode::ok);
    for (const char* part : {"fsn1", "cx23", "4 GB", "sold out", "3.49 EUR"}) {
        CHECK(contains(world.out.str(), part));
    }
}

TEST_CASE("cloud sweep waits for the sweep that it asked for and says what it found") {
    CliWorld world;
    world.answer("POST /api/cloud/sweep", 202, {{"askedAt", "2026-11-21T06:00:00.000Z"}});
    const json finding = {{"kind", "server"},
                          {"trouble", "stray"},
                          {"id", "4712"},
                          {"name", "lost"},
                          {"done", "waits"}};
    world.answer("GET /api/cloud/sweep", 200,
                 {{"items",
                   {{{"provider", "hetzner"},
                     {"sweptAt", "2026-11-21T06:00:03.000Z"},
                     {"listed", 2},
                     {"alive", 1},
                     {"findings", {finding}}}}}});
    CHECK(world.run({"cloud", "sweep"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "hetzner: 2 servers listed, 1 ours, 1 not as it should be"));
    CHECK(contains(world.out.str(), "stray"));
    CHECK(contains(world.out.str(), "waits"));
}

TEST_CASE("cloud sweep says why a provider was not compared") {
    CliWorld world;
    world.answer("POST /api/cloud/sweep", 202, {{"askedAt", "2026-11-21T06:00:00.000Z"}});
    world.answer("GET /api/cloud/sweep", 200,
                 {{"items",
                   {{{"provider", "digitalocean"},
                     {"sweptAt", "2026-11-21T06:00:03.000Z"},
                     {"listed", 0},
                     {"alive", 0},
                     {"error", "DigitalOcean could not be asked to list the servers."},
                     {"findings", json::array()}}}}});
    CHECK(world.run({"cloud", "sweep"}) == ExitCode::ok);
    CHECK(contains(world.out.str(),
                   "digitalocean: nothing was compared: DigitalOcean could not be asked"));
}

TEST_CASE("cloud provision makes a server by hand, and asks before it costs") {
    CliWorld world;
    CHECK(world.run({"cloud", "provision", "hetzner", "fsn1", "cx23"}) == ExitCode::usage);
    CHECK(contains(world.err.str(), "nothing was done"));
    world.answer("POST /api/cloud/provision", 201,
                 {{"id", "019a0000-0000-7000-8000-000000000001"}, {"state", "booting"}});
    CHECK(world.run({"cloud", "provision", "hetzner", "fsn1", "cx23", "--yes", "--image",
                     "debian-12"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "019a0000-0000-7000-8000-000000000001  booting"));
}

TEST_CASE("cloud destroy deletes a server, and says who must be asked when a bot uses it") {
    CliWorld world;
    CHECK(world.run({"cloud", "destroy", "4712"}) == ExitCode::usage);
    world.answer("DELETE /api/cloud/servers/4712", 202, {{"id", "4712"}, {"state", "deleting"}});
    CHECK(world.run({"cloud", "destroy", "4712", "--yes", "--json"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), R"("state": "deleting")"));
}

TEST_CASE("cloud destroy --forget gives up on wiping a machine, and asks with other words") {
    CliWorld world;
    CHECK(world.run({"cloud", "destroy", "tower-1.7", "--forget"}) == ExitCode::usage);
    world.answer("DELETE /api/cloud/servers/tower-1.7?forget=true", 202,
                 {{"id", "tower-1.7"}, {"state", "deleting"}});
    CHECK(world.run({"cloud", "destroy", "tower-1.7", "--forget", "--yes"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "tower-1.7  deleting"));
}

TEST_CASE("costs tells what one's own bots have cost") {
    CliWorld world;
    const json cost = {{"amount", "1.2345"}, {"currency", "EUR"}};
    const json bot = {
        {"botId", bot_id}, {"name", "mine"}, {"deleted", true}, {"cost", cost}, {"servers", 3}};
    world.answer("GET /api/costs?month=2026-11", 200,
                 {{"month", "2026-11"}, {"totals", {cost}}, {"bots", {bot}}});
    CHECK(world.run({"costs", "--month", "2026-11"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "mine (deleted)"));
    CHECK(contains(world.out.str(), "1.2345 EUR  in all in 2026-11"));
    world.answer("GET /api/costs", 200,
                 {{"month", "2026-11"}, {"totals", json::array()}, {"bots", json::array()}});
    CHECK(world.run({"costs", "--json"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "\"totals\": []"));
}

TEST_CASE("costs sums all users' servers of a month up by what one likes") {
    CliWorld world;
    world.answer("GET /api/admin/costs?by=user&month=2026-11&limit=200", 200,
                 {{"month", "2026-11"},
                  {"by", "user"},
                  {"next", nullptr},
                  {"items",
                   {{{"id", bot_id},
                     {"name", "ada@example.org"},
                     {"cost", {{"amount", "1.2345"}, {"currency", "EUR"}}},
                     {"servers", 3}}}}});
    CHECK(world.run({"costs", "--by", "user", "--month", "2026-11"}) == ExitCode::ok);
    CHECK(contains(world.out.str(), "1.2345 EUR"));
    CHECK(contains(world.out.str(), "ada@example.org"));
}
