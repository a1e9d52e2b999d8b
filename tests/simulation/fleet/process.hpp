#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "engine/cloud_poller.hpp"
#include "engine/job_runner.hpp"
#include "engine/leader.hpp"
#include "engine/prepared_cloud.hpp"
#include "engine/reaper.hpp"
#include "engine/reconciler.hpp"
#include "simulation/fleet/gated_ports.hpp"
#include "simulation/fleet/installation.hpp"

namespace hatchery::simulation {

/// One simulated process of an installation: everything in it is lost when it dies. It does what
/// engine/engine.cpp and engine/work_pool.cpp do with threads, one turn at a time.
class Process {
public:
    Process(World& world, Installation& installation, int number, base::Milliseconds skew);

    [[nodiscard]] int number() const { return number_; }
    [[nodiscard]] const std::string& name() const { return settings_.worker.text(); }
    [[nodiscard]] Installation& installation() { return installation_; }
    [[nodiscard]] base::Milliseconds skew() const { return skew_; }
    void set_skew(base::Milliseconds skew) { skew_ = skew; }

    [[nodiscard]] bool alive() const { return alive_; }
    void die() { alive_ = false; }
    /// Throws Crash in what is left on the stack of a process that has died meanwhile.
    void ensure_alive() const {
        if (!alive_) throw Crash{};
    }
    [[nodiscard]] bool draining() const { return draining_; }
    /// Ended by itself: nothing is held and nothing runs.
    [[nodiscard]] bool drained() const {
        return draining_ && queue_.empty() && finished_.empty() && running_ == 0;
    }
    [[nodiscard]] bool has_work() const { return !queue_.empty(); }
    [[nodiscard]] bool holds_leases() const { return !held_.empty(); }

    [[nodiscard]] bool has_results() const { return !finished_.empty(); }

    /// For as long as the answer lives, nothing else has a turn while this process is in a port
    /// call: it holds one of the engine's locks, and another turn of its own would wait for ever.
    class Alone {
    public:
        explicit Alone(int& depth) : depth_(depth) { ++depth_; }
        ~Alone() { --depth_; }
        Alone(const Alone&) = delete;
        Alone& operator=(const Alone&) = delete;

    private:
        int& depth_;
    };
    [[nodiscard]] Alone alone() { return Alone(alone_); }
    [[nodiscard]] bool is_alone() const { return alone_ > 0; }

    void claim();
    /// Runs one job that it holds, and writes the result or keeps it for complete().
    void run();
    /// Writes all results that were kept, in one call.
    void complete();
    void renew();
    void rescue();
    void poll();
    /// And looks for machines without a row.
    void reap();
    /// Claims nothing more, cuts what runs, gives back what has not begun.
    void drain();
    [[nodiscard]] base::TimePoint next_poll() const { return next_poll_; }

private:
    struct Held {
        ports::ClaimedJob job;
        ports::Lease lease;
        std::atomic<bool> cancel_requested{false};
        std::stop_source stop;
    };

    struct Finished {
        std::shared_ptr<Held> held;
        ports::Completion completion;
    };

    void release(const std::shared_ptr<Held>& held) { std::erase(held_, held); }
    void hold(ports::ClaimedJob job);

    World& world_;
    Installation& installation_;
    int number_;
    base::Milliseconds skew_;
    bool alive_ = true;
    std::atomic<bool> draining_{false};
    engine::EngineSettings settings_;
    Gate gate_;
    GatedPorts gated_;
    engine::PreparedCloud prepared_;
    engine::OfferBoard offers_;
    engine::EnginePorts ports_;
    engine::JobRunner runner_;
    engine::CloudPoller poller_;
    engine::Reaper reaper_;
    engine::Reconciler reconciler_;
    engine::Leader poll_leader_;
    engine::Leader reap_leader_;
    std::deque<std::shared_ptr<Held>> queue_;
    std::vector<Finished> finished_;
    /// What is queued, what runs, and what has run and is not written.
    std::vector<std::shared_ptr<Held>> held_;
    int running_ = 0;
    int alone_ = 0;
    bool polling_ = false;
    bool reaping_ = false;
    base::TimePoint next_poll_;
};

}  // namespace hatchery::simulation
