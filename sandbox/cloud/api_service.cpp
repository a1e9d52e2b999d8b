#include "sandbox/cloud/api_service.hpp"

#include <arpa/inet.h>
#include <httplib.h>
#include <sys/socket.h>

#include <atomic>
#include <filesystem>
#include <string_view>
#include <thread>

namespace hatchery::sandbox {
namespace {

constexpr std::size_t kThreads = 128;
constexpr std::size_t kMaxBodyBytes = 1024 * 1024;
constexpr int kBacklog = 1024;
constexpr int kKeepAliveRequests = 10'000;
constexpr int kKeepAliveSeconds = 2;

/// The library listens with a backlog of 5, which costs bursts of clients a second each.
class ListeningServer : public httplib::Server {
public:
    void widen_backlog() { ::listen(svr_sock_, kBacklog); }
};

/// Ends this process' connection with the peer `ip`:`port` without another byte. The library has
/// no way to say so: handlers do not see their socket.
void cut_connection(const std::string& ip, int port) {
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd", error)) {
        const int fd = std::atoi(entry.path().filename().c_str());
        sockaddr_in peer{};
        socklen_t length = sizeof peer;
        if (::getpeername(fd, reinterpret_cast<sockaddr*>(&peer), &length) != 0 ||
            peer.sin_family != AF_INET || ntohs(peer.sin_port) != port) {
            continue;
        }
        char text[INET_ADDRSTRLEN];
        if (::inet_ntop(AF_INET, &peer.sin_addr, text, sizeof text) != nullptr && ip == text) {
            ::shutdown(fd, SHUT_RDWR);
        }
    }
}

ApiCall to_call(const httplib::Request& request, const std::string& body) {
    return {.method = request.method,
            .path = request.path,
            .query = {request.params.begin(), request.params.end()},
            .authorization = request.get_header_value("Authorization"),
            .body = body};
}

}  // namespace

class ApiService::Impl {
public:
    Impl(Handler handle, std::string prefix, Log log)
        : handle_(std::move(handle)), prefix_(std::move(prefix)), log_(std::move(log)) {
        server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
        // Without the library's SO_REUSEPORT, which would let two sandboxes share a port in
        // silence.
        server_.set_socket_options([](socket_t socket) {
            const int on = 1;
            ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
        });
        server_.set_tcp_nodelay(true);
        server_.set_keep_alive_max_count(kKeepAliveRequests);
        server_.set_keep_alive_timeout(kKeepAliveSeconds);
        server_.set_payload_max_length(kMaxBodyBytes);
        server_.set_exception_handler([](const httplib::Request&, httplib::Response& response,
                                         std::exception_ptr) { response.status = 500; });
        const auto without_body = [this](const httplib::Request& request,
                                         httplib::Response& response) {
            answer(request, "", response);
        };
        // The library reads a POST that announces no body until the peer hangs up, so it is asked
        // to read only announced ones.
        const auto with_body = [this](const httplib::Request& request, httplib::Response& response,
                                      const httplib::ContentReader& read) {
            std::string body;
            if (request.has_header("Content-Length") || request.has_header("Transfer-Encoding")) {
                read([&body](const char* data, std::size_t size) {
                    body.append(data, size);
                    return body.size() <= kMaxBodyBytes;
                });
            }
            answer(request, body, response);
        };
        constexpr const char* kAnyPath = "/.*";
        server_.Get(kAnyPath, without_body);
        server_.Post(kAnyPath, with_body);
        server_.Put(kAnyPath, with_body);
        server_.Patch(kAnyPath, with_body);
        server_.Delete(kAnyPath, with_body);
    }

    bool start(const std::string& host, int port, std::string& error) {
        host_ = host;
        port_ = port;
        const bool bound = port == 0 ? (port_ = server_.bind_to_any_port(host)) > 0
                                     : server_.bind_to_port(host, port);
        if (!bound) {
            error = "cannot listen on " + host + ":" + std::to_string(port);
            port_ = 0;
            return false;
        }
        server_.widen_backlog();
        thread_ = std::thread([this] { server_.listen_after_bind(); });
        return true;
    }

    void stop() {
        if (thread_.joinable()) {
            // stop() does nothing before the thread has reached its loop.
            while (!server_.is_running()) {
                std::this_thread::yield();
            }
            server_.stop();
            thread_.join();
        }
    }

    [[nodiscard]] int port() const { return port_; }
    [[nodiscard]] const std::string& host() const { return host_; }
    [[nodiscard]] const std::string& prefix() const { return prefix_; }

private:
    void answer(const httplib::Request& request, const std::string& body,
                httplib::Response& response) {
        const ApiAnswer answer = handle_(to_call(request, body));
        log_("event=call method=" + request.method + " path=" + request.path +
             " status=" + std::to_string(answer.status) + (answer.lost ? " lost=yes" : ""));
        if (answer.lost) {
            cut_connection(request.remote_addr, request.remote_port);
        }
        response.status = answer.status;
        for (const auto& [name, value] : answer.headers) {
            response.set_header(name, value);
        }
        if (!answer.body.is_null()) {
            response.set_content(
                answer.body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace),
                "application/json");
        }
    }

    Handler handle_;
    std::string prefix_;
    Log log_;
    ListeningServer server_;
    std::string host_;
    int port_ = 0;
    std::thread thread_;
};

ApiService::ApiService(Handler handle, std::string prefix, Log log)
    : impl_(std::make_unique<Impl>(std::move(handle), std::move(prefix), std::move(log))) {}

ApiService::~ApiService() { stop(); }

bool ApiService::start(const std::string& host, int port, std::string& error) {
    return impl_->start(host, port, error);
}

int ApiService::port() const { return impl_->port(); }

std::string ApiService::base_url() const {
    return "http://" + impl_->host() + ":" + std::to_string(impl_->port()) + impl_->prefix();
}

void ApiService::stop() { impl_->stop(); }

}  // namespace hatchery::sandbox
