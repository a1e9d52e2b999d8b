#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "api/front/request_head.hpp"

namespace hatchery::api::front {

class EventStream;

/// One whole request as it came in: framed, within all limits, without the fields that concern
/// only the connection or that must not reach a handler (Range, Content-Encoding, REMOTE_ADDR, …).
struct Request {
    std::string method;
    std::string target;
    Fields fields;
    /// The text of Accept-Encoding, which is not among the fields: httplib compresses nothing.
    /// Empty for none.
    std::string accepted_codings;
    std::string body;
    bool keep_alive = true;
    /// Numeric address of the peer; never taken from a header.
    std::string remote_address;
    /// Which of the front's listeners it came in by.
    std::size_t listener = 0;
    std::string request_id;
    /// When it was complete.
    std::chrono::steady_clock::time_point received_at;
    /// It was handed in before and parked; nothing else of it has changed since but `kept`.
    bool again = false;
    /// What the handler left in Reply::kept when it parked the request.
    std::shared_ptr<void> kept;
};

/// What a handler answers. Exactly one of: bytes alone; bytes as the head of `stream`; `park`.
struct Reply {
    /// The response, or with `stream` its head.
    std::string bytes;
    bool close = false;
    /// The connection carries this from now on and closes at its end. No thread belongs to it.
    std::shared_ptr<EventStream> stream;
    /// Not yet: the request is handed to the handler again once `wake` is called (by any thread,
    /// any number of times, also before park returns). No thread belongs to it meanwhile. A client
    /// that goes away meanwhile ends it.
    std::function<void(std::function<void()> wake)> park;
    /// With `park`: goes with the request, until it is answered or its client has gone.
    std::shared_ptr<void> kept = {};
    /// With `park`: the request is handed in again after that long at the latest. Unset: who parks
    /// it sees to that.
    std::optional<std::chrono::milliseconds> park_at_most = {};
};

/// Turns requests into replies. Called by several worker threads at once.
class RequestHandler {
public:
    virtual ~RequestHandler() = default;
    /// `stop` is asked when the front stops: what blocks should end soon.
    [[nodiscard]] virtual Reply handle(const Request& request, const std::stop_token& stop) = 0;
    /// The front answered `status` by itself, without the handler; for metrics.
    virtual void refused(int status) = 0;
};

}  // namespace hatchery::api::front
