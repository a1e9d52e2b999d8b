#include "store/account_repository.hpp"

#include "../store/world.hpp"

namespace hatchery::store {

namespace {

using base::ErrorKind;

const std::string hash(64, 'a');
const std::string other_hash(64, 'b');
const std::string third_hash(64, 'c');

struct AccountWorld : World {
    core::SessionLimits limits{.idle = std::chrono::hours(1), .absolute = std::chrono::hours(3)};
    std::unique_ptr<AccountRepository> accounts =
        make_account_repository(pool, clock, random, limits);

    base::Result<User> sign_in(const std::string& subject, const std::string& email,
                               std::optional<UserRole> granted = std::nullopt,
                               const std::string& issuer = "https://a.example") {
        return accounts->sign_in(
            {.issuer = issuer, .subject = subject, .email = email, .name = "Ada"}, granted);
    }
    /// Minutes after the beginning.
    void go_to(int minutes) { clock.set(at(minutes * 60'000LL)); }
};

}  // namespace

TEST_CASE("an account is found by issuer and subject while its address changes") {
    AccountWorld world;
    const auto first = world.sign_in("1", "ada@example.org").value();
    CHECK(first.role == UserRole::user);
    CHECK(first.name == "Ada");
    const auto moved = world.sign_in("1", "ada@new.example").value();
    CHECK(moved.id == first.id);
    CHECK(moved.email == "ada@new.example");
    // The old address is free for somebody else.
    CHECK(world.sign_in("2", "ada@example.org").value().id != first.id);
    // An address that somebody has stays theirs.
    const auto kept = world.sign_in("1", "ADA@example.org").value();
    CHECK(kept.id == first.id);
    CHECK(kept.email == "ada@new.example");
}

TEST_CASE("an identity joins an account that the operator made and nobody has signed in to") {
    AccountWorld world;
    const auto by_command = world.add_user("ops@example.org");
    CHECK(world.sign_in("1", "Ops@example.org").value().id == by_command);
    // The address of somebody who left was given to somebody who came: another person.
    const auto successor = world.sign_in("2", "ops@example.org", UserRole::admin);
    REQUIRE_FALSE(successor);
    CHECK(successor.error().kind == ErrorKind::conflict);
    CHECK(world.sign_in("1", "ops@example.org").value().role == UserRole::user);
    CHECK(world.texts("SELECT count(*)::text FROM identities").at(0) == "1");
    const auto refused = world.sign_in("3", "ops@example.org", {}, "https://b.example");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::conflict);
}

TEST_CASE("an account that was released is whose signs in next with its address") {
    AccountWorld world;
    const auto first = world.sign_in("1", "ada@example.org").value();
    REQUIRE(world.accounts->create_session(first.id, hash));
    REQUIRE(world.accounts->release(first.id));
    CHECK_FALSE(world.accounts->find_session(hash));
    CHECK(world.sign_in("2", "ada@example.org").value().id == first.id);
    CHECK(world.sign_in("1", "ada@example.org").error().kind == ErrorKind::conflict);
}

TEST_CASE("a granted role is given at sign-in and kept after it") {
    AccountWorld world;
    CHECK(world.sign_in("1", "a@example.org").value().role == UserRole::user);
    CHECK(world.sign_in("1", "a@example.org", UserRole::admin).value().role == UserRole::admin);
    CHECK(world.sign_in("1", "a@example.org").value().role == UserRole::admin);
}

TEST_CASE("a pending sign-in is taken once, in its browser, within its time") {
    AccountWorld world;
    const auto begin = [&](const std::string& state) {
        REQUIRE(world.accounts->begin_sign_in({.state_hash = state,
                                               .browser_hash = other_hash,
                                               .return_to = "/bots",
                                               .expires_at = at(600'000)}));
    };
    begin(hash);
    CHECK(world.accounts->take_sign_in(hash, third_hash).error().kind == ErrorKind::not_found);
    CHECK(world.accounts->take_sign_in(third_hash, other_hash).error().kind ==
          ErrorKind::not_found);
    CHECK(world.accounts->take_sign_in(hash, other_hash).value() == "/bots");
    CHECK(world.accounts->take_sign_in(hash, other_hash).error().kind == ErrorKind::not_found);
    begin(hash);
    world.go_to(10);
    CHECK(world.accounts->take_sign_in(hash, other_hash).error().kind == ErrorKind::not_found);
    begin(third_hash);
    begin(hash);
    CHECK(world.texts("SELECT count(*)::text FROM sign_ins").at(0) == "1");
}

TEST_CASE("a session ends unused, at its last hour, and by log-out") {
    AccountWorld world;
    const auto user = world.sign_in("1", "a@example.org").value();
    REQUIRE(world.accounts->create_session(user.id, hash));
    const auto alive = [&](int minutes) {
        world.go_to(minutes);
        const auto found = world.accounts->find_session(hash);
        if (!found) CHECK(found.error().kind == ErrorKind::unauthorized);
        return found.has_value();
    };
    CHECK(alive(59));
    CHECK(alive(118));
    CHECK(alive(177));
    CHECK(alive(179));
    CHECK_FALSE(alive(180));
    world.go_to(200);
    REQUIRE(world.accounts->create_session(user.id, other_hash));
    CHECK_FALSE(world.accounts->find_session(hash));
    world.go_to(260);
    CHECK_FALSE(world.accounts->find_session(other_hash));
    REQUIRE(world.accounts->create_session(user.id, third_hash));
    REQUIRE(world.accounts->end_session(third_hash));
    REQUIRE(world.accounts->end_session(third_hash));
    CHECK_FALSE(world.accounts->find_session(third_hash));
}

TEST_CASE("nothing that a browser or an issuer shows is stored in the clear") {
    AccountWorld world;
    const auto user = world.sign_in("1", "a@example.org").value();
    CHECK_FALSE(world.accounts->create_session(user.id, "not a hash"));
}

}  // namespace hatchery::store
