#include <atomic>
#include <thread>

#include "store_under_test.hpp"
#include "support/server_plan.hpp"

namespace hatchery::contract {

namespace {

using core::ServerState;

constexpr long long hour = 3'600'000;

/// A bot whose server is made by the step that the test plays.
struct Deployed {
    explicit Deployed(StoreUnderTest& a_store, const std::string& provider = "hetzner")
        : store(a_store), bot(store.add_bot()), job(start_and_claim(store, bot)) {
        base::SystemRandom random;
        server = store.fleet()
                     .plan_server(job.lease, bot.id,
                                  support::server_plan(base::make_id<base::ServerId>(at(0), random),
                                                       provider),
                                  at(0))
                     .value()
                     .id;
    }
    void change(const ports::ServerChange& change) {
        REQUIRE(store.fleet().change_server(job.lease, server, change));
    }
    void make() {
        change({.state = ServerState::ready,
                .provider_server_id = "4711",
                .price_monthly = "3.4900",
                .price_hourly = "0.0060",
                .price_currency = "EUR"});
    }
    base::Result<ports::CreateAllowance> intend(double ceiling, const std::string& price = "3.4900",
                                                base::TimePoint now = at(0)) {
        return store.ledger().intend_create(
            job.lease, server,
            {.price_monthly = price, .price_currency = "EUR", .ceiling = ceiling, .begun_at = now});
    }
    [[nodiscard]] core::Server row() { return store.fleet().server_of(bot.id).value().value(); }

    StoreUnderTest& store;
    core::Bot bot;
    ports::ClaimedJob job;
    base::ServerId server;
};

}  // namespace

TEST_CASE("a server costs from its create to its proven end, every begun hour, at most its month") {
    const auto store = make_store(backends());
    Deployed deployed(*store);
    const auto sum = [&](ports::CostsBy by, long long end) {
        return store->ledger().costs(by, at(0), at(end)).value();
    };
    // Nothing is made yet.
    CHECK(sum(ports::CostsBy::bot, hour).empty());
    deployed.make();
    const auto after_90_minutes = sum(ports::CostsBy::bot, hour * 3 / 2);
    REQUIRE(after_90_minutes.size() == 1);
    CHECK(after_90_minutes[0].key == deployed.bot.id.text());
    CHECK(after_90_minutes[0].name == deployed.bot.name);
    CHECK(after_90_minutes[0].amount == "0.0120");
    CHECK(after_90_minutes[0].currency == "EUR");
    CHECK(after_90_minutes[0].servers == 1);
    CHECK(sum(ports::CostsBy::user, hour)[0].key == deployed.bot.user_id.text());
    CHECK(sum(ports::CostsBy::provider, hour)[0].key == "hetzner");
    CHECK(sum(ports::CostsBy::bot, hour * 24 * 31)[0].amount == "3.4900");
    REQUIRE(store->fleet().server_gone(deployed.job.lease, deployed.server, at(2 * hour)));
    CHECK(sum(ports::CostsBy::bot, hour * 24 * 31)[0].amount == "0.0120");
    // The next month has nothing to pay for.
    CHECK(store->ledger().costs(ports::CostsBy::bot, at(3 * hour), at(4 * hour)).value().empty());
}

TEST_CASE(
    "what the reaper ends stops costing when it is proven gone, and not when it is asked to") {
    const auto store = make_store(backends());
    Deployed deployed(*store);
    deployed.make();
    ports::Transition end = end_at(at(1));
    end.bot.abandons_server = true;
    REQUIRE(store->jobs().apply(deployed.job, end).value().accepted);
    REQUIRE(store->fleet().condemn_left_behind(deployed.server, "4711", at(hour)));
    const auto amount = [&] {
        return store->ledger().costs(ports::CostsBy::bot, at(0), at(5 * hour)).value()[0].amount;
    };
    CHECK(amount() == "0.0300");
    REQUIRE(store->fleet().left_behind_gone(deployed.server, at(2 * hour)));
    CHECK(amount() == "0.0120");
}

TEST_CASE("an intent is written while the ceiling has room, and counts from then on") {
    const auto store = make_store(backends());
    Deployed first(*store);
    Deployed second(*store);
    Deployed elsewhere(*store, "digitalocean");
    const auto allowed = first.intend(7.0).value();
    CHECK(allowed.granted);
    CHECK(allowed.would_be == "3.49");
    CHECK(first.row().state == ServerState::creating);
    CHECK(first.row().price_monthly == "3.4900");
    CHECK(first.row().price_currency == "EUR");

    const auto refused = second.intend(6.0).value();
    CHECK_FALSE(refused.granted);
    CHECK(refused.would_be == "6.98");
    CHECK(second.row().state == ServerState::planned);
    CHECK(second.row().price_monthly.empty());
    // Another provider's servers are another ceiling's.
    CHECK(elsewhere.intend(3.49).value().granted);
    // What is to be deleted is billed still; what is gone is not.
    first.change({.state = ServerState::deleting});
    CHECK_FALSE(second.intend(6.0).value().granted);
    REQUIRE(store->fleet().server_gone(first.job.lease, first.server, at(1)));
    CHECK(second.intend(6.0).value().granted);
}

TEST_CASE(
    "below a ceiling a server costs from its create too, and an intent that made none nothing") {
    const auto store = make_store(backends());
    Deployed deployed(*store);
    Deployed never_made(*store);
    REQUIRE(deployed.intend(100, "3.4900", at(3 * hour)).value().granted);
    REQUIRE(never_made.intend(100, "3.4900", at(3 * hour)).value().granted);
    const auto sums = [&] {
        return store->ledger().costs(ports::CostsBy::provider, at(0), at(5 * hour)).value();
    };
    CHECK(sums().empty());
    deployed.make();
    REQUIRE(store->fleet().server_gone(never_made.job.lease, never_made.server, at(4 * hour)));
    REQUIRE(sums().size() == 1);
    CHECK(sums()[0].amount == "0.0120");
    CHECK(sums()[0].servers == 1);
}

TEST_CASE("below a ceiling nothing is intended while its price is not known") {
    const auto store = make_store(backends());
    Deployed deployed(*store);
    const auto refused = deployed.intend(100, "");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == base::ErrorKind::unavailable);
    CHECK(refused.error().code == "price_unknown");
    CHECK(deployed.row().state == ServerState::planned);
}

TEST_CASE("an intent that is taken back leaves its room to others") {
    const auto store = make_store(backends());
    Deployed first(*store);
    Deployed second(*store);
    REQUIRE(first.intend(4.0).value().granted);
    first.change({.state = ServerState::planned});
    CHECK(second.intend(4.0).value().granted);
    CHECK_FALSE(first.intend(4.0).value().granted);
}

TEST_CASE("of many intents at once exactly as many are written as there is room for") {
    const auto store = make_store(backends());
    std::vector<std::unique_ptr<Deployed>> deploys;
    for (int i = 0; i < 12; ++i) deploys.push_back(std::make_unique<Deployed>(*store));
    std::atomic<int> granted = 0;
    {
        std::vector<std::jthread> workers;
        for (int worker = 0; worker < 4; ++worker) {
            workers.emplace_back([&, worker] {
                for (int i = worker; i < 12; i += 4) {
                    const auto allowed = deploys[static_cast<std::size_t>(i)]->intend(5 * 3.49);
                    if (allowed && allowed->granted) ++granted;
                }
            });
        }
    }
    CHECK(granted == 5);
}

TEST_CASE("an intent needs a lease that stands") {
    const auto store = make_store(backends());
    Deployed deployed(*store);
    REQUIRE(store->jobs().rescue(at(40'000)).value() == 1);
    CHECK(deployed.intend(100).error().kind == base::ErrorKind::conflict);
    CHECK(deployed.row().state == ServerState::planned);
}

TEST_CASE("a server that vanished fails its bot, unless an operation works on it") {
    const auto store = make_store(backends());
    Deployed deployed(*store);
    deployed.make();
    auto& ledger = store->ledger();
    CHECK_FALSE(ledger.server_vanished(deployed.server, "It is gone.", at(1)).value());
    ports::Transition end = end_at(at(1));
    end.bot.status = core::BotStatus::active;
    REQUIRE(store->jobs().apply(deployed.job, end).value().accepted);
    CHECK(ledger.server_vanished(deployed.server, "It is gone.", at(2)).value());
    CHECK_FALSE(ledger.server_vanished(deployed.server, "It is gone.", at(3)).value());
    const auto bot = store->bot_row(deployed.bot.id);
    CHECK(bot.status == core::BotStatus::failed);
    CHECK(bot.status_reason == "It is gone.");
    CHECK_FALSE(store->fleet().server_of(deployed.bot.id).value());
    CHECK(store->events_of(deployed.bot.id).back().message == "It is gone.");
    CHECK(store->secrets_of(deployed.server.text()) == 0);
    // Its costs have ended, and the bot can be deployed again.
    CHECK(ledger.costs(ports::CostsBy::bot, at(hour), at(2 * hour)).value().empty());
    CHECK(store->jobs().start_operation(deploy_of(deployed.bot)));
}

TEST_CASE("a line of the ledger's is told in the bot's story") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    REQUIRE(store->ledger().tell(bot.id, "Said.", core::EventLevel::warning, at(5)));
    const auto events = store->events_of(bot.id);
    REQUIRE(events.size() == 1);
    CHECK(events[0].seq == 1);
    CHECK(events[0].message == "Said.");
    CHECK(events[0].level == core::EventLevel::warning);
}

TEST_CASE("a sweep that was asked for and what it found are kept") {
    const auto store = make_store(backends());
    auto& ledger = store->ledger();
    CHECK_FALSE(ledger.sweep_asked_at().value());
    REQUIRE(ledger.ask_for_sweep(at(1)));
    REQUIRE(ledger.ask_for_sweep(at(2)));
    CHECK(ledger.sweep_asked_at().value() == at(2));
    CHECK(ledger.sweeps().value().empty());
    REQUIRE(ledger.keep_sweep("hetzner", R"({"listed":1})", at(3)));
    REQUIRE(ledger.keep_sweep("hetzner", R"({"listed":2})", at(4)));
    const auto kept = ledger.sweeps().value();
    REQUIRE(kept.size() == 1);
    CHECK(kept[0].report == R"({"listed":2})");
    CHECK(kept[0].at == at(4));
}

}  // namespace hatchery::contract
