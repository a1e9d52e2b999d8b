#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace hatchery::api {

/// Bounds how many handlers wait for somebody else's service at the same time, so that a Telegram
/// or a provider that hangs cannot take all worker threads from the rest. Thread-safe.
class OutsideGate {
public:
    explicit OutsideGate(int slots) : free_(slots) {}
    OutsideGate(const OutsideGate&) = delete;
    OutsideGate& operator=(const OutsideGate&) = delete;

    /// A slot, given back when the pass goes; null when none is free.
    using Pass = std::unique_ptr<OutsideGate, void (*)(OutsideGate*)>;
    [[nodiscard]] Pass try_enter();
    /// Calls `wake` once a slot is free, at once if one is; the caller then tries again.
    void wait(std::function<void()> wake);

private:
    void leave();

    std::mutex mutex_;
    int free_;
    std::vector<std::function<void()>> waiting_;
};

}  // namespace hatchery::api
