#include "base/json_value.hpp"
#include "core/ownership.hpp"
#include "engine/budgeted_transport.hpp"
#include "engine/cloud_poller.hpp"
#include "engine/reconciler.hpp"
#include "providers/hetzner/hetzner_provider.hpp"
#include "simulation/support/seeded_random.hpp"
#include "simulation/support/virtual_clock.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_budgets.hpp"
#include "support/fake_cloud_ledger.hpp"
#include "support/fake_fleet_store.hpp"
#include "unit/engine/unused_ports.hpp"

using namespace hatchery;
using namespace std::chrono_literals;

namespace {

constexpr int servers = 1'000;
constexpr int per_page = 50;

/// A page of Hetzner's list of servers.
std::string page_of(const std::vector<core::Server>& rows, const base::InstallationId& installation,
                    int page) {
    base::Json list = base::Json::array();
    for (int i = (page - 1) * per_page; i < page * per_page && i < static_cast<int>(rows.size());
         ++i) {
        const auto& row = rows[static_cast<std::size_t>(i)];
        list.push_back({{"id", std::stoll(row.provider_server_id)},
                        {"name", row.name},
                        {"status", "running"},
                        {"created", "2026-11-21T10:00:00Z"},
                        {"labels", core::owner_labels(installation, row.id, row.bot_id)},
                        {"server_type", {{"name", "cx23"}}},
                        {"public_net", {{"ipv4", {{"ip", "192.0.2.1"}}}}}});
    }
    const bool last = page * per_page >= static_cast<int>(rows.size());
    return base::dump_json(
        {{"servers", std::move(list)},
         {"meta", {{"pagination", {{"next_page", last ? base::Json() : base::Json(page + 1)}}}}}});
}

int page_asked(const std::string& url) {
    const auto at = url.find("&page=");
    return at == std::string::npos ? 1 : std::stoi(url.substr(at + 6));
}

}  // namespace

namespace {

/// A project of a thousand servers, whose API shows them all, or those that a selector names.
struct Thousand {
    simulation::VirtualClock clock;
    simulation::SeededRandom random{3};
    support::FakeDatabase database{clock, random};
    support::FakeFleetStore fleet{database};
    support::FakeCloudLedger ledger{database};
    support::FakeCloudBudgets budgets{clock};
    support::FakeHttpTransport http;
    std::unique_ptr<ports::HttpTransport> transport = engine::make_budgeted_transport(
        http, budgets, {.project = "hetzner", .policy = core::usual_budget("hetzner")});
    std::unique_ptr<providers::CloudProvider> cloud = providers::make_hetzner_provider(
        {.base_url = "http://cloud.test", .token = base::Secret("token")}, *transport, clock);
    support::UnusedPorts unused;
    engine::EnginePorts ports = unused.ports(fleet, clock, random);
    std::vector<core::Server> rows;

    Thousand() {
        for (int i = 0; i < servers; ++i) {
            core::Server row;
            row.id = database.new_id<base::ServerId>();
            row.bot_id = database.new_id<base::BotId>();
            row.provider = "hetzner";
            row.name = core::server_name(row.id);
            row.state = core::ServerState::ready;
            row.provider_server_id = std::to_string(5'000 + i);
            database.server_rows[row.id] = row;
            rows.push_back(row);
        }
        http.answer_otherwise(
            [this](const ports::HttpRequest& request) -> base::Result<ports::HttpResponse> {
                return ports::HttpResponse{
                    .status = 200, .headers = {}, .body = body_of(request.url)};
            });
        ports.clouds["hetzner"] = cloud.get();
        ports.ledger = &ledger;
    }

    std::string body_of(const std::string& url) {
        const auto path = url.substr(std::string("http://cloud.test").size());
        const auto key = path.substr(1, path.find_first_of("?") - 1);
        if (key == "servers" && path.find("%20in%20") == std::string::npos) {
            return page_of(rows, database.installation(), page_asked(url));
        }
        std::vector<core::Server> named;
        for (const auto& row : rows) {
            if (path.find(row.id.text()) != std::string::npos) named.push_back(row);
        }
        if (key == "servers") return page_of(named, database.installation(), 1);
        return base::dump_json(
            {{key, base::Json::array()}, {"meta", {{"pagination", {{"next_page", nullptr}}}}}});
    }
};

}  // namespace

TEST_CASE("one boot beside a thousand servers costs one request a look") {
    Thousand world;
    auto& booting = world.database.server_rows.at(world.rows[700].id);
    booting.state = core::ServerState::booting;
    booting.created_at = world.clock.now();
    const engine::EngineSettings settings;
    engine::CloudPoller poller(world.ports, settings, "hetzner");
    std::stop_source stop;
    for (int look = 0; look < 3; ++look) {
        world.clock.advance(10s);
        (void)poller.tick(stop.get_token());
    }
    CHECK(world.http.requests().size() == 3);
}

TEST_CASE("two hundred boots beside a thousand servers cost four requests a look") {
    Thousand world;
    for (int i = 300; i < 500; ++i) {
        auto& booting = world.database.server_rows.at(world.rows[static_cast<std::size_t>(i)].id);
        booting.state = core::ServerState::booting;
        booting.created_at = world.clock.now();
    }
    const engine::EngineSettings settings;
    engine::CloudPoller poller(world.ports, settings, "hetzner");
    std::stop_source stop;
    world.clock.advance(10s);
    (void)poller.tick(stop.get_token());
    CHECK(world.http.requests().size() == 4);
}

TEST_CASE("a sweep of a thousand servers takes at most 25 requests") {
    Thousand world;
    engine::EngineSettings settings;
    engine::Reconciler reconciler(world.ports, settings, "hetzner");
    std::stop_source stop;
    reconciler.tick(stop.get_token());
    REQUIRE(world.ledger.kept.contains("hetzner"));
    const auto report = base::parse_json(world.ledger.kept.at("hetzner").report).value();
    CHECK(base::json_int(report, "listed") == servers);
    CHECK(base::json_int(report, "alive") == servers);
    CHECK(base::json_member(report, "findings").empty());
    const auto sent = world.http.requests().size();
    INFO("requests: " << sent);
    CHECK(sent <= 25);
    CHECK(sent >= servers / per_page);
    // All of them in the class that leaves most to others.
    const auto state = world.budgets.view("hetzner", core::usual_budget("hetzner")).value().state;
    CHECK(state.granted[static_cast<std::size_t>(core::Urgency::sweep)] ==
          static_cast<std::int64_t>(sent));
}
