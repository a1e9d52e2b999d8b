// The lists in the CHECKs of the database are those of the C++ enumerations.
#include <algorithm>
#include <regex>

#include "core/alarms.hpp"
#include "core/bot.hpp"
#include "core/event.hpp"
#include "core/job.hpp"
#include "core/operation.hpp"
#include "core/server.hpp"
#include "core/subscription.hpp"
#include "core/worker.hpp"
#include "ports/machine_allocations.hpp"
#include "store/audit_log.hpp"
#include "store/secret_rows.hpp"
#include "world.hpp"

namespace hatchery::store {

namespace {

/// The texts in quotes of a constraint's definition, sorted.
std::vector<std::string> allowed_by(World& world, const std::string& constraint) {
    const auto definitions = world.texts(
        "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = '" + constraint + "'");
    REQUIRE(definitions.size() == 1);
    static const std::regex quoted("'([^']*)'");
    std::vector<std::string> names;
    for (auto match = std::sregex_iterator(definitions[0].begin(), definitions[0].end(), quoted);
         match != std::sregex_iterator(); ++match) {
        names.push_back((*match)[1]);
    }
    std::ranges::sort(names);
    return names;
}

template <typename E>
std::vector<std::string> names_of() {
    std::vector<std::string> names;
    for (const auto& [value, name] : base::EnumNames<E>::names) names.emplace_back(name);
    std::ranges::sort(names);
    return names;
}

}  // namespace

TEST_CASE("every enumeration in the database has exactly the names of its C++ type") {
    World world;
    CHECK(allowed_by(world, "users_role_check") == names_of<UserRole>());
    CHECK(allowed_by(world, "audit_log_actor_check") == names_of<AuditActor>());
    CHECK(allowed_by(world, "bots_telegram_mode_check") == names_of<core::TelegramMode>());
    CHECK(allowed_by(world, "bots_status_check") == names_of<core::BotStatus>());
    CHECK(allowed_by(world, "bots_condition_check") == names_of<core::BotCondition>());
    CHECK(allowed_by(world, "machine_allocations_state_check") ==
          names_of<ports::AllocationState>());
    CHECK(allowed_by(world, "servers_state_check") == names_of<core::ServerState>());
    CHECK(allowed_by(world, "operations_kind_check") == names_of<core::OperationKind>());
    CHECK(allowed_by(world, "operations_state_check") == names_of<core::OperationState>());
    CHECK(allowed_by(world, "operations_phase_check") == names_of<core::OperationPhase>());
    CHECK(allowed_by(world, "jobs_step_check") == names_of<core::StepKind>());
    // Of the others a job is in the list of those that ended.
    CHECK(allowed_by(world, "jobs_state_check") ==
          std::vector<std::string>{"available", "running", "waiting"});
    CHECK(allowed_by(world, "events_type_check") == names_of<core::EventType>());
    CHECK(allowed_by(world, "events_level_check") == names_of<core::EventLevel>());
    CHECK(allowed_by(world, "events_step_check") == names_of<core::StepKind>());
    CHECK(allowed_by(world, "events_stream_check") == names_of<core::EventStream>());
    CHECK(allowed_by(world, "webhook_inbox_state_check") == names_of<InboxState>());
    CHECK(allowed_by(world, "workers_role_check") == names_of<core::WorkerRole>());
    CHECK(allowed_by(world, "alarms_kind_check") == names_of<core::AlarmKind>());
    CHECK(allowed_by(world, "subscriptions_plan_check") == names_of<core::PlanName>());
    CHECK(allowed_by(world, "subscriptions_status_check") == names_of<core::SubscriptionStatus>());
    CHECK(allowed_by(world, "subscriptions_stage_check") == names_of<core::BillingStage>());
    CHECK(allowed_by(world, "sealed_secrets_owner_check") == names_of<ports::SecretOwner>());
}

TEST_CASE("the installation has an id of its own") {
    World world;
    World other;
    const auto id = world.fleet->installation().value();
    CHECK(base::is_uuid(id.text()));
    CHECK(world.fleet->installation().value() == id);
}

}  // namespace hatchery::store
