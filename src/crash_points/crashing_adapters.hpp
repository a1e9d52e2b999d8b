#pragma once

#include <memory>

#include "crash_points/crash_points.hpp"
#include "ports/bot_api.hpp"
#include "ports/cloud_ledger.hpp"
#include "ports/fleet_store.hpp"
#include "ports/hand_servers.hpp"
#include "ports/http_transport.hpp"
#include "ports/job_store.hpp"
#include "ports/machine_allocations.hpp"
#include "ports/release_bundles.hpp"
#include "ports/remote_host.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::crash_points {

// Each passes its calls on to the first argument, which outlives it, by way of the points.

[[nodiscard]] std::unique_ptr<ports::JobStore> make_crashing_job_store(ports::JobStore& inner,
                                                                       CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::FleetStore> make_crashing_fleet_store(ports::FleetStore& inner,
                                                                           CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::CloudLedger> make_crashing_cloud_ledger(
    ports::CloudLedger& inner, CrashPoints& points);
/// Creates and deletes by hand are the step `by_hand` of the thread that serves the request.
[[nodiscard]] std::unique_ptr<ports::HandServers> make_crashing_hand_servers(
    ports::HandServers& inner, CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::MachineAllocations> make_crashing_machine_allocations(
    ports::MachineAllocations& inner, CrashPoints& points);
[[nodiscard]] std::unique_ptr<providers::CloudProvider> make_crashing_cloud_provider(
    providers::CloudProvider& inner, CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::RemoteHost> make_crashing_remote_host(ports::RemoteHost& inner,
                                                                           CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::BotApi> make_crashing_bot_api(ports::BotApi& inner,
                                                                   CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::HttpTransport> make_crashing_http_transport(
    ports::HttpTransport& inner, CrashPoints& points);
[[nodiscard]] std::unique_ptr<ports::ReleaseBundles> make_crashing_release_bundles(
    ports::ReleaseBundles& inner, CrashPoints& points);

}  // namespace hatchery::crash_points
