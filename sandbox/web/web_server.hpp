#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace hatchery::sandbox {

/// One part of a multipart/form-data body.
struct WebPart {
    std::string filename;  ///< Empty: a plain field.
    std::string content_type;
    std::string content;
};

struct WebRequest {
    std::string method;
    std::string path;  ///< Decoded, without the query.
    std::multimap<std::string, std::string> query;
    std::map<std::string, std::string> headers;  ///< Keys in lower case.
    std::string body;                            ///< Empty for multipart bodies.
    std::multimap<std::string, WebPart> parts;   ///< Of a multipart body.

    /// The header's or the query's first value, or nothing at all: an empty text.
    [[nodiscard]] std::string header(const std::string& lower_case_name) const;
    [[nodiscard]] std::string param(const std::string& name) const;
};

/// Sends one piece of a streamed answer. False: the client is gone or the server stops.
using WebWriter = std::function<bool(std::string_view piece)>;

struct WebResponse {
    int status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers;
    /// When set, writes the body piece by piece (chunked) instead of `body`.
    std::function<void(const WebWriter&)> stream;
    /// Closes the connection without answering, as a broken network does.
    bool drop_connection = false;
};

struct WebServerOptions {
    /// Connections served at the same time; more wait in the kernel's queue.
    std::size_t max_connections = 256;
    std::size_t max_body_bytes = 64U << 20U;
    std::chrono::milliseconds keep_alive{15'000};
};

/// A small HTTP server for the sandbox's APIs: one thread a connection, no TLS. Meant for loopback
/// and for networks that the sandbox made itself.
class WebServer {
public:
    /// Called on the connection's thread; may block. An exception becomes a 500.
    using Handler = std::function<WebResponse(const WebRequest&)>;

    WebServer(WebServerOptions options, Handler handler);
    ~WebServer();
    WebServer(const WebServer&) = delete;
    WebServer& operator=(const WebServer&) = delete;

    /// Listens on `host`:`port`, 0 being any free port. False, with a sentence in `error`, when
    /// the address cannot be had.
    bool start(const std::string& host, int port, std::string& error);
    [[nodiscard]] int port() const;
    /// "http://host:port".
    [[nodiscard]] std::string origin() const;
    /// Closes every connection and joins all threads; a handler that blocks has to be woken
    /// first. May be called twice.
    void stop();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

/// `application/x-www-form-urlencoded` text to names and values.
[[nodiscard]] std::multimap<std::string, std::string> parse_form(std::string_view text);

}  // namespace hatchery::sandbox
