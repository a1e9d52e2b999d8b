#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "base/call.hpp"
#include "base/result.hpp"
#include "remote/unique_fd.hpp"

namespace hatchery::remote {

/// Waits for file descriptors within one call: until ready, until its deadline, or until its stop
/// token asks for the end. Used by one thread.
class CallWait {
public:
    explicit CallWait(const base::Call& call);
    CallWait(const CallWait&) = delete;
    CallWait& operator=(const CallWait&) = delete;

    /// Waits until `fd` is ready for one of poll(2)'s `events`, or in error. `timeout` and
    /// `cancelled` with Effect::none: the caller knows what was sent before.
    [[nodiscard]] base::Result<void> ready(int fd, short events) const;
    /// The error that an ended call gives, if it has ended.
    [[nodiscard]] std::optional<base::Error> ended() const;
    [[nodiscard]] const base::Call& call() const { return call_; }

private:
    /// Milliseconds.
    [[nodiscard]] int longest_wait() const;

    base::Call call_;
    /// An eventfd that becomes readable when a stop is asked; none when the token cannot, or when
    /// there are no files left.
    UniqueFd wake_;
    std::unique_ptr<std::stop_callback<std::function<void()>>> on_stop_;
};

}  // namespace hatchery::remote
