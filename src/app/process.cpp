#include "app/process.hpp"

#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace hatchery::app {

namespace {

sigset_t ending_signals() {
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

}  // namespace

void harden_process() {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    std::signal(SIGPIPE, SIG_IGN);
}

StopSignals::StopSignals() {
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_BLOCK, &signals, nullptr);
    signal_fd_ = signalfd(-1, &signals, SFD_CLOEXEC);
    if (signal_fd_ < 0) throw std::system_error(errno, std::generic_category(), "signalfd");
}

StopSignals::~StopSignals() { close(signal_fd_); }

bool StopSignals::wait_for(std::chrono::milliseconds limit) {
    if (came_) return true;
    pollfd entry{.fd = signal_fd_, .events = POLLIN, .revents = 0};
    if (poll(&entry, 1, static_cast<int>(limit.count())) <= 0) return false;
    signalfd_siginfo info{};
    if (read(signal_fd_, &info, sizeof info) != sizeof info) return false;
    came_ = true;
    // From here on the default action stands: who is impatient sends the signal again.
    const sigset_t signals = ending_signals();
    pthread_sigmask(SIG_UNBLOCK, &signals, nullptr);
    return true;
}

void StopSignals::wait() {
    while (!wait_for(std::chrono::hours(1))) {
    }
}

}  // namespace hatchery::app
