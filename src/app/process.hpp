#pragma once

#include <chrono>

namespace hatchery::app {

/// No core dump and no debugger of the same user: memory holds opened secrets. Writing to a closed
/// connection is an error there, not a signal here.
void harden_process();

/// Waits for SIGTERM and SIGINT instead of dying of them. Make it first of all, before any thread:
/// threads inherit the signal mask. A second signal ends the process at once.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    /// Waits for a signal; whether one has come by now.
    [[nodiscard]] bool wait_for(std::chrono::milliseconds limit);
    /// Blocks until a signal has come.
    void wait();

private:
    bool came_ = false;
    int signal_fd_ = -1;
};

}  // namespace hatchery::app
