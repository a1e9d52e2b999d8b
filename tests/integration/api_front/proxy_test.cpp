#include "../api/api_world.hpp"
#include "base/encoding.hpp"
#include "crypto/digest.hpp"
#include "support/catch.hpp"

using namespace hatchery;
using namespace hatchery::testing;

namespace {

WorldSetup behind(std::initializer_list<std::string_view> proxies) {
    WorldSetup setup;
    for (const auto proxy : proxies) {
        setup.options.trusted_proxies.push_back(core::parse_network(proxy).value());
    }
    return setup;
}

/// Where the last write in the audit log came from.
std::string last_address(ApiWorld& world) {
    const auto page = world.audit->find({.limit = 1});
    return page.value().items.front().entry.address;
}

}  // namespace

TEST_CASE("the audit log has the client's address behind a proxy of ours, and nobody else's word") {
    ApiWorld trusting(behind({"127.0.0.1"}));
    const auto write = [](ApiWorld& world, const std::string& forwarded) {
        world.call("POST", "/api/deploy", world.alice, "{}", {{"X-Forwarded-For", forwarded}});
        return last_address(world);
    };
    CHECK(write(trusting, "198.51.100.7") == "198.51.100.7");
    CHECK(write(trusting, "1.1.1.1, 198.51.100.7") == "198.51.100.7");
    CHECK(write(trusting, "2001:db8::1, 198.51.100.7, 127.0.0.1") == "198.51.100.7");
    CHECK(write(trusting, "rubbish") == "127.0.0.1");
    ApiWorld plain;
    CHECK(write(plain, "198.51.100.7") == "127.0.0.1");
    ApiWorld other(behind({"10.0.0.0/8"}));
    CHECK(write(other, "198.51.100.7") == "127.0.0.1");
}

TEST_CASE("the billing service's address in the audit log is its own behind a proxy of ours") {
    const std::string secret = "0123456789abcdef0123456789abcdef";
    auto setup = behind({"127.0.0.1"});
    setup.billing_secrets = {base::Secret(secret)};
    ApiWorld world(setup);
    const auto now = std::chrono::floor<std::chrono::seconds>(world.clock.now());
    const auto time = std::to_string(now.time_since_epoch().count());
    const auto signature = base::hex_encode(crypto::hmac_sha256(secret, time + ".{}"));
    const auto answer = world.call("POST", "/hooks/billing", "", "{}",
                                   {{"X-Forwarded-For", "198.51.100.7"},
                                    {"X-Billing-Signature", "t=" + time + ",v1=" + signature}});
    CHECK(answer.status == 422);
    CHECK(last_address(world) == "198.51.100.7");
}

TEST_CASE("limits per address are the client's own behind a proxy of ours") {
    WorldSetup setup = behind({"127.0.0.0/8"});
    setup.rates.failure = 2;
    ApiWorld world(setup);
    const auto guess = [&](const std::string& from) {
        return world.call("GET", "/api/bots", "wrong", "", {{"X-Forwarded-For", from}}).status;
    };
    CHECK(guess("198.51.100.1") == 401);
    // What stands to the left was written by the client itself.
    CHECK(guess("203.0.113.5, 198.51.100.1") == 401);
    CHECK(guess("203.0.113.6, 198.51.100.1") == 429);
    CHECK(guess("198.51.100.2") == 401);
    CHECK(world.get("/api/bots").status == 200);
}
