#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "ports/bot_api.hpp"
#include "ports/fleet_store.hpp"
#include "ports/http_transport.hpp"
#include "ports/job_store.hpp"
#include "ports/release_bundles.hpp"
#include "ports/remote_host.hpp"
#include "ports/secret_box.hpp"
#include "providers/cloud_provider.hpp"

namespace hatchery::engine {

/// Everything the engine reaches the world by. All outlive the engine; all are thread-safe.
struct EnginePorts {
    ports::JobStore& jobs;
    ports::FleetStore& fleet;
    std::map<std::string, providers::CloudProvider*> clouds;
    ports::RemoteHost& hosts;
    ports::BotApi& telegram;
    ports::HttpTransport& http;
    ports::ReleaseBundles& bundles;
    ports::KeyMaker& keys;
    base::Clock& clock;
    base::Random& random;
    /// Where the engine counts what it does; nowhere when unset.
    base::MetricRegistry* metrics = nullptr;
};

}  // namespace hatchery::engine
