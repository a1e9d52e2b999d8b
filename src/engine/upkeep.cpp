#include "engine/upkeep.hpp"

#include <condition_variable>
#include <mutex>
#include <thread>

#include "engine/history_pruner.hpp"
#include "engine/leader.hpp"
#include "engine/machine_watch.hpp"
#include "engine/subscription_watch.hpp"

namespace hatchery::engine {

namespace {

class ThreadedUpkeep final : public Upkeep {
public:
    ThreadedUpkeep(const UpkeepPorts& ports, UpkeepSettings settings)
        : ports_(ports), settings_(std::move(settings)) {}
    ~ThreadedUpkeep() override = default;

    void start() override {
        thread_ = std::jthread([this](const std::stop_token& stop) { work(stop); });
    }

    void request_stop() override { thread_.request_stop(); }

    void stop() override {
        request_stop();
        if (thread_.joinable()) thread_.join();
    }

private:
    void work(const std::stop_token& stop) {
        Leader leader(ports_.fleet, "upkeep");
        SubscriptionWatch subscriptions(ports_, settings_);
        HistoryPruner history(ports_, settings_);
        MachineWatch machines(ports_);
        std::mutex mutex;
        std::condition_variable_any changed;
        while (!stop.stop_requested()) {
            if (leader.leads()) {
                subscriptions.tick(stop);
                machines.tick();
                history.tick(stop);
            } else {
                subscriptions.fall_silent();
            }
            std::unique_lock lock(mutex);
            changed.wait_for(lock, stop, settings_.look_every, [] { return false; });
        }
    }

    const UpkeepPorts ports_;
    const UpkeepSettings settings_;
    std::jthread thread_;
};

}  // namespace

std::unique_ptr<Upkeep> make_upkeep(const UpkeepPorts& ports, UpkeepSettings settings) {
    return std::make_unique<ThreadedUpkeep>(ports, std::move(settings));
}

}  // namespace hatchery::engine
