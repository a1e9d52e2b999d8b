#pragma once

#include <stop_token>

namespace hatchery::app {

/// No core dump and no debugger of the same user: memory holds opened secrets. Writing to a closed
/// connection is an error there, not a signal here.
void harden_process();

/// Routes SIGTERM and SIGINT into a stop token. Make it first of all, before any thread: threads
/// inherit the signal mask. A second signal ends the process at once.
class StopSignals {
public:
    StopSignals();
    ~StopSignals();
    StopSignals(const StopSignals&) = delete;
    StopSignals& operator=(const StopSignals&) = delete;

    [[nodiscard]] std::stop_token token() const { return source_.get_token(); }
    /// Blocks until a signal has come.
    void wait();

private:
    std::stop_source source_;
    int signal_fd_ = -1;
};

}  // namespace hatchery::app
