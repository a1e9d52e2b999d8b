#include "remote/call_wait.hpp"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <limits>

namespace hatchery::remote {

using base::ErrorKind;
using base::fail;

CallWait::CallWait(const base::Call& call) : call_(call) {
    if (!call_.stop.stop_possible()) return;
    wake_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_.valid()) return;
    on_stop_ =
        std::make_unique<std::stop_callback<std::function<void()>>>(call_.stop, [fd = wake_.get()] {
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
        });
}

std::optional<base::Error> CallWait::ended() const {
    if (call_.stop.stop_requested()) {
        return fail(ErrorKind::cancelled, "the call was cancelled").value();
    }
    if (std::chrono::steady_clock::now() >= call_.deadline) {
        return fail(ErrorKind::timeout, "the server did not answer in time").value();
    }
    return std::nullopt;
}

int CallWait::longest_wait() const {
    // A process that is out of files has nothing to be woken by: it looks.
    const bool deaf = call_.stop.stop_possible() && !wake_.valid();
    return deaf ? 100 : std::numeric_limits<int>::max();
}

base::Result<void> CallWait::ready(int fd, short events) const {
    for (;;) {
        if (auto error = ended()) return fail(std::move(*error));
        std::array<pollfd, 2> waits{{{.fd = fd, .events = events, .revents = 0},
                                     {.fd = wake_.get(), .events = POLLIN, .revents = 0}}};
        // Rounded up, so that the last millisecond is not spent spinning.
        const auto left =
            std::min<std::chrono::milliseconds::rep>(call_.left().count() + 1, longest_wait());
        const int count = ::poll(waits.data(), waits.size(), static_cast<int>(left));
        if (count < 0 && errno != EINTR) {
            return fail(ErrorKind::internal, "poll failed while waiting for a server");
        }
        if (count > 0 && waits[0].revents != 0) return {};
    }
}

}  // namespace hatchery::remote
