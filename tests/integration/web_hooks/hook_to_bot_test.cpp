#include <condition_variable>
#include <set>

#include "store/notifications.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"
#include "store/token_repository.hpp"
#include "support/catch.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_remote_host.hpp"
#include "support/pg_cluster.hpp"
#include "support/plain_secret_box.hpp"
#include "web-hooks/bot_lines.hpp"
#include "web-hooks/hook_directory.hpp"
#include "web-hooks/receiver.hpp"
#include "web-hooks/relay.hpp"

using namespace hatchery;

namespace {

const std::string hook_secret = "the-secret-of-the-webhook";

std::string update(int id, int chat) {
    return R"({"update_id":)" + std::to_string(id) + R"(,"message":{"chat":{"id":)" +
           std::to_string(chat) + R"(},"text":"hi"}})";
}

/// The whole way from Telegram's post to the bot's server, on a real database; the server and the
/// connection to it are fakes.
class World {
public:
    explicit World(support::PgCluster& cluster = support::PgCluster::shared())
        : database(cluster.create_database()) {
        http.answer_otherwise([this](const ports::HttpRequest& request) { return take(request); });
        core::Bot row;
        row.user_id = tokens->get_or_create_user("a@example.org", store::UserRole::user)->id;
        row.name = "bot";
        row.telegram_bot_id = 7;
        row.model = "anthropic/claude";
        row.provider = "hetzner";
        bot = bots->create(row, {{ports::secret_name::webhook_secret, base::Secret(hook_secret)}})
                  .value();
        plan_server();
        inbox_hints =
            notifications->subscribe(store::Channel::inbox, [this](const auto&) { relay->hint(); });
    }
    ~World() { relay->stop(); }

    int post(const std::string& body, const std::string& secret = hook_secret) {
        return receiver.receive(bot.public_id, secret, body).status;
    }
    /// Waits until the server took this many updates, at most twenty seconds.
    bool wait_for(std::size_t count) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, std::chrono::seconds(20),
                                 [&] { return received_.size() >= count; });
    }
    std::vector<std::string> received() {
        const std::lock_guard lock(mutex_);
        return received_;
    }
    void refuse_next(int count) {
        const std::lock_guard lock(mutex_);
        refusals_ = count;
    }
    /// Waits until nothing is pending, at most twenty seconds.
    bool wait_until_settled() {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (std::chrono::steady_clock::now() < deadline) {
            const auto counts = inbox->counts();
            if (counts && counts->pending == 0) return true;
            std::this_thread::yield();
        }
        return false;
    }

    base::SystemClock clock;
    base::SystemRandom random;
    support::PlainSecretBox box;
    std::unique_ptr<support::TestDatabase> database;
    store::Database& pool = database->pool();
    std::unique_ptr<store::Notifications> notifications =
        store::make_notifications(database->url());
    std::unique_ptr<ports::JobStore> jobs = store::make_pg_job_store(pool, random, *notifications);
    std::unique_ptr<ports::FleetStore> fleet = store::make_pg_fleet_store(pool, box, clock, random);
    std::unique_ptr<store::BotRepository> bots =
        store::make_bot_repository(pool, box, clock, random);
    std::unique_ptr<store::TokenRepository> tokens =
        store::make_token_repository(pool, clock, random);
    std::unique_ptr<store::InboxRepository> inbox =
        store::make_inbox_repository(pool, *notifications);
    support::FakeRemoteHost hosts{clock};
    support::FakeHttpTransport http;
    std::unique_ptr<web_hooks::HookDirectory> directory =
        web_hooks::make_hook_directory(*bots, *fleet, clock);
    web_hooks::Receiver receiver{*directory, *inbox, clock};
    std::unique_ptr<web_hooks::BotLines> lines =
        web_hooks::make_bot_lines(*fleet, hosts, http, clock);
    std::unique_ptr<web_hooks::Relay> relay = make_relay();
    std::unique_ptr<store::Notifications::Subscription> inbox_hints;
    core::Bot bot;

    std::unique_ptr<web_hooks::Relay> make_relay() {
        return web_hooks::make_relay(
            {.inbox = *inbox, .fleet = *fleet, .lines = *lines, .clock = clock, .random = random},
            {.delivery_limit = base::Milliseconds{2'000}, .lease_for = base::Milliseconds{5'000}});
    }

private:
    void plan_server() {
        REQUIRE(jobs->start_operation({.bot_id = bot.id,
                                       .user_id = bot.user_id,
                                       .now = clock.now(),
                                       .deadline_at = clock.now() + std::chrono::hours(1)}));
        const auto claimed =
            jobs->claim({.worker = base::WorkerId("w"), .limit = 1, .now = clock.now()}).value();
        REQUIRE(claimed.size() == 1);
        const auto server =
            fleet->plan_server(claimed[0].lease, bot.id,
                               {.id = base::make_id<base::ServerId>(clock.now(), random),
                                .provider = "hetzner",
                                .region = "fsn1",
                                .type = "cx23",
                                .image = "debian-12",
                                .host_key = "ssh-ed25519 AAAA",
                                .planted_host_key = base::Secret("host"),
                                .client_public_key = "ssh-ed25519 BBBB",
                                .client_key = base::Secret("client")},
                               clock.now());
        REQUIRE(server);
        REQUIRE(
            fleet->change_server(claimed[0].lease, server->id,
                                 {.state = core::ServerState::ready, .public_ip = "127.77.1.1"}));
    }

    ports::HttpResponse take(const ports::HttpRequest& request) {
        const std::lock_guard lock(mutex_);
        if (refusals_ > 0) {
            --refusals_;
            return {.status = 503};
        }
        received_.push_back(request.body);
        changed_.notify_all();
        return {.status = 200};
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::vector<std::string> received_;
    int refusals_ = 0;
};

}  // namespace

TEST_CASE("what Telegram posts reaches the bot's server in order, each once") {
    World world;
    world.relay->start();
    for (int id = 1; id <= 30; ++id) {
        REQUIRE(world.post(update(id, 1)) == 200);
        // Telegram repeats what it is not sure of.
        if (id % 5 == 0) REQUIRE(world.post(update(id, 1)) == 200);
    }
    REQUIRE(world.wait_for(30));
    REQUIRE(world.wait_until_settled());
    const auto received = world.received();
    REQUIRE(received.size() == 30);
    for (int id = 1; id <= 30; ++id) {
        CHECK(received[static_cast<std::size_t>(id) - 1] == update(id, 1));
    }
}

TEST_CASE("an update that is posted while the bot restarts is delivered when it is back") {
    World world;
    world.refuse_next(2);
    world.relay->start();
    REQUIRE(world.post(update(1, 1)) == 200);
    REQUIRE(world.post(update(2, 1)) == 200);
    REQUIRE(world.wait_for(2));
    CHECK(world.received() == std::vector<std::string>{update(1, 1), update(2, 1)});
}

TEST_CASE("a hint carries an update to the relay of another process long before it would poll") {
    World world;
    world.relay->start();
    REQUIRE(world.post(update(1, 1)) == 200);
    REQUIRE(world.wait_for(1));
    REQUIRE(world.wait_until_settled());
}

TEST_CASE("two relays on one database deliver every update once") {
    World world;
    const auto other = world.make_relay();
    world.relay->start();
    other->start();
    for (int id = 1; id <= 60; ++id) REQUIRE(world.post(update(id, id % 7)) == 200);
    REQUIRE(world.wait_for(60));
    REQUIRE(world.wait_until_settled());
    other->stop();
    auto received = world.received();
    CHECK(received.size() == 60);
    CHECK(std::set<std::string>(received.begin(), received.end()).size() == 60);
}

TEST_CASE("what a dead process was delivering is delivered by another when the lease is over") {
    World world;
    REQUIRE(world.post(update(1, 1)) == 200);
    REQUIRE(world.inbox->claim(1, base::Milliseconds{1'500}, world.clock.now())->size() == 1);
    world.relay->start();
    REQUIRE(world.wait_for(1));
}

TEST_CASE("a post with a wrong secret, or for a bot that was never made, stores nothing") {
    World world;
    CHECK(world.post(update(1, 1), "wrong") == 401);
    CHECK(world.receiver.receive("nobody", hook_secret, update(1, 1)).status == 404);
    CHECK(world.inbox->counts()->pending == 0);
}

TEST_CASE("while the database is away Telegram is asked to come again, and later nothing is lost") {
    // Its own: the shared one is that of other tests, too.
    const auto cluster = support::PgCluster::make_private();
    World world(*cluster);
    world.relay->start();
    REQUIRE(world.post(update(1, 1)) == 200);
    REQUIRE(world.wait_for(1));
    cluster->stop();
    CHECK(world.post(update(2, 1)) == 503);
    cluster->start();
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (world.post(update(2, 1)) != 200) {
        REQUIRE(std::chrono::steady_clock::now() < deadline);
    }
    REQUIRE(world.wait_for(2));
    CHECK(world.received().back() == update(2, 1));
}

TEST_CASE("the Telegram bot that a bot no longer is cannot post to it, not even for a moment") {
    World world;
    CHECK(world.post(update(1, 1)) == 200);
    store::BotSettings settings;
    settings.telegram_bot_id = 8;
    settings.secrets_of_another_telegram_bot.emplace_back(ports::secret_name::webhook_secret,
                                                          base::Secret("fresh"));
    REQUIRE(world.bots->update(world.bot.id, world.bot.user_id, settings));
    // The receiver still remembers the old secret.
    CHECK(world.post(update(2, 1)) == 404);
    CHECK(world.post(update(1, 1), "fresh") == 200);
    CHECK(world.post(update(2, 1)) == 401);
}
