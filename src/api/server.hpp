#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "api/deps.hpp"
#include "api/event_hub.hpp"
#include "api/front/front.hpp"
#include "base/result.hpp"
#include "core/network.hpp"

namespace hatchery::api {

/// What a server answers.
enum class Served : std::uint8_t {
    everything,
    health_only,  ///< /healthz, /readyz, /metrics and the document, all to everybody who reaches it
};

struct ApiOptions {
    front::Listener listener;
    Served served = Served::everything;
    /// A second listener, the only one then that serves /metrics.
    std::optional<front::Listener> admin_listener;
    /// Without an admin listener: whether /metrics answers loopback callers that come without a
    /// proxy's header. False where a proxy on this machine may forward strangers.
    bool trusts_loopback = true;
    /// Reverse proxies before us, whose X-Forwarded-For is believed.
    std::vector<core::Network> trusted_proxies;
    StreamLimits streams;
    /// Requests that wait for something (`?wait=`).
    StreamLimits waits{.all = 2'000, .per_user = 100};
    /// Limits and timeouts; its `listeners` and `proxies` are ignored.
    front::FrontOptions front;
};

/// The HTTP API of API.md and Telegram's webhook. Thread-safe.
class ApiServer {
public:
    virtual ~ApiServer() = default;
    /// Binds and serves. Does not wait for the database: /readyz tells.
    [[nodiscard]] virtual base::Result<void> start() = 0;
    /// The port that was got, for port 0.
    [[nodiscard]] virtual std::uint16_t port() const = 0;
    /// Of the admin listener; 0 without one.
    [[nodiscard]] virtual std::uint16_t admin_port() const = 0;
    /// Lets what is being answered go out for up to a second; blocks until done.
    virtual void stop() = 0;
};

[[nodiscard]] std::unique_ptr<ApiServer> make_api_server(ApiOptions options, ApiDeps deps);

}  // namespace hatchery::api
