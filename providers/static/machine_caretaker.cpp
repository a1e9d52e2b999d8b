#include "providers/static/machine_caretaker.hpp"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "base/log.hpp"
#include "providers/static/machine_login.hpp"

namespace hatchery::providers {

namespace {

using namespace std::chrono_literals;
using base::LogLevel;
using ports::Allocation;
using ports::AllocationState;

constexpr auto prepare_limit = 60s;
constexpr auto wipe_limit = 180s;
constexpr base::Milliseconds first_pause{5'000};
constexpr base::Milliseconds longest_pause{300'000};
/// A preparation that was left by a process which died is given up after so many tries.
constexpr std::int64_t most_prepare_tries = 4;
/// So that a machine which does not answer keeps nobody waiting.
constexpr int thread_count = 4;
constexpr auto look_every = 500ms;

base::Milliseconds pause_after(std::int64_t tries) {
    const auto doublings = std::clamp<std::int64_t>(tries - 1, 0, 10);
    return std::min(first_pause * (std::int64_t{1} << doublings), longest_pause);
}

class Caretaker final : public MachineCaretaker {
public:
    explicit Caretaker(OwnMachines own) : own_(std::move(own)) {
        for (const auto& machine : own_.machines) names_.push_back(machine.name);
    }
    ~Caretaker() override { stop(); }

    bool tick(const std::stop_token& stop) override {
        const auto begun = own_.allocations.begin_try(names_, hold_for);
        if (!begun || !*begun) return false;
        const Allocation& allocation = **begun;
        const auto machine =
            std::ranges::find(own_.machines, allocation.facts.machine, &core::OwnMachine::name);
        if (machine == own_.machines.end()) return false;
        const MachineLogin login(own_.hosts, own_.script, *machine);
        if (allocation.state == AllocationState::wiping) {
            wipe(allocation, login, stop);
        } else {
            prepare(allocation, login, stop);
        }
        return true;
    }

    void start() override {
        for (int i = 0; i < thread_count; ++i) {
            threads_.emplace_back([this](const std::stop_token& stop) { work(stop); });
        }
    }
    void request_stop() override {
        for (auto& thread : threads_) thread.request_stop();
    }
    void stop() override {
        request_stop();
        threads_.clear();
    }

private:
    void work(const std::stop_token& stop) {
        std::mutex mutex;
        std::condition_variable_any changed;
        while (!stop.stop_requested()) {
            if (tick(stop)) continue;
            std::unique_lock lock(mutex);
            changed.wait_for(lock, stop, look_every, [] { return false; });
        }
    }

    void wipe(const Allocation& allocation, const MachineLogin& login,
              const std::stop_token& stop) {
        const auto wiped = login.wipe(allocation, base::Call::within(wipe_limit, stop));
        if (!wiped) return failed(allocation, wiped.error());
        const auto ended = own_.allocations.wiped(allocation.number, allocation.tries);
        if (ended && *ended) {
            base::log_event(LogLevel::info, "machine_wiped",
                            {{"machine", allocation.facts.machine}});
        }
    }

    void prepare(const Allocation& allocation, const MachineLogin& login,
                 const std::stop_token& stop) {
        const auto ready = login.prepare(allocation, base::Call::within(prepare_limit, stop));
        if (ready) {
            (void)own_.allocations.prepared(allocation.number, allocation.tries);
        } else if (allocation.tries >= most_prepare_tries) {
            (void)own_.allocations.give_up(allocation.number, allocation.tries,
                                           trouble_text(ready.error()));
        } else {
            failed(allocation, ready.error());
        }
    }

    void failed(const Allocation& allocation, const base::Error& error) {
        const auto pause =
            error.kind == base::ErrorKind::cancelled ? 0ms : pause_after(allocation.tries);
        base::log_event(LogLevel::warning, "machine_trouble",
                        {{"machine", allocation.facts.machine},
                         {"state", base::to_text(allocation.state)},
                         {"tries", std::to_string(allocation.tries)},
                         {"kind", base::to_text(error.kind)},
                         {"message", error.message}});
        (void)own_.allocations.failed(allocation.number, allocation.tries, trouble_text(error),
                                      pause);
    }

    const OwnMachines own_;
    std::vector<std::string> names_;
    std::vector<std::jthread> threads_;
};

}  // namespace

std::unique_ptr<MachineCaretaker> make_machine_caretaker(OwnMachines own) {
    return std::make_unique<Caretaker>(std::move(own));
}

}  // namespace hatchery::providers
