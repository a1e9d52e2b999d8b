#include "sandbox/web/web_server.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cctype>
#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>

#include "base/log.hpp"

namespace hatchery::sandbox {
namespace {

constexpr int listen_backlog = 1024;
constexpr int io_timeout_ms = 30'000;

std::string lower_case(std::string text) {
    std::transform(text.begin(), text.end(), text.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return text;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::string form_decode(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+') {
            out += ' ';
        } else if (text[i] == '%' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
                   hex_digit(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// A connection as httplib reads and writes it. Buffered, because httplib reads headers byte by
/// byte.
class SocketStream final : public httplib::Stream {
public:
    explicit SocketStream(int fd) : fd_(fd) {}

    [[nodiscard]] bool is_readable() const override { return begin_ < end_ || wait(POLLIN, 0); }
    [[nodiscard]] bool is_writable() const override { return !dropped_ && wait(POLLOUT, 0); }

    ssize_t read(char* target, std::size_t size) override {
        if (begin_ == end_ && !fill(io_timeout_ms)) return -1;
        const std::size_t count = std::min(size, end_ - begin_);
        std::memcpy(target, buffer_.data() + begin_, count);
        begin_ += count;
        return static_cast<ssize_t>(count);
    }

    ssize_t write(const char* source, std::size_t size) override {
        if (dropped_) return -1;
        std::size_t sent = 0;
        while (sent < size) {
            if (!wait(POLLOUT, io_timeout_ms)) return -1;
            const ssize_t count = ::send(fd_, source + sent, size - sent, MSG_NOSIGNAL);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return -1;
            sent += static_cast<std::size_t>(count);
        }
        return static_cast<ssize_t>(size);
    }

    void get_remote_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    void get_local_ip_and_port(std::string& ip, int& port) const override {
        ip.clear();
        port = 0;
    }
    [[nodiscard]] socket_t socket() const override { return fd_; }

    /// Waits until the next request begins. False: closed or idle for too long.
    bool await_request(int timeout_ms) { return begin_ < end_ || fill(timeout_ms); }
    /// Lets every later write fail.
    void drop() { dropped_ = true; }
    [[nodiscard]] bool dropped() const { return dropped_; }

private:
    [[nodiscard]] bool wait(short events, int timeout_ms) const {
        pollfd entry{.fd = fd_, .events = events, .revents = 0};
        int ready = 0;
        do {
            ready = ::poll(&entry, 1, timeout_ms);
        } while (ready < 0 && errno == EINTR);
        return ready > 0;
    }

    bool fill(int timeout_ms) {
        if (!wait(POLLIN, timeout_ms)) return false;
        ssize_t count = 0;
        do {
            count = ::recv(fd_, buffer_.data(), buffer_.size(), 0);
        } while (count < 0 && errno == EINTR);
        if (count <= 0) return false;
        begin_ = 0;
        end_ = static_cast<std::size_t>(count);
        return true;
    }

    int fd_;
    bool dropped_ = false;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
    std::array<char, 16384> buffer_{};
};

/// The connection that this thread serves, for a handler's wish to drop it.
thread_local SocketStream* current_stream = nullptr;

bool has_body(const httplib::Request& request) {
    return request.has_header("Transfer-Encoding") ||
           (request.has_header("Content-Length") &&
            request.get_header_value("Content-Length") != "0");
}

WebRequest to_web_request(const httplib::Request& from) {
    WebRequest to;
    to.method = from.method;
    to.path = from.path;
    to.query = from.params;
    for (const auto& [name, value] : from.headers) {
        to.headers.emplace(lower_case(name), value);
    }
    return to;
}

/// False when the body is longer than allowed or broken.
bool read_body(const httplib::Request& from, const httplib::ContentReader& reader,
               std::size_t max_bytes, WebRequest& to) {
    std::size_t total = 0;
    if (!from.is_multipart_form_data()) {
        return reader([&](const char* data, std::size_t size) {
            total += size;
            if (total > max_bytes) return false;
            to.body.append(data, size);
            return true;
        });
    }
    auto part = to.parts.end();
    return reader(
        [&](const httplib::MultipartFormData& header) {
            if (to.parts.size() >= 256) return false;
            part = to.parts.emplace(header.name, WebPart{.filename = header.filename,
                                                         .content_type = header.content_type,
                                                         .content = {}});
            return true;
        },
        [&](const char* data, std::size_t size) {
            total += size;
            if (total > max_bytes) return false;
            part->second.content.append(data, size);
            return true;
        });
}

/// httplib's parser and router without its listener: that one gives every connection five
/// requests, polls idle connections a hundred times a second and takes seconds to stop.
class Front final : public httplib::Server {
public:
    /// Chunked answers of httplib end when this is no socket.
    void set_listener(int fd) { svr_sock_ = fd; }
    void close_listener() { svr_sock_ = INVALID_SOCKET; }

    /// Serves one request. False when the connection must end.
    bool serve_one(SocketStream& stream) {
        bool closed = false;
        bool must_close = false;
        const auto setup = [&](httplib::Request& request) {
            // httplib leaves the body of such a request in the stream, where it would be taken
            // for the next request.
            const bool reads_body =
                request.method != "GET" && request.method != "HEAD" && request.method != "OPTIONS";
            must_close = !reads_body && has_body(request);
            request.headers.erase("Range");
        };
        current_stream = &stream;
        const bool served = process_request(stream, false, closed, setup);
        current_stream = nullptr;
        return served && !closed && !must_close && !stream.dropped();
    }
};

void send_web_response(WebResponse from, httplib::Response& to) {
    if (from.drop_connection && current_stream != nullptr) {
        current_stream->drop();
    }
    to.status = from.status;
    for (const auto& [name, value] : from.headers) {
        to.set_header(name, value);
    }
    if (!from.stream) {
        to.set_content(std::move(from.body), from.content_type.c_str());
        return;
    }
    to.set_chunked_content_provider(
        from.content_type, [stream = std::move(from.stream)](std::size_t, httplib::DataSink& sink) {
            bool alive = true;
            stream([&](std::string_view piece) {
                alive = alive && sink.is_writable() && sink.write(piece.data(), piece.size());
                return alive;
            });
            if (alive) sink.done();
            return alive;
        });
}

}  // namespace

class WebServer::Impl {
public:
    Impl(WebServerOptions options, Handler handler)
        : options_(options), handler_(std::move(handler)) {
        const auto plain = [this](const httplib::Request& request, httplib::Response& response) {
            answer(to_web_request(request), response);
        };
        const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& reader) {
            WebRequest web = to_web_request(request);
            if (has_body(request) && !read_body(request, reader, options_.max_body_bytes, web)) {
                response.status = 413;
                response.set_header("Connection", "close");
                return;
            }
            answer(web, response);
        };
        front_.Get(".*", plain);
        front_.Options(".*", plain);
        front_.Post(".*", with_body);
        front_.Put(".*", with_body);
        front_.Patch(".*", with_body);
        front_.Delete(".*", with_body);
        front_.set_payload_max_length(options_.max_body_bytes);
        // Only what the Keep-Alive header promises; serve() keeps a little more.
        front_.set_keep_alive_max_count(1'000'000);
        front_.set_keep_alive_timeout(options_.keep_alive.count() / 1000 - 1);
    }

    ~Impl() { stop(); }

    bool start(const std::string& host, int port, std::string& error) {
        host_ = host;
        listener_ = open_listener(host, port, error);
        if (listener_ < 0) return false;
        front_.set_listener(listener_);
        stopping_ = false;
        acceptor_ = std::thread([this] { accept_connections(); });
        return true;
    }

    void stop() {
        if (!acceptor_.joinable()) return;
        stopping_ = true;
        front_.close_listener();
        ::shutdown(listener_, SHUT_RDWR);
        {
            std::unique_lock lock(mutex_);
            for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
            changed_.notify_all();
        }
        acceptor_.join();
        ::close(listener_);
        std::unique_lock lock(mutex_);
        for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
        changed_.wait(lock, [this] { return running_ == 0; });
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] std::string origin() const {
        const bool v6 = host_.find(':') != std::string::npos;
        return "http://" + (v6 ? "[" + host_ + "]" : host_) + ":" + std::to_string(port_);
    }

private:
    void answer(const WebRequest& request, httplib::Response& response) {
        try {
            send_web_response(handler_(request), response);
        } catch (const std::exception& problem) {
            base::log_event(base::LogLevel::error, "sandbox_handler_failed",
                            {{"method", request.method}, {"problem", problem.what()}});
            response.status = 500;
            response.set_content("{\"error\":\"internal\"}", "application/json");
        }
    }

    int open_listener(const std::string& host, int port, std::string& error) {
        addrinfo hints{};
        hints.ai_socktype = SOCK_STREAM;
        hints.ai_flags = AI_PASSIVE;
        addrinfo* found = nullptr;
        const std::string where = host + ":" + std::to_string(port);
        if (const int code =
                ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
            code != 0) {
            error = "cannot listen on " + where + ": " + ::gai_strerror(code);
            return -1;
        }
        const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> guard(found, &::freeaddrinfo);
        const int fd = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
        const int on = 1;
        if (fd >= 0) ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        if (fd < 0 || ::bind(fd, found->ai_addr, found->ai_addrlen) != 0 ||
            ::listen(fd, listen_backlog) != 0) {
            error = "cannot listen on " + where + ": " + std::generic_category().message(errno);
            if (fd >= 0) ::close(fd);
            return -1;
        }
        sockaddr_storage bound{};
        socklen_t size = sizeof bound;
        ::getsockname(fd, reinterpret_cast<sockaddr*>(&bound), &size);
        port_ = bound.ss_family == AF_INET6
                    ? ntohs(reinterpret_cast<const sockaddr_in6*>(&bound)->sin6_port)
                    : ntohs(reinterpret_cast<const sockaddr_in*>(&bound)->sin_port);
        return fd;
    }

    void accept_connections() {
        while (!stopping_) {
            {
                std::unique_lock lock(mutex_);
                changed_.wait(lock,
                              [this] { return stopping_ || running_ < options_.max_connections; });
            }
            if (stopping_) return;
            const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
            if (fd < 0) {
                if (stopping_) return;
                if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
                    std::this_thread::sleep_for(std::chrono::milliseconds(50));
                }
                continue;
            }
            const int on = 1;
            ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            const std::scoped_lock lock(mutex_);
            open_.insert(fd);
            ++running_;
            std::thread([this, fd] { serve(fd); }).detach();
        }
    }

    /// Ends by telling stop() under the mutex, so that nothing of this object is touched later.
    void serve(int fd) {
        {
            SocketStream stream(fd);
            const int keep_alive_ms = static_cast<int>(options_.keep_alive.count());
            while (!stopping_ && stream.await_request(keep_alive_ms) && front_.serve_one(stream)) {
            }
        }
        const std::scoped_lock lock(mutex_);
        open_.erase(fd);
        ::close(fd);
        --running_;
        changed_.notify_all();
    }

    WebServerOptions options_;
    Handler handler_;
    Front front_;
    std::string host_;
    int port_ = 0;
    int listener_ = -1;
    std::atomic<bool> stopping_{false};
    std::thread acceptor_;
    std::mutex mutex_;
    std::condition_variable changed_;
    std::set<int> open_;       // guarded by mutex_
    std::size_t running_ = 0;  // guarded by mutex_
};

WebServer::WebServer(WebServerOptions options, Handler handler)
    : impl_(std::make_unique<Impl>(options, std::move(handler))) {}
WebServer::~WebServer() = default;
bool WebServer::start(const std::string& host, int port, std::string& error) {
    return impl_->start(host, port, error);
}
int WebServer::port() const { return impl_->port(); }
std::string WebServer::origin() const { return impl_->origin(); }
void WebServer::stop() { impl_->stop(); }

std::string WebRequest::header(const std::string& lower_case_name) const {
    const auto found = headers.find(lower_case_name);
    return found == headers.end() ? std::string() : found->second;
}

std::string WebRequest::param(const std::string& name) const {
    const auto found = query.find(name);
    return found == query.end() ? std::string() : found->second;
}

std::multimap<std::string, std::string> parse_form(std::string_view text) {
    std::multimap<std::string, std::string> out;
    while (!text.empty()) {
        const std::size_t end = text.find('&');
        const std::string_view pair = text.substr(0, end);
        text = end == std::string_view::npos ? std::string_view() : text.substr(end + 1);
        const std::size_t equals = pair.find('=');
        if (pair.empty()) continue;
        out.emplace(form_decode(pair.substr(0, equals)),
                    equals == std::string_view::npos ? std::string()
                                                     : form_decode(pair.substr(equals + 1)));
    }
    return out;
}

}  // namespace hatchery::sandbox
