#include "core/ownership.hpp"
#include "store_under_test.hpp"
#include "support/server_plan.hpp"

namespace hatchery::contract {

namespace {

ports::ServerPlan plan_with(const std::string& id) {
    return support::server_plan(base::ServerId(id));
}

const std::string first_id = "019a0000-0000-7000-8000-000000000001";
const std::string second_id = "019a0000-0000-7000-8000-000000000002";

}  // namespace

TEST_CASE("a planned server is a row with a deterministic name and sealed keys") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    CHECK(!store->fleet().server_of(bot.id).value().has_value());
    const auto server =
        store->fleet().plan_server(claimed.lease, bot.id, plan_with(first_id), at(5));
    REQUIRE(server);
    CHECK(server->state == core::ServerState::planned);
    CHECK(server->name == core::server_name(base::ServerId(first_id)));
    CHECK(server->bot_id == bot.id);
    CHECK(server->created_at == at(5));
    CHECK(!server->deployment_id.empty());
    const ports::SecretRef key{ports::SecretOwner::server, first_id,
                               ports::secret_name::client_key};
    CHECK(store->fleet().secret(key).value().reveal() == "client private");
    CHECK(store->fleet().server_of(bot.id).value()->id == server->id);
}

TEST_CASE("planning again answers the server that is there") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    REQUIRE(store->fleet().plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    const auto again =
        store->fleet().plan_server(claimed.lease, bot.id, plan_with(second_id), at(6));
    REQUIRE(again);
    CHECK(again->id.text() == first_id);
    CHECK(store->secrets_of(second_id) == 0);
}

TEST_CASE("fleet writes need a lease that stands") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    REQUIRE(store->fleet().plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    REQUIRE(store->jobs().rescue(at(40'000)).value() == 1);
    auto& fleet = store->fleet();
    const ports::SecretRef ref{ports::SecretOwner::bot, bot.id.text(),
                               ports::secret_name::gateway_token};
    const auto conflict = base::ErrorKind::conflict;
    const base::ServerId server(first_id);
    CHECK(fleet.plan_server(claimed.lease, bot.id, plan_with(second_id), at(6)).error().kind ==
          conflict);
    CHECK(fleet.change_server(claimed.lease, server, {}).error().kind == conflict);
    CHECK(fleet.server_gone(claimed.lease, server, at(7)).error().kind == conflict);
    CHECK(fleet.put_secret(claimed.lease, ref, base::Secret("x")).error().kind == conflict);
    CHECK(fleet.remove_secret(claimed.lease, ref).error().kind == conflict);
}

TEST_CASE("a server's changes leave the rest as it is") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    const base::ServerId id(first_id);
    REQUIRE(fleet.change_server(claimed.lease, id,
                                {.state = core::ServerState::booting,
                                 .provider_server_id = "4711",
                                 .public_ip = "192.0.2.7",
                                 .price_monthly = "4.35",
                                 .price_currency = "EUR"}));
    CHECK(fleet.servers_being_created("hetzner").value().size() == 1);
    CHECK(fleet.servers_being_created("digitalocean").value().empty());
    REQUIRE(fleet.change_server(claimed.lease, id,
                                {.state = core::ServerState::ready, .host_key_rotated = true}));
    const auto server = fleet.server_of(bot.id).value().value();
    CHECK(server.state == core::ServerState::ready);
    CHECK(server.provider_server_id == "4711");
    CHECK(server.public_ip == "192.0.2.7");
    CHECK(server.price_monthly == "4.35");
    CHECK(server.host_key_rotated);
    CHECK(server.host_key == "ssh-ed25519 AAAAhost");
    CHECK(fleet.servers_being_created("hetzner").value().empty());
    CHECK(fleet.servers_alive("hetzner").value().size() == 1);
    CHECK(fleet.servers_alive("digitalocean").value().empty());
    REQUIRE(fleet.server_gone(claimed.lease, id, at(6)));
    CHECK(fleet.servers_alive("hetzner").value().empty());
    CHECK(fleet.change_server(claimed.lease, base::ServerId(second_id), {}).error().kind ==
          base::ErrorKind::not_found);
}

TEST_CASE("an address that comes later is written where none is, for the machine of the row") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    const base::ServerId id(first_id);
    const auto learn = [&](const std::string& machine, const std::string& address) {
        const std::vector<ports::FoundAddress> found = {
            {base::ServerId(second_id), "4712", "192.0.2.8"}, {id, machine, address}};
        REQUIRE(fleet.learn_addresses(found));
        return fleet.server_of(bot.id).value()->public_ip;
    };
    CHECK(learn("4711", "192.0.2.7").empty());
    REQUIRE(fleet.change_server(
        claimed.lease, id,
        {.state = core::ServerState::booting, .provider_server_id = "4711", .public_ip = ""}));
    CHECK(learn("4710", "192.0.2.6").empty());
    CHECK(learn("4711", "192.0.2.7") == "192.0.2.7");
    CHECK(learn("4711", "192.0.2.9") == "192.0.2.7");
    CHECK(fleet.learn_addresses({}));
}

TEST_CASE("what is said of a create is kept for the booting machine of the row") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    const base::ServerId id(first_id);
    CHECK(fleet.server_of(bot.id).value()->create_actions.empty());
    using Standing = core::CreateWord::Standing;
    const auto note = [&](const std::string& machine, const core::CreateWord& word) {
        const std::vector<ports::CreateNews> news = {{base::ServerId(second_id), "4712", word},
                                                     {id, machine, word}};
        REQUIRE(fleet.note_creates(news));
        return fleet.server_of(bot.id).value()->create_word;
    };
    const core::CreateWord running{.standing = Standing::running, .progress_percent = 40};
    CHECK(note("4711", running).standing == Standing::unknown);
    REQUIRE(fleet.change_server(claimed.lease, id,
                                {.state = core::ServerState::booting,
                                 .provider_server_id = "4711",
                                 .create_actions = std::vector<std::string>{"71", "72"}}));
    CHECK(fleet.server_of(bot.id).value()->create_actions == std::vector<std::string>{"71", "72"});
    CHECK(fleet.servers_being_created("hetzner").value().at(0).create_actions.size() == 2);
    CHECK(note("4710", running).standing == Standing::unknown);
    CHECK(note("4711", running).progress_percent == 40);
    core::CreateWord failed{.standing = Standing::failed};
    failed.error.kind = base::ErrorKind::out_of_stock;
    failed.error.code = "resource_unavailable";
    failed.error.message = "no room, \"really\"";
    const auto kept = note("4711", failed);
    CHECK(kept.standing == Standing::failed);
    CHECK(kept.error.kind == base::ErrorKind::out_of_stock);
    CHECK(kept.error.code == "resource_unavailable");
    CHECK(kept.error.message == failed.error.message);
    CHECK(note("4711", {}).standing == Standing::unknown);
    CHECK(fleet.note_creates({}));
}

TEST_CASE("a server that is gone ends its deployment and takes its secrets along") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    CHECK(store->secrets_of(first_id) == 2);
    REQUIRE(fleet.server_gone(claimed.lease, base::ServerId(first_id), at(50)));
    CHECK(!fleet.server_of(bot.id).value().has_value());
    CHECK(store->secrets_of(first_id) == 0);
    // The bot may have another one now.
    const auto next = fleet.plan_server(claimed.lease, bot.id, plan_with(second_id), at(60));
    REQUIRE(next);
    CHECK(next->id.text() == second_id);
}

TEST_CASE("secrets are put, replaced and removed") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    const ports::SecretRef ref{ports::SecretOwner::bot, bot.id.text(),
                               ports::secret_name::gateway_token};
    auto& fleet = store->fleet();
    CHECK(fleet.secret(ref).error().kind == base::ErrorKind::not_found);
    REQUIRE(fleet.put_secret(claimed.lease, ref, base::Secret("one")));
    REQUIRE(fleet.put_secret(claimed.lease, ref, base::Secret("two")));
    CHECK(fleet.secret(ref).value().reveal() == "two");
    REQUIRE(fleet.remove_secret(claimed.lease, ref));
    REQUIRE(fleet.remove_secret(claimed.lease, ref));
    CHECK(fleet.secret(ref).error().kind == base::ErrorKind::not_found);
}

TEST_CASE("a deleted bot frees its Telegram bot and leaves no secret") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    store->add_secret(bot.id, ports::secret_name::telegram_token, "123:abc");
    const auto claimed = start_and_claim(*store, bot);
    REQUIRE(store->fleet().plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    ports::Transition end{.now = at(100), .operation_end = core::OperationState::succeeded};
    end.bot.status = core::BotStatus::stopped;
    end.bot.deleted = true;
    REQUIRE(store->jobs().apply(claimed, end).value().accepted);
    CHECK(store->bot_row(bot.id).telegram_bot_id == 0);
    CHECK(store->secrets_of(bot.id.text()) == 0);
    CHECK(store->secrets_of(first_id) == 0);
    CHECK(store->fleet().bot(bot.id).error().kind == base::ErrorKind::not_found);
    CHECK(store->jobs().start_operation(deploy_of(bot)).error().kind == base::ErrorKind::not_found);
    // The machine was not proven gone: the reaper has to look.
    CHECK(store->fleet().servers_left_behind(at(200)).value().size() == 1);
}

TEST_CASE("servers are left behind when no operation works on them and they are not in use") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    const base::ServerId id(first_id);
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    REQUIRE(fleet.change_server(claimed.lease, id, {.state = core::ServerState::creating}));
    CHECK(fleet.servers_left_behind(at(10)).value().empty());
    CHECK(fleet.left_behind_gone(id, at(10)).error().kind == base::ErrorKind::conflict);

    ports::Transition give_up{.now = at(100),
                              .job_state = core::JobState::failed,
                              .operation_end = core::OperationState::failed};
    REQUIRE(store->jobs().apply(claimed, give_up).value().accepted);
    REQUIRE(fleet.servers_left_behind(at(110)).value().size() == 1);
    REQUIRE(fleet.left_behind_gone(id, at(120)));
    REQUIRE(fleet.left_behind_gone(id, at(121)));
    CHECK(fleet.servers_left_behind(at(130)).value().empty());
    CHECK(!fleet.server_of(bot.id).value().has_value());
    CHECK(fleet.left_behind_gone(base::ServerId(second_id), at(1)).error().kind ==
          base::ErrorKind::not_found);
}

TEST_CASE("a chat does not keep a server that is left behind") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    REQUIRE(fleet.change_server(claimed.lease, base::ServerId(first_id),
                                {.state = core::ServerState::booting}));
    REQUIRE(store->jobs()
                .apply(claimed, {.now = at(9),
                                 .job_state = core::JobState::failed,
                                 .operation_end = core::OperationState::failed})
                .value()
                .accepted);
    auto chat = deploy_of(bot);
    chat.kind = core::OperationKind::chat;
    chat.now = at(10);
    REQUIRE(store->jobs().start_operation(chat));
    CHECK(fleet.servers_left_behind(at(11)).value().size() == 1);
}

TEST_CASE("a server that was given up is the reaper's: its bot has none, and may get another") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    const base::ServerId id(first_id);
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    REQUIRE(fleet.change_server(claimed.lease, id, {.state = core::ServerState::ready}));
    // While the operation lives the server is its own.
    CHECK(fleet.condemn_left_behind(id, "4711", at(10)).error().kind == base::ErrorKind::conflict);
    ports::Transition give_up{.now = at(100),
                              .job_state = core::JobState::failed,
                              .operation_end = core::OperationState::failed};
    give_up.bot.abandons_server = true;
    REQUIRE(store->jobs().apply(claimed, give_up).value().accepted);
    // Nobody can build on a server that its teardown may have begun to remove.
    CHECK(!fleet.server_of(bot.id).value().has_value());
    REQUIRE(fleet.servers_left_behind(at(105)).value().size() == 1);
    CHECK(store->jobs()
              .start_operation({.bot_id = bot.id,
                                .user_id = bot.user_id,
                                .kind = core::OperationKind::start,
                                .now = at(106),
                                .deadline_at = at(3'600'000)})
              .error()
              .kind == base::ErrorKind::conflict);
    REQUIRE(fleet.condemn_left_behind(id, "4711", at(110)));
    REQUIRE(fleet.condemn_left_behind(id, "4711", at(111)));
    CHECK(!fleet.server_of(bot.id).value().has_value());

    // What begins now has nothing to do with it, and does not keep the reaper from its work.
    auto again = deploy_of(bot);
    again.now = at(120);
    REQUIRE(store->jobs().start_operation(again));
    const auto next = store->jobs().claim(claim_at(at(120))).value().front();
    REQUIRE(fleet.plan_server(next.lease, bot.id, plan_with(second_id), at(121)));
    const auto left = fleet.servers_left_behind(at(130)).value();
    REQUIRE(left.size() == 1);
    CHECK(left.front().id == id);
    CHECK(left.front().state == core::ServerState::deleting);
    CHECK(left.front().provider_server_id == "4711");
    REQUIRE(fleet.condemn_left_behind(id, "4711", at(131)));
    REQUIRE(fleet.left_behind_gone(id, at(140)));
    CHECK(fleet.servers_left_behind(at(150)).value().empty());
    CHECK(fleet.server_of(bot.id).value()->id.text() == second_id);
    CHECK(fleet.condemn_left_behind(id, "4711", at(160)).error().kind == base::ErrorKind::conflict);
}

TEST_CASE("a server in use cannot be condemned") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    const base::ServerId id(first_id);
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    REQUIRE(fleet.change_server(claimed.lease, id, {.state = core::ServerState::ready}));
    REQUIRE(store->jobs()
                .apply(claimed, {.now = at(9), .operation_end = core::OperationState::succeeded})
                .value()
                .accepted);
    CHECK(fleet.condemn_left_behind(id, "4711", at(10)).error().kind == base::ErrorKind::conflict);
    CHECK(fleet.condemn_left_behind(base::ServerId(second_id), "1", at(10)).error().kind ==
          base::ErrorKind::not_found);
    CHECK(fleet.server_of(bot.id).value()->state == core::ServerState::ready);
}

TEST_CASE("a server in use is not left behind") {
    const auto store = make_store(backends());
    const auto bot = store->add_bot();
    const auto claimed = start_and_claim(*store, bot);
    auto& fleet = store->fleet();
    REQUIRE(fleet.plan_server(claimed.lease, bot.id, plan_with(first_id), at(5)));
    REQUIRE(fleet.change_server(claimed.lease, base::ServerId(first_id),
                                {.state = core::ServerState::ready}));
    REQUIRE(store->jobs()
                .apply(claimed, {.now = at(9), .operation_end = core::OperationState::succeeded})
                .value()
                .accepted);
    CHECK(fleet.servers_left_behind(at(10)).value().empty());
}

TEST_CASE("one leads, and another can when the first lets go") {
    const auto store = make_store(backends());
    auto first = store->fleet().try_lead("reaper");
    REQUIRE(first);
    REQUIRE(*first);
    CHECK((*first)->held());
    CHECK(store->fleet().try_lead("reaper").value() == nullptr);
    CHECK(store->fleet().try_lead("poller").value() != nullptr);
    first->reset();
    CHECK(store->fleet().try_lead("reaper").value() != nullptr);
}

}  // namespace hatchery::contract
