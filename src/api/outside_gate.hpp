#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>

namespace hatchery::api {

/// Bounds how many handlers wait for somebody else's service at the same time, so that a Telegram
/// or a provider that hangs cannot take all worker threads from the rest. Thread-safe; outlives its
/// passes and places.
class OutsideGate {
public:
    explicit OutsideGate(int slots) : free_(slots) {}
    OutsideGate(const OutsideGate&) = delete;
    OutsideGate& operator=(const OutsideGate&) = delete;

    /// A slot, given back when the pass goes; null when none is free.
    using Pass = std::unique_ptr<OutsideGate, void (*)(OutsideGate*)>;
    [[nodiscard]] Pass try_enter();

    /// A place in line, for one request; whoever goes away takes his place with him, and if he was
    /// woken meanwhile the next one is: a slot never stays free while somebody waits.
    class Place {
    public:
        explicit Place(OutsideGate& gate) : gate_(gate) {}
        Place(const Place&) = delete;
        Place& operator=(const Place&) = delete;
        ~Place() { gate_.give_up(number_); }
        /// Calls `wake` once a slot is free, at once if one is; the caller then tries to enter. At
        /// most once for each place.
        void wait(std::function<void()> wake);

    private:
        OutsideGate& gate_;
        std::uint64_t number_ = 0;
    };
    [[nodiscard]] std::shared_ptr<Place> line_up() { return std::make_shared<Place>(*this); }

private:
    void leave();
    void give_up(std::uint64_t number);

    std::mutex mutex_;
    int free_;
    std::uint64_t last_number_ = 0;
    /// By number, which is the order of coming.
    std::map<std::uint64_t, std::function<void()>> waiting_;
};

}  // namespace hatchery::api
