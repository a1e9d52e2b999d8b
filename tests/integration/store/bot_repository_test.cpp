#include "store/bot_repository.hpp"

#include "ports/fleet_store.hpp"
#include "world.hpp"

namespace hatchery::store {

TEST_CASE("a bot is stored with its secrets sealed") {
    World world;
    auto wanted = world.new_bot(world.add_user());
    wanted.model_base_url = "http://127.0.0.1:9/v1";
    wanted.telegram_mode = core::TelegramMode::polling;
    wanted.allowed_telegram_user_ids = {11, -22};
    const auto bot = world.bots->create(
        wanted, {{ports::secret_name::telegram_token, base::Secret("7001:token")},
                 {ports::secret_name::webhook_secret, base::Secret("hook")}});
    REQUIRE(bot);
    CHECK(base::is_uuid(bot->id.text()));
    CHECK(bot->public_id.size() == 20);
    CHECK(bot->status == core::BotStatus::pending);
    CHECK(bot->created_at == at(0));
    CHECK(bot->allowed_telegram_user_ids == std::vector<std::int64_t>{11, -22});
    const ports::SecretRef ref{ports::SecretOwner::bot, bot->id.text(),
                               ports::secret_name::telegram_token};
    CHECK(world.fleet->secret(ref).value().reveal() == "7001:token");
    CHECK(
        world.texts("SELECT sealed FROM sealed_secrets WHERE sealed LIKE '%7001:token%'").empty());

    const auto found = world.bots->find(bot->id, bot->user_id).value();
    CHECK(found.name == "Ada's bot");
    CHECK(found.telegram_mode == core::TelegramMode::polling);
    CHECK(found.model_base_url == wanted.model_base_url);
    CHECK(world.bots->find_by_public_id(bot->public_id).value().id == bot->id);
}

TEST_CASE("a sealed text that was moved to another row does not open") {
    World world;
    const auto user = world.add_user();
    const auto one = world.bots->create(
        world.new_bot(user), {{ports::secret_name::telegram_token, base::Secret("one")}});
    const auto two = world.bots->create(
        world.new_bot(user), {{ports::secret_name::telegram_token, base::Secret("two")}});
    world.script(
        "UPDATE sealed_secrets SET sealed = (SELECT sealed FROM sealed_secrets "
        "WHERE owner_id = '" +
        one->id.text() + "') WHERE owner_id = '" + two->id.text() + "'");
    CHECK(
        world.fleet
            ->secret({ports::SecretOwner::bot, two->id.text(), ports::secret_name::telegram_token})
            .error()
            .kind == base::ErrorKind::internal);
}

TEST_CASE("a Telegram bot belongs to one living bot") {
    World world;
    const auto user = world.add_user();
    const auto wanted = world.new_bot(user);
    const auto first = world.bots->create(wanted, {});
    REQUIRE(first);
    CHECK(world.bots->telegram_bot_in_use(wanted.telegram_bot_id).value());
    CHECK(!world.bots->telegram_bot_in_use(42).value());

    const auto second =
        world.bots->create(wanted, {{ports::secret_name::telegram_token, base::Secret("x")}});
    REQUIRE(!second);
    CHECK(second.error().kind == base::ErrorKind::conflict);
    CHECK(second.error().code == "token_conflict");
    CHECK(world.texts("SELECT name FROM sealed_secrets").empty());

    const auto other = world.bots->create(world.new_bot(user), {});
    BotSettings settings;
    settings.telegram_bot_id = wanted.telegram_bot_id;
    CHECK(world.bots->update(other->id, user, settings).error().code == "token_conflict");
    CHECK(world.bots->update(first->id, user, settings));
}

TEST_CASE("somebody else's bot, a deleted one and nonsense are not found") {
    World world;
    const auto bot = world.add_bot();
    const auto stranger = world.add_user("b@example.org");
    const auto missing = base::ErrorKind::not_found;
    CHECK(world.bots->find(bot.id, stranger).error().kind == missing);
    CHECK(world.bots->deployment(bot.id, stranger).error().kind == missing);
    CHECK(world.bots->update(bot.id, stranger, {}).error().kind == missing);
    CHECK(world.bots->find(base::BotId("' OR 1=1"), std::nullopt).error().kind == missing);
    CHECK(world.bots->find(base::BotId(""), std::nullopt).error().kind == missing);
    CHECK(world.bots->find_by_public_id(std::string("a\0b\xff", 4)).error().kind == missing);
    CHECK(world.bots->find(bot.id, std::nullopt));
    world.script("UPDATE bots SET deleted_at = now(), telegram_bot_id = NULL");
    CHECK(world.bots->find(bot.id, bot.user_id).error().kind == missing);
    CHECK(world.bots->find_by_public_id(bot.public_id).error().kind == missing);
    CHECK(world.bots->list(bot.user_id, std::nullopt, 10).value().items.empty());
}

TEST_CASE("a list goes page by page from the newest bot, whatever is added meanwhile") {
    World world;
    const auto user = world.add_user();
    std::vector<std::string> made;
    for (int i = 0; i < 5; ++i) {
        world.clock.set(at(i * 10));
        made.push_back(world.bots->create(world.new_bot(user), {}).value().id.text());
    }
    (void)world.bots->create(world.new_bot(world.add_user("b@example.org")), {}).value();
    const auto first = world.bots->list(user, std::nullopt, 2).value();
    REQUIRE(first.items.size() == 2);
    CHECK(first.items[0].id.text() == made[4]);
    REQUIRE(first.next);
    world.clock.set(at(1000));
    (void)world.bots->create(world.new_bot(user), {}).value();
    const auto second = world.bots->list(user, first.next, 2).value();
    CHECK(second.items[0].id.text() == made[2]);
    const auto third = world.bots->list(user, second.next, 2).value();
    CHECK(third.items.size() == 1);
    CHECK(!third.next);
    CHECK(world.bots->list(std::nullopt, std::nullopt, 50).value().items.size() == 7);
    CHECK(world.bots->list(user, "nonsense", 2).error().kind == base::ErrorKind::invalid);
}

TEST_CASE("settings change what they name and leave the rest") {
    World world;
    const auto bot = world.add_bot();
    world.clock.set(at(500));
    BotSettings settings;
    settings.name = "Böt \xF0\x9F\xA5\x9A";
    settings.allowed_telegram_user_ids = std::vector<std::int64_t>{5};
    settings.secrets.emplace_back(ports::secret_name::model_api_key, base::Secret("key"));
    const auto changed = world.bots->update(bot.id, bot.user_id, settings);
    REQUIRE(changed);
    CHECK(changed->name == *settings.name);
    CHECK(changed->model == bot.model);
    CHECK(changed->telegram_bot_id == bot.telegram_bot_id);
    CHECK(changed->allowed_telegram_user_ids == std::vector<std::int64_t>{5});
    CHECK(changed->updated_at == at(500));
    const ports::SecretRef key{ports::SecretOwner::bot, bot.id.text(),
                               ports::secret_name::model_api_key};
    CHECK(world.fleet->secret(key).value().reveal() == "key");

    BotSettings without;
    without.allowed_telegram_user_ids = std::vector<std::int64_t>{};
    without.removed_secrets = {ports::secret_name::model_api_key};
    CHECK(
        world.bots->update(bot.id, bot.user_id, without).value().allowed_telegram_user_ids.empty());
    CHECK(world.fleet->secret(key).error().kind == base::ErrorKind::not_found);
}

TEST_CASE(
    "a bot that becomes another Telegram bot keeps neither secret nor updates of the old one") {
    World world;
    const auto bot = world.bots
                         ->create(world.new_bot(world.add_user()),
                                  {{ports::secret_name::webhook_secret, base::Secret("old")}})
                         .value();
    const ports::SecretRef hook{ports::SecretOwner::bot, bot.id.text(),
                                ports::secret_name::webhook_secret};
    const auto update_to = [&](std::int64_t telegram_bot_id, const char* secret) {
        BotSettings settings;
        settings.telegram_bot_id = telegram_bot_id;
        settings.secrets_of_another_telegram_bot.emplace_back(ports::secret_name::webhook_secret,
                                                              base::Secret(secret));
        REQUIRE(world.bots->update(bot.id, bot.user_id, settings));
    };
    const auto store_from = [&](std::int64_t telegram_bot_id) {
        return world.inbox->store({.bot_id = bot.id,
                                   .update_id = 1,
                                   .telegram_bot_id = telegram_bot_id,
                                   .body = "{}",
                                   .received_at = at(1)});
    };
    const auto stored = [&] { return world.texts("SELECT update_id::text FROM webhook_inbox"); };
    CHECK(store_from(bot.telegram_bot_id).value() == Stored::stored);

    update_to(bot.telegram_bot_id, "not taken");
    CHECK(world.fleet->secret(hook).value().reveal() == "old");
    CHECK(stored().size() == 1);

    update_to(42, "fresh");
    CHECK(world.fleet->secret(hook).value().reveal() == "fresh");
    CHECK(stored().empty());
    // A post that was let in just before comes too late.
    CHECK(store_from(bot.telegram_bot_id).error().kind == base::ErrorKind::not_found);
    CHECK(store_from(42).value() == Stored::stored);
}

}  // namespace hatchery::store
