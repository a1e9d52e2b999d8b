#include "store/token_repository.hpp"

#include "world.hpp"

namespace hatchery::store {

namespace {

const std::string hash(64, 'a');
const std::string other_hash(64, 'b');

}  // namespace

TEST_CASE("a user is made once, however the address is written, and keeps its role") {
    World world;
    const auto first = world.tokens->get_or_create_user("Ada@Example.org", UserRole::admin);
    const auto again = world.tokens->get_or_create_user("ada@example.ORG", UserRole::user);
    REQUIRE(first);
    REQUIRE(again);
    CHECK(first->id == again->id);
    CHECK(again->role == UserRole::admin);
    CHECK(world.tokens->find_user(first->id).value().email == "Ada@Example.org");
    CHECK(world.tokens->get_or_create_user("", UserRole::user).error().kind ==
          base::ErrorKind::invalid);
    CHECK(world.tokens->find_user(base::UserId("x")).error().kind == base::ErrorKind::not_found);
}

TEST_CASE("a token stands for its user until it expires or is revoked") {
    World world;
    const auto user = world.add_user();
    const auto token = world.tokens->create({.user_id = user,
                                             .name = "ci",
                                             .hash_hex = hash,
                                             .scopes = {"bots:read", "act-as"},
                                             .expires_at = at(100'000)});
    REQUIRE(token);
    const auto principal = world.tokens->find_principal(hash).value();
    CHECK(principal.user_id == user);
    CHECK(principal.email == "a@example.org");
    CHECK(principal.role == UserRole::user);
    CHECK(principal.scopes == std::vector<std::string>{"bots:read", "act-as"});
    CHECK(principal.token_id == token->id);

    const auto refused = base::ErrorKind::unauthorized;
    CHECK(world.tokens->find_principal(other_hash).error().kind == refused);
    CHECK(world.tokens->find_principal("' OR ''='").error().kind == refused);
    world.clock.set(at(100'000));
    CHECK(world.tokens->find_principal(hash).error().kind == refused);
    world.clock.set(at(0));
    REQUIRE(world.tokens->revoke(token->id, user));
    CHECK(world.tokens->find_principal(hash).error().kind == refused);
    REQUIRE(world.tokens->revoke(token->id, user));
    CHECK(world.tokens->list(user).value().at(0).revoked_at == at(0));
}

TEST_CASE("a token is revoked by its own user only") {
    World world;
    const auto user = world.add_user();
    const auto token = world.tokens->create({.user_id = user, .name = "ci", .hash_hex = hash});
    const auto missing = base::ErrorKind::not_found;
    CHECK(world.tokens->revoke(token->id, world.add_user("b@example.org")).error().kind == missing);
    CHECK(world.tokens->revoke(base::ApiTokenId("x"), user).error().kind == missing);
    CHECK(world.tokens->find_principal(hash));
}

TEST_CASE("a token's last use is noted once a minute") {
    World world;
    const auto user = world.add_user();
    REQUIRE(world.tokens->create({.user_id = user, .name = "ci", .hash_hex = hash}));
    const auto last_use = [&] { return world.tokens->list(user).value().at(0).last_used_at; };
    CHECK(!last_use());
    world.clock.set(at(1'000));
    REQUIRE(world.tokens->find_principal(hash));
    CHECK(last_use() == at(1'000));
    world.clock.set(at(60'000));
    REQUIRE(world.tokens->find_principal(hash));
    CHECK(last_use() == at(1'000));
    world.clock.set(at(62'000));
    REQUIRE(world.tokens->find_principal(hash));
    CHECK(last_use() == at(62'000));
}

}  // namespace hatchery::store
