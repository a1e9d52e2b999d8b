#include "core/network.hpp"

#include "support/catch.hpp"

using namespace hatchery::core;

namespace {

std::vector<Network> networks(std::initializer_list<std::string_view> texts) {
    std::vector<Network> parsed;
    for (const auto text : texts) parsed.push_back(parse_network(text).value());
    return parsed;
}

std::string client(std::string_view peer, std::vector<std::string_view> forwarded_for,
                   std::initializer_list<std::string_view> proxies) {
    return client_address(peer, forwarded_for, networks(proxies));
}

}  // namespace

TEST_CASE("networks are addresses with a prefix, and nothing else is taken for one") {
    CHECK(parse_network("10.0.0.0/8"));
    CHECK(parse_network("192.0.2.1"));
    CHECK(parse_network("0.0.0.0/0"));
    CHECK(parse_network("2001:db8::/32"));
    CHECK(parse_network("::/0"));
    CHECK(parse_network("192.0.2.1") == parse_network("192.0.2.1/32"));
    CHECK(parse_network("192.0.2.1") == parse_network("::ffff:192.0.2.1/128"));
    for (const auto* text : {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.1.2.3/8",
                             "10.0.0.0/8x", "10.0.0/8", "2001:db8::/129", "2001:db8::1/32",
                             "proxy.example", "10.0.0.0/8/8", " 10.0.0.1", "fe80::1%eth0"}) {
        INFO(text);
        CHECK_FALSE(parse_network(text));
    }
}

TEST_CASE("an address lies in the networks whose prefix it has") {
    const auto some = networks({"10.0.0.0/8", "192.0.2.128/25", "2001:db8::/33"});
    for (const auto* inside :
         {"10.0.0.0", "10.255.255.255", "192.0.2.128", "::ffff:10.1.1.1", "2001:db8:7fff::1"}) {
        INFO(inside);
        CHECK(lies_in(inside, some));
    }
    for (const auto* outside :
         {"11.0.0.0", "192.0.2.127", "2001:db8:8000::1", "::10.1.1.1", "", "x"}) {
        INFO(outside);
        CHECK_FALSE(lies_in(outside, some));
    }
    CHECK(lies_in("203.0.113.9", networks({"0.0.0.0/0"})));
    CHECK_FALSE(lies_in("2001:db8::1", networks({"0.0.0.0/0"})));
}

TEST_CASE("only what proxies of ours wrote of the way of a request is believed") {
    // Nobody's word counts without a proxy.
    CHECK(client("203.0.113.9", {"198.51.100.1"}, {}) == "203.0.113.9");
    CHECK(client("203.0.113.9", {"198.51.100.1"}, {"10.0.0.0/8"}) == "203.0.113.9");
    CHECK(client("10.0.0.1", {}, {"10.0.0.0/8"}) == "10.0.0.1");
    CHECK(client("10.0.0.1", {"198.51.100.1"}, {"10.0.0.0/8"}) == "198.51.100.1");
    // What the client itself sent stands left of what the proxy added.
    CHECK(client("10.0.0.1", {"1.1.1.1, 198.51.100.1"}, {"10.0.0.0/8"}) == "198.51.100.1");
    CHECK(client("10.0.0.1", {"10.0.0.7, 198.51.100.1"}, {"10.0.0.0/8"}) == "198.51.100.1");
    // A chain of proxies, in one value or in several.
    CHECK(client("10.0.0.1", {"1.1.1.1, 198.51.100.1, 10.0.0.2"}, {"10.0.0.0/8"}) ==
          "198.51.100.1");
    CHECK(client("10.0.0.1", {"1.1.1.1, 198.51.100.1", "10.0.0.2"}, {"10.0.0.0/8"}) ==
          "198.51.100.1");
    CHECK(client("10.0.0.1", {"10.0.0.3, 10.0.0.2"}, {"10.0.0.0/8"}) == "10.0.0.3");
    // An entry that is no address is a guess of nobody's.
    CHECK(client("10.0.0.1", {"198.51.100.1, unknown"}, {"10.0.0.0/8"}) == "10.0.0.1");
    CHECK(client("10.0.0.1", {"198.51.100.1, "}, {"10.0.0.0/8"}) == "10.0.0.1");
    CHECK(client("10.0.0.1", {""}, {"10.0.0.0/8"}) == "10.0.0.1");
    // Ports, brackets and the other spelling of IPv4.
    CHECK(client("::ffff:10.0.0.1", {"198.51.100.1:4711"}, {"10.0.0.0/8"}) == "198.51.100.1");
    CHECK(client("::1", {"[2001:db8::7]:443"}, {"::1"}) == "2001:db8::7");
    CHECK(client("::1", {"2001:0DB8::7"}, {"::1"}) == "2001:db8::7");
    CHECK(client("::1", {"::ffff:198.51.100.1"}, {"::1"}) == "198.51.100.1");
}

TEST_CASE("a limit per address counts one IPv4 address, or the network of an IPv6 customer") {
    CHECK(address_group("192.0.2.1") == "192.0.2.1");
    CHECK(address_group("::ffff:192.0.2.1") == "192.0.2.1");
    CHECK(address_group("2001:db8:1:2:3:4:5:6") == "2001:db8:1:2::");
    CHECK(address_group("2001:db8:1:2::1") == address_group("2001:db8:1:2:ffff::"));
    CHECK(address_group("?") == "?");
}
