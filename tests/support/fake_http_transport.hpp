#pragma once

#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <vector>

#include "ports/http_transport.hpp"

namespace hatchery::support {

/// Answers requests from a script instead of a network and keeps what was asked. Thread-safe.
class FakeHttpTransport final : public ports::HttpTransport {
public:
    using Answer = std::function<base::Result<ports::HttpResponse>(const ports::HttpRequest&)>;

    /// The next request that has no scripted answer yet gets this one; answers go in order.
    void answer_next(ports::HttpResponse response);
    /// The same as text with a status.
    void answer_next(int status, std::string body);
    /// The next request fails so.
    void fail_next(base::Error error);
    /// What answers a request when nothing is scripted; a 404 by default.
    void answer_otherwise(Answer answer);

    /// Everything that was sent, in order.
    [[nodiscard]] std::vector<ports::HttpRequest> requests() const;

    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call& call) override;

private:
    mutable std::mutex mutex_;
    std::deque<base::Result<ports::HttpResponse>> script_;
    Answer otherwise_;
    std::vector<ports::HttpRequest> requests_;
};

}  // namespace hatchery::support
