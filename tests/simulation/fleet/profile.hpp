#pragma once

#include "base/clock.hpp"
#include "simulation/support/seeded_random.hpp"

namespace hatchery::simulation {

/// What one seed's world is like. Every seed has other faults and other rates, so that rare
/// combinations are not drowned by common ones. Rates are per mille of port calls or of events.
struct Profile {
    int installations = 1;
    int processes = 2;
    int bots = 3;
    int events = 300;

    int crash = 0;
    int interleave = 0;
    /// Of the interleavings, how many last longer than a lease, per mille.
    int freeze = 0;
    int refuse = 0;
    int lose = 0;
    int final_error = 0;
    /// Of the script runs.
    int script_fault = 0;

    int user = 40;
    /// Of what users do.
    int chat = 0;
    int late_create = 0;
    int kill = 0;
    int drain = 0;
    int outage = 0;
    int cloud_trouble = 0;
    int host_trouble = 0;
    int clock_jump = 0;
    int leadership_cut = 0;

    /// Servers of the smallest type that the operator allows to cost at once; zero: any number.
    int ceiling_servers = 0;
    /// The provider's names are not unique, and addresses come late.
    bool like_digitalocean = false;
    /// What the project may ask in an hour, and creates at once.
    int requests_an_hour = 3'600;
    int creates_at_once = 20;
    base::Milliseconds teardown_limit{300'000};
    base::Milliseconds stray_grace{600'000};
    base::Milliseconds boot_time{8'000};
    base::Milliseconds delete_time{0};
    /// How often a process renews its leases, relative to its other duties; rarely means that
    /// leases run out while their workers still run.
    int renew_weight = 8;
};

[[nodiscard]] Profile draw_profile(SeededRandom& random);

}  // namespace hatchery::simulation
