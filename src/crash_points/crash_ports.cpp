#include "crash_points/crash_ports.hpp"

#include "crash_points/crashing_adapters.hpp"
#include "engine/steps/steps.hpp"

namespace hatchery::crash_points {

CrashPorts::CrashPorts(const engine::EnginePorts& inner, CrashPoints& points)
    : inner_(inner),
      points_(points),
      jobs_(make_crashing_job_store(inner.jobs, points_)),
      fleet_(make_crashing_fleet_store(inner.fleet, points_)),
      hosts_(make_crashing_remote_host(inner.hosts, points_)),
      telegram_(make_crashing_bot_api(inner.telegram, points_)),
      http_(make_crashing_http_transport(inner.http, points_)),
      bundles_(make_crashing_release_bundles(inner.bundles, points_)) {
    for (const auto& [name, cloud] : inner.clouds) {
        clouds_[name] = make_crashing_cloud_provider(*cloud, points_);
    }
    if (inner.ledger != nullptr) ledger_ = make_crashing_cloud_ledger(*inner.ledger, points_);
    if (inner.hand_servers != nullptr) {
        hand_servers_ = make_crashing_hand_servers(*inner.hand_servers, points_);
    }
}

CrashPorts::~CrashPorts() = default;

engine::EnginePorts CrashPorts::ports() const {
    std::map<std::string, providers::CloudProvider*> clouds;
    for (const auto& [name, cloud] : clouds_) clouds[name] = cloud.get();
    return {.jobs = *jobs_,
            .fleet = *fleet_,
            .clouds = std::move(clouds),
            .hosts = *hosts_,
            .telegram = *telegram_,
            .http = *http_,
            .bundles = *bundles_,
            .keys = inner_.keys,
            .clock = inner_.clock,
            .random = inner_.random,
            .metrics = inner_.metrics,
            .ledger = ledger_.get(),
            .offers = inner_.offers,
            .hand_servers = hand_servers_.get(),
            .alarms = inner_.alarms};
}

engine::RunStep CrashPorts::run_step() {
    return [this](engine::StepContext& context) {
        points_.begin_run(base::to_text(context.claimed.job.step));
        return engine::run_step(context);
    };
}

}  // namespace hatchery::crash_points
