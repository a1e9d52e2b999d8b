#pragma once

#include "crypto/key_ring.hpp"
#include "engine/engine_ports.hpp"
#include "simulation/support/fixed_bundle.hpp"
#include "support/fake_bot_api.hpp"
#include "support/fake_http_transport.hpp"
#include "support/fake_job_store.hpp"
#include "support/fake_remote_host.hpp"

namespace hatchery::support {

/// The ports that must be there for an engine's part that does not use them.
struct UnusedPorts {
    simulation::VirtualClock clock;
    simulation::SeededRandom random{1};
    FakeDatabase database{clock, random};
    FakeJobStore jobs{database};
    FakeRemoteHost hosts{clock};
    FakeBotApi telegram;
    FakeHttpTransport http;
    simulation::FixedBundle bundles;
    std::unique_ptr<ports::KeyMaker> keys = crypto::make_key_maker();

    engine::EnginePorts ports(ports::FleetStore& fleet, base::Clock& a_clock,
                              base::Random& a_random) {
        return {.jobs = jobs,
                .fleet = fleet,
                .clouds = {},
                .hosts = hosts,
                .telegram = telegram,
                .http = http,
                .bundles = bundles,
                .keys = *keys,
                .clock = a_clock,
                .random = a_random};
    }
};

}  // namespace hatchery::support
