#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "api/front/request.hpp"
#include "api/front/request_head.hpp"
#include "base/result.hpp"
#include "core/network.hpp"

namespace hatchery::api::front {

struct Listener {
    /// Numeric IPv4 or IPv6 address.
    std::string address = "127.0.0.1";
    /// 0 lets the system choose.
    std::uint16_t port = 0;
};

struct FrontOptions {
    std::vector<Listener> listeners{Listener{}};
    int worker_threads = 16;
    /// Whole requests that may wait for a worker; more: 503. No setting: more threads help, not it.
    std::size_t queue_limit = 1024;
    std::size_t max_connections = 10'000;
    /// Of one IPv4 address or one IPv6 /64.
    std::size_t max_connections_per_address = 1024;
    /// The same for this machine's own addresses and for `proxies`, which bring everybody.
    std::size_t max_connections_of_proxy = 10'000;
    std::vector<core::Network> proxies;
    std::size_t head_bytes = 16U << 10U;  // No setting: proxies before us take no more either.
    HeadLimits head_limits;
    std::size_t body_bytes = 1U << 20U;
    /// Request bodies that all connections hold together, counted from their announcement to the
    /// answer; a request beyond it is told 503 before its body is read. The same again for answers
    /// that are not yet taken. One address may have a quarter, and at least one body.
    std::size_t held_bytes = 256U << 20U;
    /// From the first byte of a request to the end of its head.
    std::chrono::milliseconds head_timeout{10'000};
    /// From there to the end of its body.
    std::chrono::milliseconds body_timeout{30'000};
    /// For writing a response, or one piece of an event stream.
    std::chrono::milliseconds write_timeout{30'000};
    /// Between two requests of one connection.
    std::chrono::milliseconds idle_timeout{75'000};
    /// Silence on an event stream after which a comment is sent.
    std::chrono::milliseconds heartbeat{15'000};
};

/// The network side of the API: carries connections, framing, limits, timeouts and event streams,
/// and hands whole requests to a handler on a fixed number of threads. All connections live on one
/// thread of its own; a connection, idle, parked or streaming, costs memory only.
class Front {
public:
    virtual ~Front() = default;
    /// Binds and begins to accept. `unavailable` when an address cannot be had, `invalid` when it
    /// is not one.
    [[nodiscard]] virtual base::Result<void> start() = 0;
    /// The port that a listener got; 0 before start.
    [[nodiscard]] virtual std::uint16_t port(std::size_t listener) const = 0;
    [[nodiscard]] virtual std::size_t connections() const = 0;
    /// Accepts no more, asks handlers to stop, lets what is being answered go out for up to a
    /// second, and closes the rest. Blocks until done; may be called again.
    virtual void stop() = 0;
};

/// `handler` must outlive the front.
[[nodiscard]] std::unique_ptr<Front> make_front(FrontOptions options, RequestHandler& handler);

/// A whole response of the front's own making.
[[nodiscard]] std::string refusal_bytes(int status, const std::string& detail,
                                        const std::string& request_id);

}  // namespace hatchery::api::front
