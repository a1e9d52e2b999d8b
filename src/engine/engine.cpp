#include "engine/engine.hpp"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "core/claim_pace.hpp"
#include "engine/cloud_alarm_watch.hpp"
#include "engine/cloud_poller.hpp"
#include "engine/engine_metrics.hpp"
#include "engine/hand_server_watch.hpp"
#include "engine/job_runner.hpp"
#include "engine/leader.hpp"
#include "engine/reaper.hpp"
#include "engine/reconciler.hpp"
#include "engine/work_pool.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;

constexpr base::Milliseconds reap_every = 15s;
/// Who does not lead tries again this often.
constexpr auto lead_every = 5s;
/// Claims of fewer jobs than this are over too soon to be worth a second one beside them.
constexpr int long_queue = 100;
/// Of a drain, the part in which running steps may still end by themselves.
constexpr base::Milliseconds drain_grace{2'000};

/// Dead workers are looked for so often that it does not add to what a lease takes to run out.
base::Milliseconds rescue_interval(const EngineSettings& settings) {
    return std::clamp(settings.lease_for / 15, base::Milliseconds{50}, base::Milliseconds{2'000});
}

/// The settings with the lease as it is granted: with the look-out for dead workers on top, it is
/// what was asked for.
EngineSettings with_granted_lease(EngineSettings settings) {
    settings.lease_for -= rescue_interval(settings);
    return settings;
}

/// A sleep that a hint, a stop or the time ends.
class Alarm {
public:
    void ring() {
        {
            const std::lock_guard lock(mutex_);
            rung_ = true;
        }
        changed_.notify_all();
    }
    void sleep(const std::stop_token& stop, std::chrono::milliseconds limit) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, stop, limit, [this] { return rung_; });
        rung_ = false;
    }

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    bool rung_ = false;
};

class ThreadedEngine final : public Engine {
public:
    ThreadedEngine(const EnginePorts& ports, const EngineSettings& settings, RunStep run_step)
        : ports_(ports),
          rescue_every_(rescue_interval(settings)),
          settings_(with_granted_lease(settings)),
          runner_(ports_, settings_, std::move(run_step)),
          pool_(runner_, ports_, settings_) {
        pool_.on_room([this] {
            alarm_.ring();
            if (queue_is_long_) beside_.ring();
        });
    }

    ~ThreadedEngine() override {
        for (auto& thread : threads_) thread.request_stop();
        threads_.clear();
    }

    void start() override {
        pool_.start();
        threads_.emplace_back([this](const std::stop_token& stop) { dispatch(stop); });
        threads_.emplace_back([this](const std::stop_token& stop) { dispatch_beside(stop); });
        threads_.emplace_back([this](const std::stop_token& stop) { keep_leases(stop); });
        threads_.emplace_back([this](const std::stop_token& stop) { watch_alarms(stop); });
        for (const auto& [name, cloud] : ports_.clouds) {
            threads_.emplace_back(
                [this, provider = name](const std::stop_token& stop) { reap(stop, provider); });
            threads_.emplace_back([this, provider = name](const std::stop_token& stop) {
                poll_cloud(stop, provider);
            });
        }
    }

    void hint() override { alarm_.ring(); }

    EngineLoad load() const override {
        const int threads = pool_.threads();
        // A thread may have several short jobs in its hands.
        return {.threads = threads, .busy = std::min(threads, pool_.busy())};
    }
    void resize(int threads) override {
        pool_.resize(threads);
        alarm_.ring();
    }

    void drain(base::Milliseconds limit) override {
        base::log_event(LogLevel::info, "draining", {{"worker", settings_.worker.text()}});
        for (auto& thread : threads_) thread.request_stop();
        pool_.drain(std::min(drain_grace, limit / 2), limit);
        threads_.clear();
    }

private:
    void dispatch(const std::stop_token& stop) {
        core::ClaimPace pace;
        while (!stop.stop_requested()) {
            const int room = pool_.reserve_room();
            if (room == 0) {
                // Only room matters now, and that rings.
                alarm_.sleep(stop, settings_.poll_every);
                continue;
            }
            const int taken = take_jobs(room);
            if (taken == room) continue;
            alarm_.sleep(stop,
                         pause(pace, taken > 0 ? core::Claimed::some : core::Claimed::nothing));
        }
    }

    /// Claims beside dispatch() while the queue holds more than it takes at once: half of a claim's
    /// time goes by in the database, the other half in reading its answer.
    void dispatch_beside(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            const int room = queue_is_long_ ? pool_.reserve_room() : 0;
            if (room == 0 || take_jobs(room) < room) beside_.sleep(stop, settings_.poll_every);
        }
    }

    /// Fills room that was reserved; answers how many jobs it has claimed and handed to the pool.
    int take_jobs(int room) {
        auto claimed = ports_.jobs.claim({.worker = settings_.worker,
                                          .limit = room,
                                          .lease_for = settings_.lease_for,
                                          .now = ports_.clock.now(),
                                          .capabilities = settings_.capabilities});
        if (!claimed) {
            base::log_event(LogLevel::warning, "claim_failed",
                            {{"message", claimed.error().message}});
            pool_.add({}, room);
            return 0;
        }
        const auto count = static_cast<int>(claimed->size());
        queue_is_long_ = count == room && count >= long_queue;
        metrics_.jobs_claimed(claimed->size());
        pool_.add(*std::move(claimed), room);
        return count;
    }

    /// Until the next job is due, but no longer than the poll interval, jittered so that many
    /// processes do not ask at the same moment.
    base::Milliseconds pause(core::ClaimPace& pace, core::Claimed claimed) {
        const auto full = settings_.poll_every;
        const auto jittered =
            full / 2 + base::Milliseconds(static_cast<long long>(
                           ports_.random.next_unit() * static_cast<double>(full.count()) / 2));
        const auto due = ports_.jobs.next_due(settings_.capabilities);
        if (!due) return jittered;
        return pace.rest(claimed, *due, ports_.clock.now(), jittered);
    }

    void keep_leases(const std::stop_token& stop) {
        Alarm alarm;
        const auto every = settings_.lease_for / 3;
        auto next_rescue = std::chrono::steady_clock::now();
        while (!stop.stop_requested()) {
            pool_.renew();
            if (std::chrono::steady_clock::now() >= next_rescue) {
                rescue();
                next_rescue = std::chrono::steady_clock::now() + rescue_every_;
            }
            alarm.sleep(stop, std::min({every, rescue_every_, base::Milliseconds{1'000}}));
        }
    }

    void rescue() {
        const auto rescued = ports_.jobs.rescue(ports_.clock.now());
        if (!rescued || *rescued == 0) return;
        base::log_event(LogLevel::warning, "jobs_rescued", {{"count", *rescued}});
        metrics_.jobs_rescued(static_cast<std::size_t>(*rescued));
        alarm_.ring();
    }

    /// A provider that does not answer keeps only its own rounds waiting.
    void reap(const std::stop_token& stop, const std::string& provider) {
        Alarm alarm;
        Leader leader(ports_, "reaper:" + provider);
        Reaper reaper(ports_, provider);
        HandServerWatch by_hand(ports_, provider);
        Reconciler reconciler(ports_, settings_, provider);
        while (!stop.stop_requested()) {
            const bool leads = leader.leads();
            if (leads) {
                reaper.tick(stop);
                by_hand.tick(stop);
                // A round may take long, and another process lead by then.
                if (leader.leads()) reconciler.tick(stop);
            }
            // Who does not lead has no sweep to be in time for.
            const auto next = leads ? reconciler.until_next() : settings_.stray_grace / 3;
            alarm.sleep(stop, std::clamp<base::Milliseconds>(next, 10ms, reap_every));
        }
    }

    void watch_alarms(const std::stop_token& stop) {
        Alarm alarm;
        Leader leader(ports_, "cloud_alarms");
        CloudAlarmWatch watch(ports_);
        while (!stop.stop_requested()) {
            if (leader.leads()) watch.tick();
            alarm.sleep(
                stop, std::clamp<base::Milliseconds>(settings_.stray_grace / 3, 10ms, reap_every));
        }
    }

    void poll_cloud(const std::stop_token& stop, const std::string& provider) {
        Alarm alarm;
        Leader leader(ports_, "cloud_poller:" + provider);
        CloudPoller poller(ports_, settings_, provider);
        while (!stop.stop_requested()) {
            if (!leader.leads()) {
                alarm.sleep(stop, lead_every);
                continue;
            }
            const auto next = poller.tick(stop);
            const auto left = std::chrono::ceil<base::Milliseconds>(next - ports_.clock.now());
            alarm.sleep(stop, std::clamp<base::Milliseconds>(left, 100ms, 5s));
        }
    }

    EnginePorts ports_;
    base::Milliseconds rescue_every_;
    EngineSettings settings_;
    const EngineMetrics metrics_{ports_.metrics};
    JobRunner runner_;
    Alarm alarm_;
    /// A claim of many jobs has left some in the queue.
    std::atomic<bool> queue_is_long_{false};
    Alarm beside_;
    WorkPool pool_;
    std::vector<std::jthread> threads_;
};

}  // namespace

std::unique_ptr<Engine> make_engine(const EnginePorts& ports, const EngineSettings& settings,
                                    RunStep run_step) {
    return std::make_unique<ThreadedEngine>(ports, settings, std::move(run_step));
}

}  // namespace hatchery::engine
