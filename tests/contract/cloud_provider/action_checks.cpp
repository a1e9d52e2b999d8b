#include <algorithm>

#include "contract/cloud_provider/contract_checks.hpp"
#include "support/catch.hpp"

// What a provider says of its own tasks.

namespace hatchery::contract {

namespace {

using base::ErrorKind;
using providers::CloudServer;
using providers::CloudServerStatus;

base::Call soon() { return base::Call::within(std::chrono::seconds(60)); }

CloudServer must_create(CloudWorld& world, const std::string& name) {
    auto created = world.provider().create_server(world.plain_request(name), soon());
    if (!created) FAIL("create failed: " << created.error().message);
    return *created;
}

core::CloudAction::State state_of(const std::vector<core::CloudAction>& seen,
                                  const std::string& id) {
    const auto found = std::ranges::find(seen, id, &core::CloudAction::id);
    REQUIRE(found != seen.end());
    return found->state;
}

}  // namespace

void check_actions(CloudWorld& world) {
    auto& provider = world.provider();
    const CloudServer server = must_create(world, "hatchery-acted");
    if (provider.actions_a_request() == 0) {
        CHECK(server.create_actions.empty());
        CHECK(provider.actions({}, soon())->empty());
        return;
    }
    REQUIRE_FALSE(server.create_actions.empty());
    REQUIRE(world.runs_in_time(server.provider_server_id));
    // More than one request takes, most of them unknown.
    auto ids = server.create_actions;
    for (int i = 0; i < 30; ++i) ids.push_back(std::to_string(900'000'000 + i));
    const auto seen = provider.actions(ids, soon());
    if (!seen) FAIL(seen.error().message);
    CHECK(seen->size() == server.create_actions.size());
    for (const auto& id : server.create_actions) {
        CHECK(state_of(*seen, id) == core::CloudAction::State::succeeded);
    }
    CHECK(provider.actions({}, soon())->empty());
    // Only a create's answer names them.
    const auto shown = provider.get_server(server.provider_server_id, soon());
    CHECK((*shown)->create_actions.empty());
    world.refuse_next(Method::actions, 503, "unavailable");
    const auto refused = provider.actions(server.create_actions, soon());
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind == ErrorKind::unavailable);
}

void check_failed_action(CloudWorld& world) {
    const auto expected = world.fail_next_create_action();
    if (!expected) return;
    const CloudServer server = must_create(world, "hatchery-failing");
    REQUIRE(world.comes_to(server.provider_server_id, CloudServerStatus::off));
    const auto seen = world.provider().actions(server.create_actions, soon());
    if (!seen) FAIL(seen.error().message);
    REQUIRE_FALSE(seen->empty());
    const core::CloudAction& failed = seen->front();
    CHECK(failed.state == core::CloudAction::State::failed);
    CHECK(failed.error.kind == expected->kind);
    CHECK(failed.error.code == expected->code);
    CHECK(failed.error.effect == expected->effect);
    CHECK_FALSE(failed.error.message.empty());
    CHECK(world.provider().delete_server(server.provider_server_id, soon()));
}

}  // namespace hatchery::contract
