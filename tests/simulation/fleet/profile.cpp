#include "simulation/fleet/profile.hpp"

namespace hatchery::simulation {

namespace {

/// A rate up to `most`, or none at all in four of ten seeds.
int rate(SeededRandom& random, int most) {
    return random.chance(400) ? 0 : random.between(1, most);
}

}  // namespace

Profile draw_profile(SeededRandom& random) {
    Profile profile;
    profile.installations = random.chance(300) ? 2 : 1;
    profile.processes = random.between(1, 3);
    profile.bots = random.between(1, 4);
    profile.events = random.between(200, 1'000);
    profile.crash = rate(random, 12);
    profile.interleave = rate(random, 60);
    profile.freeze = rate(random, 300);
    profile.refuse = rate(random, 60);
    profile.lose = rate(random, 40);
    profile.final_error = rate(random, 4);
    profile.script_fault = rate(random, 250);
    profile.user = random.between(10, 60);
    profile.kill = rate(random, 15);
    profile.drain = rate(random, 15);
    profile.outage = rate(random, 8);
    profile.cloud_trouble = rate(random, 25);
    profile.host_trouble = rate(random, 25);
    profile.clock_jump = rate(random, 12);
    profile.leadership_cut = rate(random, 25);
    profile.teardown_limit = base::Milliseconds(random.between(60, 300) * 1'000);
    profile.boot_time = base::Milliseconds(random.between(1, 25) * 1'000);
    profile.delete_time =
        base::Milliseconds(random.chance(500) ? 0 : random.between(1, 20) * 1'000);
    profile.renew_weight = random.between(0, 12);
    profile.chat = rate(random, 900);
    profile.late_create = rate(random, 300);
    profile.stray_grace = base::Milliseconds(random.between(60, 900) * 1'000);
    if (random.chance(400)) profile.ceiling_servers = random.between(1, 4);
    profile.like_digitalocean = random.chance(300);
    profile.requests_an_hour = random.chance(500) ? 3'600 : random.between(900, 2'400);
    profile.creates_at_once = random.chance(500) ? 20 : random.between(1, 3);
    return profile;
}

}  // namespace hatchery::simulation
