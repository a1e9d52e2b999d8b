#include "engine/prepared_cloud.hpp"

#include <atomic>
#include <chrono>

#include "core/ownership.hpp"
#include "engine/late_create.hpp"
#include "support/catch.hpp"
#include "support/fake_cloud_provider.hpp"
#include "support/post_times.hpp"

using namespace hatchery;
using namespace std::chrono_literals;
using providers::ResourceKind;
using Method = support::FakeCloudProvider::Method;

namespace {

class CountingKeys final : public ports::KeyMaker {
public:
    ports::SshKeyPair make_ssh_key() override {
        ++made;
        return {.public_key = "ssh-ed25519 AAAA", .private_key = base::Secret("private")};
    }
    int made = 0;
};

struct Bench {
    base::SystemClock clock;
    base::SteadyTime now{1h};
    base::SteadyTimeScope steady{[this] { return now; }};
    support::FakeCloudProvider cloud{clock};
    CountingKeys keys;
    engine::PreparedCloud prepared{cloud, keys, {"192.0.2.0/24", "127.0.0.0/8"}};

    base::Result<providers::CloudServer> create(const std::string& name) {
        return prepared.create_server({.name = name,
                                       .region = "fsn1",
                                       .type = "cx23",
                                       .image = "debian-12",
                                       .labels = {{core::label_installation, "one"}}},
                                      base::Call::within(60s));
    }
    std::vector<providers::CloudResource> of(ResourceKind kind) {
        return cloud.list_resources(kind, core::label_installation, "one", base::Call::within(60s))
            .value();
    }
};

}  // namespace

TEST_CASE("the firewall stands before the first server, and is looked for once") {
    Bench bench;
    REQUIRE(bench.create("a"));
    const auto calls = bench.cloud.calls();
    REQUIRE(calls.size() == 3);
    CHECK(calls[0].method == Method::list_resources);
    CHECK(calls[1].method == Method::create_resource);
    CHECK(calls[2].method == Method::create);
    REQUIRE(bench.create("b"));
    CHECK(bench.cloud.calls().size() == 4);
    const auto firewalls = bench.of(ResourceKind::firewall);
    REQUIRE(firewalls.size() == 1);
    CHECK(firewalls[0].ssh_sources == std::vector<std::string>{"127.0.0.0/8", "192.0.2.0/24"});
    CHECK(bench.keys.made == 0);
}

TEST_CASE("a firewall that somebody opened is put right before long") {
    Bench bench;
    REQUIRE(bench.create("a"));
    const auto id = bench.of(ResourceKind::firewall).at(0).id;
    REQUIRE(bench.cloud.update_firewall(id,
                                        {.name = "x",
                                         .applies_to = {core::label_installation, "one"},
                                         .ssh_sources = {"0.0.0.0/0"}},
                                        base::Call::within(60s)));
    bench.now += 11min;
    REQUIRE(bench.create("b"));
    REQUIRE(bench.of(ResourceKind::firewall).size() == 1);
    CHECK(bench.of(ResourceKind::firewall).at(0).ssh_sources.size() == 2);
}

TEST_CASE("without its firewall no server is asked for, and the error says so") {
    Bench bench;
    bench.cloud.fail_next(Method::create_resource, 1, base::ErrorKind::timeout);
    const auto created = bench.create("a");
    REQUIRE_FALSE(created);
    CHECK(created.error().kind == base::ErrorKind::timeout);
    CHECK(created.error().effect == base::Effect::none);
    CHECK(bench.cloud.servers().empty());
    CHECK(bench.create("a"));
}

TEST_CASE("another process that makes the firewall first is no trouble") {
    Bench bench;
    bool first = true;
    bench.cloud.before_each_call([&](Method method) {
        if (method != Method::create_resource || !first) return;
        first = false;
        bench.cloud.add_resource({.kind = ResourceKind::firewall,
                                  .name = "hatchery-ssh-one",
                                  .labels = {{core::label_installation, "one"}},
                                  .ssh_sources = {"127.0.0.0/8", "192.0.2.0/24"},
                                  .applies_to = {{core::label_installation, "one"}}});
    });
    CHECK(bench.create("a"));
    CHECK(bench.of(ResourceKind::firewall).size() == 1);
}

TEST_CASE("where a provider would mail root passwords, creates name one throwaway key") {
    Bench bench;
    bench.cloud.behave_as_digitalocean();
    REQUIRE(bench.create("a"));
    REQUIRE(bench.create("b"));
    CHECK(bench.keys.made == 1);
    CHECK(bench.of(ResourceKind::ssh_key).size() == 1);
    bench.now += 11min;
    REQUIRE(bench.create("c"));
    CHECK(bench.of(ResourceKind::ssh_key).size() == 1);
}

TEST_CASE("a firewall of our name without our label is named in the error") {
    Bench bench;
    bench.cloud.add_resource({.kind = ResourceKind::firewall, .name = "hatchery-ssh-one"});
    const auto created = bench.create("a");
    REQUIRE_FALSE(created);
    CHECK(created.error().kind == base::ErrorKind::invalid);
    CHECK(created.error().effect == base::Effect::none);
    CHECK(created.error().code == "firewall_unavailable");
    CHECK(created.error().message.find("hatchery-ssh-one") != std::string::npos);
    CHECK_FALSE(created.error().next_action.empty());
}

TEST_CASE("a firewall that covers nothing is put right, by a create and by a look") {
    Bench bench;
    REQUIRE(bench.create("a"));
    const auto right = bench.of(ResourceKind::firewall);
    const auto uncover = [&] {
        auto bare = right.at(0);
        bare.applies_to.clear();
        REQUIRE(
            bench.cloud.delete_resource(ResourceKind::firewall, bare.id, base::Call::within(60s)));
        bench.cloud.add_resource(bare);
    };
    uncover();
    bench.now += 11min;
    REQUIRE(bench.create("b"));
    CHECK(bench.of(ResourceKind::firewall).at(0).applies_to == right.at(0).applies_to);
    uncover();
    REQUIRE(bench.prepared.keep_guarded("one", bench.of(ResourceKind::firewall),
                                        base::Call::within(60s)));
    CHECK(bench.of(ResourceKind::firewall).at(0).applies_to == right.at(0).applies_to);
    // And one that is gone altogether.
    REQUIRE(bench.cloud.delete_resource(ResourceKind::firewall, right.at(0).id,
                                        base::Call::within(60s)));
    REQUIRE(bench.prepared.keep_guarded("one", {}, base::Call::within(60s)));
    const auto made = bench.of(ResourceKind::firewall);
    REQUIRE(made.size() == 1);
    bench.cloud.forget_calls();
    REQUIRE(bench.prepared.keep_guarded("one", made, base::Call::within(60s)));
    CHECK(bench.cloud.calls().empty());
}

TEST_CASE("a key that was deleted is made again") {
    Bench bench;
    bench.cloud.behave_as_digitalocean();
    REQUIRE(bench.create("a"));
    const auto key = bench.of(ResourceKind::ssh_key).at(0).id;
    REQUIRE(bench.cloud.delete_resource(ResourceKind::ssh_key, key, base::Call::within(60s)));
    bench.cloud.fail_next(Method::create, 1, base::ErrorKind::invalid);
    REQUIRE(bench.create("b"));
    CHECK(bench.of(ResourceKind::ssh_key).size() == 1);
    // Refused for another reason: it is not sent again.
    bench.cloud.forget_calls();
    bench.cloud.fail_next(Method::create, 1, base::ErrorKind::invalid);
    CHECK_FALSE(bench.create("c"));
    CHECK(bench.cloud.calls_of(Method::create) == 1);
}

TEST_CASE("sources that are said twice are one") {
    Bench bench;
    engine::PreparedCloud twice{bench.cloud, bench.keys, {"192.0.2.7/32", "192.0.2.7/32"}};
    REQUIRE(twice.create_server({.name = "a",
                                 .region = "fsn1",
                                 .type = "cx23",
                                 .image = "debian-12",
                                 .labels = {{core::label_installation, "one"}}},
                                base::Call::within(60s)));
    CHECK(bench.of(ResourceKind::firewall).at(0).ssh_sources.size() == 1);
}

TEST_CASE("what makes the project ready gives every POST its minute") {
    Bench bench;
    bench.cloud.behave_as_digitalocean();
    support::PostTimes times(bench.cloud);
    engine::PreparedCloud watched{times, bench.keys, {"192.0.2.0/24"}};
    REQUIRE(watched.create_server({.name = "a",
                                   .region = "fsn1",
                                   .type = "cx23",
                                   .image = "debian-12",
                                   .labels = {{core::label_installation, "one"}}},
                                  base::Call::within(engine::create_limit)));
    CHECK(times.posts() == 3);
    CHECK(times.least() >= engine::least_post);
}
