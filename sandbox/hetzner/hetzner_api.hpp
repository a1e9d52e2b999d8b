#pragma once

#include <chrono>
#include <memory>

#include "sandbox/cloud/api_types.hpp"
#include "sandbox/hosts/fleet.hpp"
#include "sandbox/hosts/log.hpp"

namespace hatchery::sandbox {

struct HetznerOptions {
    /// How long a new server stays `initializing` at least.
    std::chrono::milliseconds boot_delay{0};
    Log log;
};

/// Hetzner's Cloud API v1 over a fleet of hosts, without the HTTP. Every bearer token is a project
/// of its own. Routes, faults and limits: sandbox/README.md. Thread-safe.
class HetznerApi {
public:
    /// `fleet` must outlive the API, which becomes its listener.
    HetznerApi(Fleet& fleet, HetznerOptions options);
    ~HetznerApi();
    HetznerApi(const HetznerApi&) = delete;
    HetznerApi& operator=(const HetznerApi&) = delete;

    /// Answers one call; blocks for as long as a host needs to go when a server is deleted, and for
    /// the latency that the faults ask for.
    ApiAnswer handle(const ApiCall& call);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace hatchery::sandbox
