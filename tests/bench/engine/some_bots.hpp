#pragma once

#include <vector>

#include "bench_world.hpp"
#include "ports/job_store.hpp"

namespace hatchery::bench {

/// A bot and its owner.
struct OwnedBot {
    base::BotId id;
    base::UserId user;
};

/// The first thousand bots that tests/bench/sql has made.
[[nodiscard]] inline std::vector<OwnedBot> some_bots(BenchWorld& world) {
    return must(world.database->run([](store::Sql& sql) -> base::Result<std::vector<OwnedBot>> {
        std::vector<OwnedBot> bots;
        const auto rows = sql.query("SELECT id, user_id FROM bots ORDER BY id LIMIT 1000");
        for (std::size_t i = 0; i < rows.size(); ++i) {
            bots.push_back({.id = rows[i].id<base::BotId>(0), .user = rows[i].id<base::UserId>(1)});
        }
        if (bots.empty()) return base::fail(base::ErrorKind::not_found, "There are no bots.");
        return bots;
    }));
}

[[nodiscard]] inline ports::NewOperation chat_with(BenchWorld& world, const OwnedBot& bot) {
    const auto now = world.clock.now();
    return {.bot_id = bot.id,
            .user_id = bot.user,
            .kind = core::OperationKind::chat,
            .now = now,
            .deadline_at = now + std::chrono::hours(1),
            .payload = R"({"message": "Hello"})"};
}

}  // namespace hatchery::bench
