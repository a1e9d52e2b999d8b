#include "web-hooks/bot_lines.hpp"

#include "core/webhook_path.hpp"
#include "support/catch.hpp"
#include "support/fake_database.hpp"
#include "support/fake_fleet_store.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_remote_host.hpp"

using namespace hatchery;
using base::ErrorKind;
using Method = support::FakeRemoteHost::Method;

namespace {

class StillClock final : public base::Clock {
public:
    [[nodiscard]] base::TimePoint now() const override { return now_; }
    void advance(base::Milliseconds time) { now_ += time; }

private:
    base::TimePoint now_ = base::parse_time("2026-11-21T06:00:00Z").value();
};

struct Setup {
    StillClock clock;
    base::SystemRandom random;
    support::FakeDatabase database{clock, random};
    support::FakeFleetStore fleet{database};
    support::FakeRemoteHost hosts{clock};
    support::FakeHttpTransport http;
    std::unique_ptr<web_hooks::BotLines> lines =
        web_hooks::make_bot_lines(fleet, hosts, http, clock, {.max_open = 2});

    Setup() {
        http.answer_otherwise([](const auto&) { return ports::HttpResponse{.status = 200}; });
    }

    base::BotId add_bot(core::ServerState state = core::ServerState::ready) {
        core::Bot bot;
        bot.public_id = "public-" + std::to_string(++bots_);
        bot = database.add_bot(bot);
        database.add_secret(bot.id, ports::secret_name::webhook_secret, "hook-secret");
        core::Server server;
        server.id = database.new_id<base::ServerId>();
        server.bot_id = bot.id;
        server.deployment_id = database.new_id<base::DeploymentId>();
        server.state = state;
        server.public_ip = "127.77.1." + std::to_string(bots_);
        server.host_key = "ssh-ed25519 AAAA";
        database.deployments[server.deployment_id] = {
            .id = server.deployment_id, .bot_id = bot.id, .ended_at = std::nullopt};
        database.secrets[{server.id.text(), ports::secret_name::client_key}] = "client-key";
        database.server_rows[server.id] = server;
        return bot.id;
    }
    base::Result<int> post(const base::BotId& bot) {
        return lines->post(bot, "{}", base::Call::within(base::Milliseconds{5'000}));
    }

private:
    int bots_ = 0;
};

}  // namespace

TEST_CASE("an update goes through the tunnel to the bot's own path with its secret") {
    Setup setup;
    const auto bot = setup.add_bot();
    REQUIRE(setup.post(bot).value() == 200);
    const auto requests = setup.http.requests();
    REQUIRE(requests.size() == 1);
    CHECK(requests[0].method == "POST");
    CHECK(requests[0].url == "http://127.0.0.1:8787" + core::hook_path("public-1"));
    CHECK(requests[0].body == "{}");
    CHECK_FALSE(requests[0].unix_socket.empty());
    REQUIRE(requests[0].secret_headers.size() == 1);
    CHECK(requests[0].secret_headers[0].first == core::telegram_secret_header);
    CHECK(requests[0].secret_headers[0].second.reveal() == "hook-secret");
}

TEST_CASE("a tunnel is used again, and made anew when it broke") {
    Setup setup;
    const auto bot = setup.add_bot();
    REQUIRE(setup.post(bot));
    REQUIRE(setup.post(bot));
    CHECK(setup.hosts.calls_of(Method::open_tunnel) == 1);
    setup.hosts.break_tunnels("127.77.1.1");
    REQUIRE(setup.post(bot));
    CHECK(setup.hosts.calls_of(Method::open_tunnel) == 2);
}

TEST_CASE("a refused post and a wrong secret lead to a fresh tunnel and a fresh secret") {
    Setup setup;
    const auto bot = setup.add_bot();
    SECTION("refused") {
        setup.http.fail_next({.kind = ErrorKind::unavailable, .message = "refused"});
        CHECK_FALSE(setup.post(bot));
    }
    SECTION("401") {
        setup.http.answer_next(401, "");
        CHECK(setup.post(bot).value() == 401);
    }
    setup.database.add_secret(bot, ports::secret_name::webhook_secret, "new-secret");
    REQUIRE(setup.post(bot).value() == 200);
    CHECK(setup.http.requests().back().secret_headers[0].second.reveal() == "new-secret");
}

TEST_CASE("a bot without a server that is ready is not tried") {
    Setup setup;
    const auto bot = setup.add_bot(core::ServerState::booting);
    CHECK(setup.post(bot).error().kind == ErrorKind::unavailable);
    CHECK(setup.hosts.calls_of(Method::open_tunnel) == 0);
    CHECK(setup.http.requests().empty());
}

TEST_CASE("a deleted bot is told apart from one that is away") {
    Setup setup;
    const auto answer = setup.post(setup.database.new_id<base::BotId>());
    CHECK(answer.error().kind == ErrorKind::not_found);
    CHECK(answer.error().code == "bot_gone");
}

TEST_CASE("after a failed connection further posts fail at once for a moment") {
    Setup setup;
    const auto bot = setup.add_bot();
    setup.hosts.take_down("127.77.1.1");
    CHECK_FALSE(setup.post(bot));
    CHECK_FALSE(setup.post(bot));
    CHECK(setup.hosts.calls_of(Method::open_tunnel) == 1);
    setup.hosts.bring_up("127.77.1.1");
    setup.clock.advance(base::Milliseconds{1'001});
    CHECK(setup.post(bot));
}

TEST_CASE("a server with another host key gets nothing") {
    Setup setup;
    const auto bot = setup.add_bot();
    setup.hosts.add_server("127.77.1.1", "ssh-ed25519 BBBB");
    CHECK(setup.post(bot).error().code == "host_key_mismatch");
    CHECK(setup.http.requests().empty());
}

TEST_CASE("idle tunnels are closed, and no more than the limit are open") {
    Setup setup;
    const auto first = setup.add_bot();
    const auto second = setup.add_bot();
    const auto third = setup.add_bot();
    REQUIRE(setup.post(first));
    setup.clock.advance(base::Milliseconds{1});
    REQUIRE(setup.post(second));
    REQUIRE(setup.post(third));
    CHECK(setup.lines->open_count() == 2);
    setup.clock.advance(base::Milliseconds{5 * 60 * 1000 + 1});
    setup.lines->close_idle();
    CHECK(setup.lines->open_count() == 0);
}
