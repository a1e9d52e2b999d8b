#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <thread>

#include "remote/unique_fd.hpp"

namespace hatchery::test {

/// Stands between client and server on 127.0.0.1 and makes the network bad: adds latency, holds
/// everything back, or cuts connections, at once or after some bytes from the client.
class FaultyProxy {
public:
    explicit FaultyProxy(std::uint16_t server_port);
    ~FaultyProxy();
    FaultyProxy(const FaultyProxy&) = delete;
    FaultyProxy& operator=(const FaultyProxy&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] int connections() const { return connections_; }
    [[nodiscard]] std::uint64_t bytes_from_clients() const { return bytes_from_clients_; }

    /// Each direction is late by this from now on; set before connecting.
    void delay_each_way(std::chrono::milliseconds delay) { delay_ = delay; }
    /// Nothing passes any more, and nobody is told.
    void hold() { holding_ = true; }
    void let_pass() { holding_ = false; }
    /// Breaks what is connected now.
    void cut() { ++cuts_; }
    /// Breaks a connection when its client has sent so many bytes; 0: never.
    void cut_after(std::uint64_t bytes) { cut_after_ = bytes; }

private:
    struct Link;
    void serve(const std::stop_token& stop);

    remote::UniqueFd listener_;
    std::uint16_t port_ = 0;
    const std::uint16_t server_port_;
    std::atomic<std::chrono::milliseconds> delay_{std::chrono::milliseconds{0}};
    std::atomic<bool> holding_{false};
    std::atomic<int> cuts_{0};
    std::atomic<std::uint64_t> cut_after_{0};
    std::atomic<int> connections_{0};
    std::atomic<std::uint64_t> bytes_from_clients_{0};
    std::jthread thread_;
};

}  // namespace hatchery::test
