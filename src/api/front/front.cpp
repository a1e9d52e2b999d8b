#include "api/front/front.hpp"

// g++ 12 miscompiles simple coroutines, so asio's are left out.
#define BOOST_ASIO_DISABLE_CO_AWAIT
#include <fcntl.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <thread>

#include "api/front/connection.hpp"
#include "api/problem.hpp"
#include "base/log.hpp"

namespace hatchery::api::front {

namespace {

namespace net = boost::asio;
using tcp = net::ip::tcp;
using boost::system::error_code;

constexpr int listen_backlog = 1024;
/// Connections beyond the maximum that are told so; further ones are closed without a word.
constexpr std::size_t told_beyond_maximum = 256;
/// The same of one address beyond its own.
constexpr std::size_t told_beyond_address = 2;
constexpr std::chrono::milliseconds stop_patience{900};

class BeastFront final : public Front {
public:
    BeastFront(FrontOptions options, RequestHandler& handler)
        : io_(std::make_shared<net::io_context>(1)), shared_(std::move(options), handler) {}
    ~BeastFront() override { stop(); }

    base::Result<void> start() override {
        raise_file_limit();
        for (std::size_t i = 0; i < shared_.options.listeners.size(); ++i) {
            if (auto bound = bind(shared_.options.listeners[i]); !bound) return bound;
        }
        for (std::size_t i = 0; i < acceptors_.size(); ++i) accept(i);
        thread_ = std::jthread([this] { run(); });
        return {};
    }

    std::uint16_t port(std::size_t listener) const override {
        return listener < ports_.size() ? ports_[listener] : std::uint16_t{0};
    }

    std::size_t connections() const override { return shared_.count; }

    void stop() override {
        shared_.stop.request_stop();
        if (thread_.joinable()) {
            net::post(*io_, [this] { drain(); });
            {
                std::unique_lock lock(shared_.mutex);
                shared_.emptied.wait_for(lock, stop_patience,
                                         [this] { return drained_ && shared_.count == 0; });
            }
            io_->stop();
            thread_.join();
        }
        shared_.pool.stop();
        // What is left is closed here, and its handlers run, so that nothing holds itself.
        for (const auto& connection : snapshot()) connection->close();
        io_->restart();
        io_->poll();
    }

private:
    void run() {
        while (true) {
            try {
                const auto work = net::make_work_guard(*io_);
                io_->run();
                return;
            } catch (const std::exception& error) {
                base::log_event(base::LogLevel::error, "front_threw", {{"what", error.what()}});
            }
        }
    }

    /// Every connection is a file; the soft limit of many shells is 1024.
    void raise_file_limit() {
        rlimit limit{};
        if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
        const rlim_t wanted =
            std::min<rlim_t>(limit.rlim_max, shared_.options.max_connections + 1024);
        if (limit.rlim_cur >= wanted) return;
        limit.rlim_cur = wanted;
        ::setrlimit(RLIMIT_NOFILE, &limit);
    }

    base::Result<void> bind(const Listener& listener) {
        error_code ec;
        const auto address = net::ip::make_address(
            listener.address == "localhost" ? "127.0.0.1" : listener.address, ec);
        if (ec) {
            return base::fail(base::ErrorKind::invalid,
                              "`" + listener.address + "` is not a numeric address to listen on");
        }
        const tcp::endpoint endpoint(address, listener.port);
        tcp::acceptor acceptor(*io_);
        acceptor.open(endpoint.protocol(), ec);
        if (!ec) acceptor.set_option(net::socket_base::reuse_address(true), ec);
        if (!ec) acceptor.bind(endpoint, ec);
        if (!ec) acceptor.listen(listen_backlog, ec);
        if (ec) {
            return base::fail(base::ErrorKind::unavailable,
                              "cannot listen on " + listener.address + " port " +
                                  std::to_string(listener.port) + ": " + ec.message(),
                              "Choose another port or stop the program that has it.");
        }
        ::fcntl(acceptor.native_handle(), F_SETFD, FD_CLOEXEC);
        ports_.push_back(acceptor.local_endpoint().port());
        acceptors_.push_back(std::move(acceptor));
        return {};
    }

    void accept(std::size_t listener) {
        acceptors_[listener].async_accept(
            [this, listener](const error_code& ec, tcp::socket socket) {
                if (shared_.stopping) {
                    if (!ec) admit(std::move(socket), listener);
                    return;
                }
                if (ec) return accept_later(listener);
                admit(std::move(socket), listener);
                accept(listener);
            });
    }

    /// Accepting fails while the process is out of files: goes on when some may be free again.
    void accept_later(std::size_t listener) {
        const auto timer = std::make_shared<net::steady_timer>(*io_, std::chrono::milliseconds(50));
        timer->async_wait([this, listener, timer](const error_code& ec) {
            if (!ec && !shared_.stopping) accept(listener);
        });
    }

    void admit(tcp::socket socket, std::size_t listener) {
        error_code ec;
        const auto peer = socket.remote_endpoint(ec);
        const std::size_t maximum = shared_.options.max_connections;
        if (ec || shared_.connections.size() >= maximum + told_beyond_maximum) return;
        const bool full = shared_.connections.size() >= maximum;
        const std::string key = core::address_group(peer.address().to_string());
        const bool proxy = is_proxy(peer.address());
        const std::size_t most = proxy ? shared_.options.max_connections_of_proxy
                                       : shared_.options.max_connections_per_address;
        const auto found = shared_.per_address.find(key);
        const std::size_t there = found == shared_.per_address.end() ? 0 : found->second;
        if (there >= most + told_beyond_address) return;
        const int descriptor = socket.release(ec);
        ::fcntl(descriptor, F_SETFD, FD_CLOEXEC);
        const auto connection = make_connection(io_, shared_,
                                                {.descriptor = descriptor,
                                                 .ipv6 = peer.address().is_v6(),
                                                 .listener = listener,
                                                 .peer = peer.address().to_string(),
                                                 .address_key = key,
                                                 .proxy = proxy});
        ++shared_.per_address[key];
        shared_.connections.insert(connection);
        shared_.count = shared_.connections.size();
        if (full || there >= most) {
            connection->refuse(503, full ? "The server has as many connections as it can hold."
                                         : "This address has as many connections as it may.");
        } else {
            connection->start();
            if (shared_.stopping) connection->drain();
        }
    }

    bool is_proxy(const net::ip::address& peer) const {
        return peer.is_loopback() || core::lies_in(peer.to_string(), shared_.options.proxies);
    }

    std::vector<std::shared_ptr<Connection>> snapshot() const {
        return {shared_.connections.begin(), shared_.connections.end()};
    }

    /// What has connected already and would be cut off with the listener.
    void accept_what_waits(std::size_t listener) {
        error_code ec;
        acceptors_[listener].non_blocking(true, ec);
        while (!ec) {
            tcp::socket socket(*io_);
            acceptors_[listener].accept(socket, ec);
            if (!ec) admit(std::move(socket), listener);
        }
    }

    void drain() {
        shared_.stopping = true;
        error_code ignored;
        for (std::size_t i = 0; i < acceptors_.size(); ++i) {
            accept_what_waits(i);
            acceptors_[i].close(ignored);
        }
        for (const auto& connection : snapshot()) connection->drain();
        const std::lock_guard lock(shared_.mutex);
        drained_ = true;
        shared_.emptied.notify_all();
    }

    const std::shared_ptr<net::io_context> io_;
    Shared shared_;
    std::vector<tcp::acceptor> acceptors_;
    std::vector<std::uint16_t> ports_;
    bool drained_ = false;
    std::jthread thread_;
};

}  // namespace

std::unique_ptr<Front> make_front(FrontOptions options, RequestHandler& handler) {
    return std::make_unique<BeastFront>(std::move(options), handler);
}

std::string refusal_bytes(int status, const std::string& detail, const std::string& request_id) {
    const std::string body = problem_body(problem_of_status(status, detail), request_id);
    std::string bytes = "HTTP/1.1 " + std::to_string(status) + " ";
    bytes += status_phrase(status);
    bytes += "\r\nContent-Type: application/problem+json\r\nContent-Length: ";
    bytes += std::to_string(body.size());
    if (status == 503) bytes += "\r\nRetry-After: 1";
    bytes += "\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff";
    bytes += "\r\nX-Request-Id: " + request_id + "\r\nConnection: close\r\n\r\n" + body;
    return bytes;
}

}  // namespace hatchery::api::front
