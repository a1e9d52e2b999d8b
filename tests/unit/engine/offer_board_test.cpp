#include "engine/offer_board.hpp"

#include <latch>
#include <thread>

#include "support/catch.hpp"
#include "support/fake_cloud_provider.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using support::FakeCloudProvider;

namespace {

const base::SystemClock clock_of_test;

struct Board {
    base::SteadyTime now = base::steady_now();
    base::SteadyTimeScope scope{[this] { return now; }};
    FakeCloudProvider cloud{clock_of_test};
    engine::OfferBoard board;

    base::Result<std::vector<providers::Offer>> ask() {
        return board.offers(cloud, base::Call::within(1s));
    }
    int asked() { return cloud.calls_of(FakeCloudProvider::Method::offers); }
    void fail() {
        cloud.fail_next(FakeCloudProvider::Method::offers, 1, base::ErrorKind::unavailable);
    }
};

}  // namespace

TEST_CASE(
    "a catalogue is asked for once in ten minutes, and a failure is not asked again at once") {
    Board world;
    world.fail();
    CHECK(world.ask().error().kind == base::ErrorKind::unavailable);
    CHECK(world.ask().error().kind == base::ErrorKind::unavailable);
    CHECK(world.asked() == 1);
    world.now += 31s;
    CHECK(world.ask()->size() == 4);
    world.now += 9min;
    CHECK(world.ask()->size() == 4);
    CHECK(world.asked() == 2);
    world.now += 2min;
    CHECK(world.ask()->size() == 4);
    CHECK(world.asked() == 3);
}

TEST_CASE("what was known holds on while the provider does not answer") {
    Board world;
    REQUIRE(world.ask());
    world.now += 11min;
    world.fail();
    CHECK(world.ask()->size() == 4);
    CHECK(world.ask()->size() == 4);
    CHECK(world.asked() == 2);
    CHECK(world.board.places(world.cloud, base::Call::within(1s)).size() == 4);
}

TEST_CASE("a place that was found sold out counts as such for five minutes") {
    Board world;
    world.board.sold_out({"hetzner", "fsn1", "cx23"});
    const auto available = [&] { return world.ask()->front().available; };
    CHECK_FALSE(available());
    CHECK(world.ask()->back().available);
    world.now += 6min;
    CHECK(available());
}

TEST_CASE(
    "a provider that hangs delays neither another's catalogue nor who can do with the old one") {
    Board world;
    FakeCloudProvider other(clock_of_test, {.name = "digitalocean"});
    REQUIRE(world.ask());
    std::latch hangs(1);
    std::latch go_on(1);
    world.cloud.before_each_call([&](FakeCloudProvider::Method) {
        hangs.count_down();
        go_on.wait();
    });
    // A clock is a thread's own: this one finds the catalogue fresh no more.
    std::size_t seen = 0;
    {
        const std::jthread asker([&, later = world.now + 11min] {
            const base::SteadyTimeScope scope([later] { return later; });
            const auto offers = world.board.offers(world.cloud, base::Call::within(1s));
            seen = offers ? offers->size() : 0;
        });
        hangs.wait();
        world.now += 11min;
        CHECK(world.ask()->size() == 4);
        CHECK(world.board.offers(other, base::Call::within(1s))->size() == 4);
        go_on.count_down();
    }
    CHECK(seen == 4);
    CHECK(world.asked() == 2);
}
