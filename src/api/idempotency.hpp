#pragma once

#include "api/answer.hpp"
#include "store/idempotent_requests.hpp"

namespace hatchery::api {

/// Runs writes that carry an `Idempotency-Key` once: the same key and request of the same user get
/// the first answer again for 24 hours, marked `Idempotent-Replayed: true`; another request under
/// the key, with another If-Match or with other rights too, is a 409, and so is one that comes
/// while the first is being worked on, with Retry-After.
///
/// Nothing is made twice, whenever a process dies: what the handler makes has the key's own id
/// (Exchange::effect_id), which stands in the database before the handler runs. If the answer could
/// not be kept, the next request with the key runs the handler under the same id with
/// Exchange::resumed, and the handler then answers from what it finds. Thread-safe.
class IdempotentWrites {
public:
    explicit IdempotentWrites(store::IdempotentRequests& requests) : requests_(requests) {}

    /// Runs `handler`, through the key if the request has one. `replayed` is set when it was not
    /// run; the exchange's target is then what the first run made.
    [[nodiscard]] Outcome run(Exchange& exchange, const RouteHandler& handler,
                              bool& replayed) const;

private:
    [[nodiscard]] Outcome run_once(Exchange& exchange, const RouteHandler& handler,
                                   const store::BegunRequest& begun) const;
    void keep(const Exchange& exchange, const store::BegunRequest& begun,
              const Outcome& outcome) const;

    store::IdempotentRequests& requests_;
};

}  // namespace hatchery::api
