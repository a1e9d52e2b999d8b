#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "ports/http_transport.hpp"

namespace hatchery::net {

struct CurlOptions {
    /// Name lookup, TCP and TLS together; a call's own deadline shortens it.
    std::chrono::milliseconds connect_timeout{5'000};
    /// A PEM file of certificate authorities instead of the system's; empty for the system's.
    std::string ca_file;
    /// An HTTP or SOCKS proxy for everything but unix sockets; the environment's is never used.
    std::string proxy;
    std::string user_agent = "hatchery/0.1";
    /// Kept-alive connections that wait for their next request, over all hosts.
    std::size_t max_idle_connections = 64;
};

/// The port over libcurl: HTTP/1.1, connections kept alive and used again for the same origin.
/// Blocking and thread-safe; a stop request cuts a running call at once. A POST is never sent
/// twice, not even when a kept-alive connection breaks under it.
[[nodiscard]] std::unique_ptr<ports::HttpTransport> make_curl_transport(CurlOptions options = {});

}  // namespace hatchery::net
