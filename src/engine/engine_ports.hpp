#pragma once

#include <map>
#include <string>

#include "base/clock.hpp"
#include "base/metrics.hpp"
#include "base/random.hpp"
#include "engine/offer_board.hpp"
#include "ports/alarm_store.hpp"
#include "ports/bot_api.hpp"
#include "ports/cloud_ledger.hpp"
#include "ports/fleet_store.hpp"
#include "ports/hand_servers.hpp"
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
    /// What is kept about provider projects; unset: plans and prices bind nothing, and sweeps
    /// compare only servers.
    ports::CloudLedger* ledger = nullptr;
    /// What providers sell; unset: they are asked each time.
    OfferBoard* offers = nullptr;
    /// Servers by hand; unset: nobody looks after them.
    ports::HandServers* hand_servers = nullptr;
    /// Who is told of trouble with a provider; unset: nobody.
    ports::AlarmStore* alarms = nullptr;
};

}  // namespace hatchery::engine
