#include "store/recent_principals.hpp"

#include <thread>

#include "world.hpp"

namespace hatchery::store {

namespace {

const std::string hash(64, 'a');
constexpr auto recent = Freshness::recent;

/// A process: its own memory of principals, beside others on the same database.
struct Process {
    explicit Process(World& world)
        : notifications(make_notifications(world.database->url())),
          tokens(
              make_recent_principals(make_token_repository(world.pool, world.clock, world.random),
                                     *notifications, world.clock, base::Milliseconds(1'000))) {
        wait_for([&] { return notifications->listening(); });
    }

    template <typename Condition>
    static void wait_for(Condition&& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        while (!condition() && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::yield();
        }
        REQUIRE(condition());
    }

    std::unique_ptr<Notifications> notifications;
    std::unique_ptr<TokenRepository> tokens;
};

/// Changes the row without a word, as if the NOTIFY were lost.
void revoke_in_silence(World& world) {
    REQUIRE(world.pool.transact([](Sql& sql) -> base::Result<void> {
        sql.script(
            "SET LOCAL session_replication_role = replica;"
            "UPDATE api_tokens SET revoked_at = now()");
        return {};
    }));
}

}  // namespace

TEST_CASE("whom a token stands for is kept for a moment, for readers only") {
    World world;
    Process process(world);
    const auto user = world.add_user();
    REQUIRE(process.tokens->create({.user_id = user, .name = "ci", .hash_hex = hash}));
    REQUIRE(process.tokens->find_principal(hash, recent));
    revoke_in_silence(world);
    CHECK(process.tokens->find_principal(hash, recent));
    CHECK_FALSE(process.tokens->find_principal(hash, Freshness::current));
    world.clock.set(at(999));
    CHECK(process.tokens->find_principal(hash, recent));
    world.clock.set(at(1'000));
    CHECK_FALSE(process.tokens->find_principal(hash, recent));
}

TEST_CASE("a token that ends meanwhile is not kept beyond its end") {
    World world;
    Process process(world);
    REQUIRE(process.tokens->create(
        {.user_id = world.add_user(), .name = "ci", .hash_hex = hash, .expires_at = at(500)}));
    REQUIRE(process.tokens->find_principal(hash, recent));
    world.clock.set(at(500));
    CHECK_FALSE(process.tokens->find_principal(hash, recent));
}

TEST_CASE("a revocation holds at once where it is made, and as soon as it is told elsewhere") {
    World world;
    Process here(world);
    Process there(world);
    const auto user = world.add_user();
    const auto token = here.tokens->create({.user_id = user, .name = "ci", .hash_hex = hash});
    REQUIRE(here.tokens->find_principal(hash, recent));
    REQUIRE(there.tokens->find_principal(hash, recent));
    REQUIRE(here.tokens->revoke(token->id, user));
    CHECK_FALSE(here.tokens->find_principal(hash, recent));
    Process::wait_for([&] { return !there.tokens->find_principal(hash, recent); });
}

TEST_CASE("a role that is taken away by hand is told to all processes") {
    World world;
    Process process(world);
    const auto user = process.tokens->get_or_create_user("ada@example.org", UserRole::admin);
    REQUIRE(process.tokens->create({.user_id = user->id, .name = "ci", .hash_hex = hash}));
    CHECK(process.tokens->find_principal(hash, recent)->role == UserRole::admin);
    REQUIRE(world.pool.run([](Sql& sql) -> base::Result<void> {
        sql.script("UPDATE users SET role = 'user'");
        return {};
    }));
    Process::wait_for(
        [&] { return process.tokens->find_principal(hash, recent)->role == UserRole::user; });
}

}  // namespace hatchery::store
