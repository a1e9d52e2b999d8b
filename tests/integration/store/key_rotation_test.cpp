#include "store/key_rotation.hpp"

#include <thread>

#include "crypto/key_ring.hpp"
#include "store/secret_rows.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

struct Keys {
    base::Secret old_key = crypto::make_master_key();
    base::Secret new_key = crypto::make_master_key();
    [[nodiscard]] std::unique_ptr<ports::SecretBox> old_ring() const {
        return crypto::make_secret_box(std::vector{old_key}).value();
    }
    [[nodiscard]] std::unique_ptr<ports::SecretBox> both() const {
        return crypto::make_secret_box(std::vector{new_key, old_key}).value();
    }
    [[nodiscard]] std::unique_ptr<ports::SecretBox> new_ring() const {
        return crypto::make_secret_box(std::vector{new_key}).value();
    }
};

ports::SecretRef ref_of(const core::Bot& bot, const std::string& name) {
    return {.owner = ports::SecretOwner::bot, .owner_id = bot.id.text(), .name = name};
}

void write(World& world, ports::SecretBox& box, const ports::SecretRef& ref,
           const std::string& value) {
    REQUIRE(world.pool.run([&](Sql& sql) -> base::Result<void> {
        write_secret(sql, box, ref, base::Secret(value), at(0));
        return {};
    }));
}

std::string read(World& world, ports::SecretBox& box, const ports::SecretRef& ref) {
    return world.pool
        .run([&](Sql& sql) -> base::Result<base::Secret> { return read_secret(sql, box, ref); })
        .value()
        .reveal();
}

void ignore(std::int64_t) {}

}  // namespace

TEST_CASE("a rotation seals everything anew, and then the old key can go") {
    World world;
    const Keys keys;
    const auto old_ring = keys.old_ring();
    std::vector<ports::SecretRef> refs;
    for (int i = 0; i < 450; ++i) {
        refs.push_back(ref_of(world.add_bot(), "telegram_token"));
        write(world, *old_ring, refs.back(), "secret " + std::to_string(i));
    }
    const auto both = keys.both();
    std::int64_t told = 0;
    const auto report =
        rotate_keys(world.pool, *both, world.clock, [&](std::int64_t done) { told = done; });
    REQUIRE(report);
    CHECK(report->resealed == 450);
    CHECK(report->unopened == 0);
    CHECK(told == 450);

    const auto uses = key_uses(world.pool, *both).value();
    REQUIRE(uses.size() == 2);
    CHECK(uses[0].seals);
    CHECK(uses[0].secrets == 450);
    CHECK(uses[1].secrets == 0);
    const auto new_ring = keys.new_ring();
    for (int i = 0; i < 450; ++i) {
        REQUIRE(read(world, *new_ring, refs[static_cast<std::size_t>(i)]) ==
                "secret " + std::to_string(i));
    }
    CHECK(rotate_keys(world.pool, *both, world.clock, ignore).value().resealed == 0);
}

TEST_CASE("a secret that is written while a rotation runs keeps its new value") {
    World world;
    const Keys keys;
    const auto old_ring = keys.old_ring();
    const auto both = keys.both();
    std::vector<ports::SecretRef> refs;
    for (int i = 0; i < 100; ++i) {
        refs.push_back(ref_of(world.add_bot(), "model_api_key"));
        write(world, *old_ring, refs.back(), "old");
    }
    std::jthread writer([&] {
        for (const auto& ref : refs) write(world, *both, ref, "new");
    });
    REQUIRE(rotate_keys(world.pool, *both, world.clock, ignore));
    writer.join();
    const auto new_ring = keys.new_ring();
    for (const auto& ref : refs) REQUIRE(read(world, *new_ring, ref) == "new");
}

TEST_CASE("a secret whose key is missing is left as it is and counted") {
    World world;
    const Keys keys;
    const auto ref = ref_of(world.add_bot(), "telegram_token");
    write(world, *keys.old_ring(), ref, "kept");
    const auto new_ring = keys.new_ring();
    const auto report = rotate_keys(world.pool, *new_ring, world.clock, ignore).value();
    CHECK(report.resealed == 0);
    CHECK(report.unopened == 1);
    CHECK(read(world, *keys.old_ring(), ref) == "kept");
    const auto uses = key_uses(world.pool, *new_ring).value();
    REQUIRE(uses.size() == 2);
    CHECK(!uses[1].present);
    CHECK(uses[1].secrets == 1);
}

TEST_CASE("a wrong or missing key is found at the start") {
    World world;
    const Keys keys;
    CHECK(check_keys(world.pool, *keys.new_ring()));
    const auto ref = ref_of(world.add_bot(), "telegram_token");
    write(world, *keys.old_ring(), ref, "secret");
    CHECK(check_keys(world.pool, *keys.old_ring()));
    CHECK(check_keys(world.pool, *keys.both()));
    const auto missing = check_keys(world.pool, *keys.new_ring());
    REQUIRE(!missing);
    CHECK(missing.error().kind == base::ErrorKind::invalid);
    CHECK(missing.error().message.find("HATCHERY_MASTER_KEY lacks the key") == 0);
    CHECK(!missing.error().next_action.empty());
    // Its name is that of a key in the ring, and still it does not open.
    world.script("UPDATE sealed_secrets SET sealed = 'AAAA'");
    CHECK(check_keys(world.pool, *keys.old_ring()).error().message.find("do not open") !=
          std::string::npos);
}

}  // namespace hatchery::store
