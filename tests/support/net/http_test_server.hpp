#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace hatchery::support {

/// One request as it came over the wire.
struct SeenRequest {
    std::string method;
    std::string target;
    /// Names in lower case.
    std::map<std::string, std::string> headers;
    std::string body;
    /// 1 for the first connection, 2 for the second, …
    int connection = 0;
};

/// What goes back, byte for byte.
struct WireAnswer {
    std::string bytes;
    enum class Then {
        keep,   ///< wait for the next request
        close,  ///< close the connection
        hold,   ///< say nothing more and keep the connection open
    } then = Then::keep;
};

/// An HTTP/1.1 server on a loopback port or a unix socket whose answers are raw bytes, so that a
/// test can misbehave in any way. One thread a connection.
class HttpTestServer {
public:
    using Handler = std::function<WireAnswer(const SeenRequest&)>;

    /// Listens on a free port of 127.0.0.1, or at `unix_socket` when it is given.
    explicit HttpTestServer(Handler handler, std::string unix_socket = {});
    ~HttpTestServer();
    HttpTestServer(const HttpTestServer&) = delete;
    HttpTestServer& operator=(const HttpTestServer&) = delete;

    [[nodiscard]] int port() const { return port_; }
    /// `http://127.0.0.1:PORT`.
    [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }
    [[nodiscard]] std::vector<SeenRequest> requests() const;
    /// Waits until this many requests have come; false after ten seconds.
    [[nodiscard]] bool wait_for_requests(std::size_t count) const;

private:
    void accept_all();
    void serve(int socket, int number);

    Handler handler_;
    std::string unix_socket_;
    int listener_ = -1;
    int port_ = 0;
    std::atomic<bool> stopping_{false};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<SeenRequest> requests_;
    std::vector<int> sockets_;
    std::vector<std::thread> connections_;
    std::thread acceptor_;
};

/// A whole answer with a length: `HTTP/1.1 STATUS …`.
[[nodiscard]] WireAnswer wire_answer(int status, const std::map<std::string, std::string>& headers,
                                     const std::string& body);

}  // namespace hatchery::support
