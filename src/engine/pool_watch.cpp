#include "engine/pool_watch.hpp"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "engine/alarm_courier.hpp"
#include "engine/leader.hpp"
#include "engine/pool_scaler.hpp"
#include "engine/queue_watch.hpp"
#include "engine/worker_pulse.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// Who does not lead tries again this often.
constexpr base::Milliseconds lead_every{10'000};

/// Sleeps until the time is over or a stop is asked.
void rest(const std::stop_token& stop, base::Milliseconds time) {
    std::mutex mutex;
    std::condition_variable_any changed;
    std::unique_lock lock(mutex);
    changed.wait_for(lock, stop, time, [] { return false; });
}

class ThreadedPoolWatch final : public PoolWatch {
public:
    ThreadedPoolWatch(const PoolPorts& ports, PoolSettings settings, ThreadSlots& slots)
        : ports_(ports), settings_(std::move(settings)), pulse_(ports_, settings_, slots) {}
    ~ThreadedPoolWatch() override { end_threads(); }

    void start() override {
        settings_.self.started_at = ports_.clock.now();
        pulse_.beat();
        threads_.emplace_back([this](const std::stop_token& stop) { beat(stop); });
        threads_.emplace_back([this](const std::stop_token& stop) { watch(stop); });
        threads_.emplace_back([this](const std::stop_token& stop) { run_errands(stop); });
    }

    void drain() override {
        end_threads();
        pulse_.drain();
    }

    void stop() override {
        end_threads();
        pulse_.leave();
    }

private:
    void end_threads() {
        for (auto& thread : threads_) thread.request_stop();
        threads_.clear();
    }

    void beat(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            rest(stop, settings_.beat_every);
            if (!stop.stop_requested()) pulse_.beat();
        }
    }

    void watch(const std::stop_token& stop) {
        Leader leader(ports_.fleet, "pool_watch");
        QueueWatch queue(ports_, settings_);
        queue.begin_anew();
        while (!stop.stop_requested()) {
            if (!leader.leads()) {
                if (desired_.exchange(not_leading) != not_leading) queue.begin_anew();
                rest(stop, std::min(lead_every, 2 * settings_.count_every));
                continue;
            }
            queue.tick(stop);
            desired_ = queue.desired_workers().value_or(not_leading);
            rest(stop, std::min(settings_.count_every, settings_.match_every));
        }
        desired_ = not_leading;
    }

    /// What waits for others has a thread of its own: counting goes on meanwhile.
    void run_errands(const std::stop_token& stop) {
        AlarmCourier courier(ports_, settings_);
        PoolScaler scaler(ports_, settings_);
        while (!stop.stop_requested()) {
            const int workers = desired_;
            if (workers == not_leading) {
                scaler.begin_anew();
            } else {
                courier.tick(stop);
                scaler.tick(workers, stop);
            }
            rest(stop, std::min<base::Milliseconds>(1s, settings_.count_every));
        }
    }

    static constexpr int not_leading = -1;

    const PoolPorts ports_;
    PoolSettings settings_;
    WorkerPulse pulse_;
    /// What the leading thread has decided last, for the one that runs errands.
    std::atomic<int> desired_{not_leading};
    std::vector<std::jthread> threads_;
};

}  // namespace

std::unique_ptr<PoolWatch> make_pool_watch(const PoolPorts& ports, PoolSettings settings,
                                           ThreadSlots& slots) {
    return std::make_unique<ThreadedPoolWatch>(ports, std::move(settings), slots);
}

}  // namespace hatchery::engine
