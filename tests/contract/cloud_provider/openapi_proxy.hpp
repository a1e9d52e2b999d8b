#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "ports/http_transport.hpp"
#include "support/processes/child_process.hpp"

namespace hatchery::contract {

/// A proxy that holds both sides of a conversation to an OpenAPI document: it refuses a request
/// that the document does not allow and turns a forbidden answer into an error of its own.
class OpenApiProxy {
public:
    /// Installs the proxy if need be, starts it in front of `upstream` and waits until it listens.
    OpenApiProxy(const std::string& document, const std::string& upstream);

    [[nodiscard]] const std::string& url() const { return url_; }

private:
    std::string url_;
    std::unique_ptr<support::ChildProcess> process_;
};

/// Passes requests on and keeps what the proxy objected to.
class ViolationWatch final : public ports::HttpTransport {
public:
    explicit ViolationWatch(ports::HttpTransport& inner) : inner_(inner) {}

    base::Result<ports::HttpResponse> send(const ports::HttpRequest& request,
                                           const base::Call& call) override;
    [[nodiscard]] std::string violations() const;

private:
    ports::HttpTransport& inner_;
    mutable std::mutex mutex_;
    std::string violations_;
};

}  // namespace hatchery::contract
