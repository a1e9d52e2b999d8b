#include "simulation/fleet/process.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "simulation/fleet/world.hpp"

namespace hatchery::simulation {

namespace {

using namespace std::chrono_literals;

/// Sets a flag for as long as the scope lasts, however it ends.
class Busy {
public:
    explicit Busy(bool& flag) : flag_(flag) { flag_ = true; }
    ~Busy() { flag_ = false; }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

private:
    bool& flag_;
};

engine::EngineSettings settings_of(const Installation& installation, int number,
                                   const Profile& profile) {
    engine::EngineSettings settings;
    settings.worker = base::WorkerId(fmt::format("process-{}-{}", installation.number, number));
    settings.teardown_limit = profile.teardown_limit;
    settings.stray_grace = profile.stray_grace;
    settings.provider = provider_name;
    settings.region = "fsn1";
    settings.server_type = "cx23";
    settings.image = "debian-12";
    settings.public_url = public_url;
    if (profile.ceiling_servers > 0) settings.ceilings[provider_name] = ceiling_of(profile);
    return settings;
}

}  // namespace

Process::Process(World& world, Installation& installation, int number, base::Milliseconds skew)
    : world_(world),
      installation_(installation),
      number_(number),
      skew_(skew),
      settings_(settings_of(installation, number, world.profile)),
      gate_(world, *this),
      gated_(world, *this, gate_),
      prepared_(gated_.cloud, world.keys, {"0.0.0.0/0"}),
      ports_{.jobs = gated_.jobs,
             .fleet = gated_.fleet,
             .clouds = {{provider_name, &prepared_}},
             .hosts = gated_.hosts,
             .telegram = gated_.telegram,
             .http = gated_.http,
             .bundles = gated_.bundles,
             .keys = world.keys,
             .clock = world.clock,
             .random = world.random,
             .ledger = &gated_.ledger,
             .offers = &offers_,
             .alarms = &gated_.alarms},
      runner_(ports_, settings_),
      poller_(ports_, settings_, provider_name),
      reaper_(ports_, provider_name),
      reconciler_(ports_, settings_, provider_name),
      poll_leader_(ports_, std::string("cloud_poller:") + provider_name),
      reap_leader_(ports_, "reaper") {}

void Process::hold(ports::ClaimedJob job) {
    auto held = std::make_shared<Held>();
    held->lease = job.lease;
    held->job = std::move(job);
    held_.push_back(held);
    queue_.push_back(std::move(held));
}

void Process::claim() {
    if (draining_ || queue_.size() >= max_queue) return;
    auto claimed = ports_.jobs.claim({.worker = settings_.worker,
                                      .limit = world_.random.between(1, max_queue),
                                      .lease_for = settings_.lease_for,
                                      .now = ports_.clock.now()});
    if (!claimed) return;
    if (claimed->empty()) {
        (void)ports_.jobs.next_due(settings_.capabilities);
        return;
    }
    for (auto& job : *claimed) hold(std::move(job));
}

void Process::run() {
    if (queue_.empty()) return;
    const auto held = queue_.front();
    queue_.pop_front();
    ++running_;
    std::optional<ports::ClaimedJob> next;
    std::optional<ports::Transition> kept;
    try {
        const engine::RunSignals signals{.stop = held->stop.get_token(),
                                         .cancel_requested = held->cancel_requested,
                                         .draining = draining_,
                                         .patience = base::Milliseconds{0},
                                         .keep_next = !world_.random.chance(100)};
        if (draining_) {
            const std::array leases{held->lease};
            (void)ports_.jobs.give_back(leases, ports_.clock.now());
        } else if (world_.random.chance(300)) {
            kept = runner_.evaluate(held->job, signals);
        } else {
            next = runner_.run(held->job, signals);
        }
    } catch (...) {
        --running_;
        throw;
    }
    --running_;
    if (kept) {
        finished_.push_back(
            {.held = held, .completion = {.job = held->job, .transition = *std::move(kept)}});
        return;
    }
    release(held);
    if (next) hold(*std::move(next));
}

void Process::complete() {
    std::vector<Finished> batch;
    batch.swap(finished_);
    std::vector<ports::Completion> completions;
    for (const auto& finished : batch) completions.push_back(finished.completion);
    if (completions.empty()) return;
    const auto applied = ports_.jobs.apply_all(completions);
    for (std::size_t i = 0; i < batch.size(); ++i) {
        release(batch[i].held);
        if (auto next = engine::next_after(batch[i].completion.job, applied[i])) {
            hold(*std::move(next));
        }
    }
}

void Process::renew() {
    if (held_.empty()) return;
    std::vector<ports::Lease> leases;
    for (const auto& held : held_) leases.push_back(held->lease);
    const auto until = ports_.clock.now() + settings_.lease_for;
    const auto renewed = ports_.jobs.renew(leases, until);
    if (!renewed) {
        for (const auto& held : held_) {
            if (held->lease.until < ports_.clock.now()) held->stop.request_stop();
        }
        return;
    }
    for (const auto& held : held_) {
        const auto asked = std::ranges::find(leases, held->lease.token, &ports::Lease::token);
        if (asked == leases.end()) continue;
        const bool kept = std::ranges::find(renewed->kept, asked->job_id) != renewed->kept.end();
        const bool cancelled =
            std::ranges::find(renewed->cancelled, asked->job_id) != renewed->cancelled.end();
        if (kept) held->lease.until = until;
        if (cancelled) held->cancel_requested = true;
        if (!kept || cancelled) held->stop.request_stop();
    }
}

void Process::rescue() { (void)ports_.jobs.rescue(ports_.clock.now()); }

void Process::poll() {
    if (polling_ || draining_) return;
    const Busy busy(polling_);
    if (ports_.clock.now() < next_poll_) return;
    next_poll_ = ports_.clock.now() + 5s;
    if (poll_leader_.leads()) next_poll_ = std::min(next_poll_, poller_.tick({}));
}

void Process::reap() {
    if (reaping_ || draining_) return;
    const Busy busy(reaping_);
    if (!reap_leader_.leads()) return;
    reaper_.tick({});
    reconciler_.tick({});
}

void Process::drain() {
    if (draining_) return;
    draining_ = true;
    std::vector<ports::Lease> unstarted;
    for (const auto& held : queue_) {
        unstarted.push_back(held->lease);
        release(held);
    }
    queue_.clear();
    for (const auto& held : held_) held->stop.request_stop();
    if (!unstarted.empty()) (void)ports_.jobs.give_back(unstarted, ports_.clock.now());
}

}  // namespace hatchery::simulation
