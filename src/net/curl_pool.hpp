#pragma once

#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace hatchery::net {

// libcurl's handles are void pointers to its users.
struct EasyCleanup {
    void operator()(void* handle) const;
};
struct MultiCleanup {
    void operator()(void* handle) const;
};

/// One line to one origin. The multi handle owns the kept-alive connection and can be woken from
/// another thread; the easy handle is the request, and ends with it.
struct CurlLine {
    std::unique_ptr<void, MultiCleanup> multi;
    std::unique_ptr<void, EasyCleanup> easy;
};

/// Lines that wait for their next request, told apart by origin. Thread-safe; a line in use
/// belongs to one thread.
class CurlPool {
public:
    explicit CurlPool(std::size_t max_idle) : max_idle_(max_idle) {}

    /// The line used last for this origin, or a new one; its handles are null when libcurl has no
    /// memory.
    [[nodiscard]] CurlLine take(const std::string& origin);
    /// Gives a line back whose connection is in order. The one unused for longest goes when there
    /// are too many.
    void give_back(const std::string& origin, CurlLine line);

private:
    std::size_t max_idle_;
    std::mutex mutex_;
    std::deque<std::pair<std::string, std::unique_ptr<void, MultiCleanup>>> idle_;
};

}  // namespace hatchery::net
