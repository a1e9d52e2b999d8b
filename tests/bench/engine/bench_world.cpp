#include "bench_world.hpp"

#include <stdexcept>

#include "crypto/key_ring.hpp"
#include "store/pg_fleet_store.hpp"
#include "store/pg_job_store.hpp"

namespace hatchery::bench {

void give_up(const base::Error& error) {
    throw std::runtime_error(error.message + (error.code.empty() ? "" : " (" + error.code + ")"));
}

BenchWorld::BenchWorld(const base::Secret& url, std::chrono::milliseconds boot_time)
    : database(must(store::make_database(url, 16))),
      notifications(store::make_notifications(url)),
      jobs(store::make_pg_job_store(*database, random, *notifications)),
      fleet(store::make_pg_fleet_store(*database, box, clock, random)),
      keys(crypto::make_key_maker()),
      cloud(clock, {.boot_time = boot_time}),
      hosts(clock) {}

engine::EnginePorts BenchWorld::ports(ports::RemoteHost& remote_hosts) {
    return {.jobs = *jobs,
            .fleet = *fleet,
            .clouds = {{"hetzner", &cloud}},
            .hosts = remote_hosts,
            .telegram = telegram,
            .http = http,
            .bundles = bundles,
            .keys = *keys,
            .clock = clock,
            .random = random};
}

engine::EngineSettings BenchWorld::settings(int threads) {
    engine::EngineSettings settings;
    settings.worker = base::make_id<base::WorkerId>(clock.now(), random);
    settings.threads = threads;
    settings.region = "fsn1";
    settings.server_type = "cx23";
    settings.image = "debian-12";
    settings.public_url = "https://bots.example.com";
    return settings;
}

long long BenchWorld::count(const std::string& statement) {
    return must(database->run([&](store::Sql& sql) -> base::Result<long long> {
        return sql.query(statement)[0].integer(0);
    }));
}

RunningEngine::RunningEngine(BenchWorld& world, ports::RemoteHost& hosts,
                             const engine::EngineSettings& settings, engine::RunStep run_step)
    : engine_(engine::make_engine(world.ports(hosts), settings, std::move(run_step))) {
    hints_ = world.notifications->subscribe(store::Channel::jobs,
                                            [this](const auto&) { engine_->hint(); });
    engine_->start();
}

RunningEngine::~RunningEngine() {
    hints_.reset();
    engine_->drain(base::Milliseconds{5'000});
}

}  // namespace hatchery::bench
