#pragma once

#include <map>
#include <memory>
#include <string>

#include "crash_points/crash_points.hpp"
#include "engine/engine.hpp"
#include "engine/engine_ports.hpp"

namespace hatchery::crash_points {

/// The engine's ports with a crash point before each call, and one after each call that changes
/// something outside. Without any variable of CrashSettings they only pass calls on.
///
/// Between two port calls of a step nothing outside the process changes, so these are all places
/// at which a death can make a difference.
class CrashPorts {
public:
    /// `points` outlives it.
    CrashPorts(const engine::EnginePorts& inner, CrashPoints& points);
    ~CrashPorts();
    CrashPorts(const CrashPorts&) = delete;
    CrashPorts& operator=(const CrashPorts&) = delete;

    [[nodiscard]] engine::EnginePorts ports() const;
    /// engine::run_step, telling the points which step this thread runs.
    [[nodiscard]] engine::RunStep run_step();

private:
    engine::EnginePorts inner_;
    CrashPoints& points_;
    std::unique_ptr<ports::JobStore> jobs_;
    std::unique_ptr<ports::FleetStore> fleet_;
    std::map<std::string, std::unique_ptr<providers::CloudProvider>> clouds_;
    std::unique_ptr<ports::CloudLedger> ledger_;
    std::unique_ptr<ports::HandServers> hand_servers_;
    std::unique_ptr<ports::RemoteHost> hosts_;
    std::unique_ptr<ports::BotApi> telegram_;
    std::unique_ptr<ports::HttpTransport> http_;
    std::unique_ptr<ports::ReleaseBundles> bundles_;
};

}  // namespace hatchery::crash_points
