#pragma once

#include <chrono>
#include <memory>

#include "sandbox/cloud/api_types.hpp"
#include "sandbox/hosts/fleet.hpp"
#include "sandbox/hosts/log.hpp"

namespace hatchery::sandbox {

struct DigitalOceanOptions {
    /// How long a new Droplet stays `new` at least.
    std::chrono::milliseconds boot_delay{0};
    Log log;
};

/// DigitalOcean's API v2 over a fleet of hosts, without the HTTP. Every bearer token is an account
/// of its own. Routes, faults and limits: sandbox/README.md. Thread-safe.
class DigitalOceanApi {
public:
    /// `fleet` must outlive the API, which becomes its listener.
    DigitalOceanApi(Fleet& fleet, DigitalOceanOptions options);
    ~DigitalOceanApi();
    DigitalOceanApi(const DigitalOceanApi&) = delete;
    DigitalOceanApi& operator=(const DigitalOceanApi&) = delete;

    /// Answers one call; blocks for as long as a host needs to go when a Droplet is deleted, and
    /// for the latency that the faults ask for.
    ApiAnswer handle(const ApiCall& call);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
