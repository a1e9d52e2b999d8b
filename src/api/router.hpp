#pragma once

#include <memory>
#include <string>
#include <vector>

#include "api/answer.hpp"
#include "api/authenticate.hpp"
#include "api/front/request.hpp"
#include "api/idempotency.hpp"
#include "api/metrics.hpp"
#include "api/rate_gate.hpp"
#include "core/network.hpp"
#include "store/audit_log.hpp"

namespace hatchery::api {

/// Finds the route of a request, lets in whom its access rule lets in, and turns what the route
/// returns into bytes. cpp-httplib does the parsing, the matching and the response text, on whole
/// requests from memory. Every write of a known caller is written to the audit log, refused ones
/// too, but for those that a rate limit refuses. Thread-safe once all routes are added.
class Router : public front::RequestHandler {
public:
    /// `pattern` has `:name` parts. Throws std::logic_error for a route that access.hpp has no rule
    /// for, or that was added before.
    virtual void add(const std::string& method, const std::string& pattern,
                     RouteHandler handler) = 0;
};

struct RouterOptions {
    /// Which of the front's listeners is the operator's own; nothing when there is none.
    std::optional<std::size_t> admin_listener;
    /// Without an admin listener: whether a loopback caller without a proxy's header is the
    /// operator. Behind a reverse proxy it may be anybody.
    bool trusts_loopback = true;
    /// Whose X-Forwarded-For is believed; see core::client_address.
    std::vector<core::Network> trusted_proxies;
    /// Handlers that may wait for Telegram or a provider at once. No setting: half of the threads.
    int outside_slots = 8;
};

[[nodiscard]] std::unique_ptr<Router> make_router(RouterOptions options,
                                                  const Authenticator& authenticator,
                                                  RateGate& rates, const IdempotentWrites& writes,
                                                  store::AuditLog& audit, Metrics& metrics);

}  // namespace hatchery::api
