#include "support/net/http_test_server.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <optional>
#include <stdexcept>

namespace hatchery::support {

namespace {

std::string lower(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::tolower(c); });
    return text;
}

int listen_on_loopback(int& port) {
    const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (bind(listener, generic, size) != 0 || listen(listener, 128) != 0 ||
        getsockname(listener, generic, &size) != 0) {
        throw std::runtime_error("the test server gets no port");
    }
    port = ntohs(address.sin_port);
    return listener;
}

int listen_on_unix_socket(const std::string& path) {
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("socket path too long");
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    if (bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
        listen(listener, 128) != 0) {
        throw std::runtime_error("the test server gets no unix socket");
    }
    return listener;
}

/// Takes one whole request off the front of the bytes read so far, if there is one.
std::optional<SeenRequest> take_request(std::string& bytes) {
    const auto head_end = bytes.find("\r\n\r\n");
    if (head_end == std::string::npos) return std::nullopt;
    SeenRequest request;
    const std::string head = bytes.substr(0, head_end + 2);
    const auto first_end = head.find("\r\n");
    const auto first_space = head.find(' ');
    const auto second_space = head.find(' ', first_space + 1);
    request.method = head.substr(0, first_space);
    request.target = head.substr(first_space + 1, second_space - first_space - 1);
    for (auto at = first_end + 2; at < head.size();) {
        const auto end = head.find("\r\n", at);
        const auto colon = head.find(':', at);
        auto value = head.substr(colon + 1, end - colon - 1);
        value.erase(0, value.find_first_not_of(' '));
        request.headers[lower(head.substr(at, colon - at))] = value;
        at = end + 2;
    }
    const auto length = request.headers.find("content-length");
    const std::size_t body_size = length == request.headers.end() ? 0 : std::stoul(length->second);
    if (bytes.size() < head_end + 4 + body_size) return std::nullopt;
    request.body = bytes.substr(head_end + 4, body_size);
    bytes.erase(0, head_end + 4 + body_size);
    return request;
}

bool send_all(int socket, const std::string& bytes) {
    std::size_t sent = 0;
    while (sent < bytes.size()) {
        const auto count = send(socket, bytes.data() + sent, bytes.size() - sent, MSG_NOSIGNAL);
        if (count <= 0) return false;
        sent += static_cast<std::size_t>(count);
    }
    return true;
}

}  // namespace

HttpTestServer::HttpTestServer(Handler handler, std::string unix_socket)
    : handler_(std::move(handler)), unix_socket_(std::move(unix_socket)) {
    listener_ =
        unix_socket_.empty() ? listen_on_loopback(port_) : listen_on_unix_socket(unix_socket_);
    acceptor_ = std::thread([this] { accept_all(); });
}

HttpTestServer::~HttpTestServer() {
    stopping_ = true;
    shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
        const std::scoped_lock lock(mutex_);
        for (const int socket : sockets_) shutdown(socket, SHUT_RDWR);
    }
    for (auto& connection : connections_) connection.join();
    for (const int socket : sockets_) close(socket);
    close(listener_);
    if (!unix_socket_.empty()) unlink(unix_socket_.c_str());
}

std::vector<SeenRequest> HttpTestServer::requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
}

bool HttpTestServer::wait_for_requests(std::size_t count) const {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(10),
                             [&] { return requests_.size() >= count; });
}

void HttpTestServer::accept_all() {
    for (int number = 1; !stopping_; ++number) {
        const int socket = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
        if (socket < 0) return;
        const std::scoped_lock lock(mutex_);
        sockets_.push_back(socket);
        connections_.emplace_back([this, socket, number] { serve(socket, number); });
    }
}

void HttpTestServer::serve(int socket, int number) {
    std::string bytes;
    bool answering = true;
    for (;;) {
        char buffer[16'384];
        const auto count = recv(socket, buffer, sizeof buffer, 0);
        if (count <= 0) return;
        bytes.append(buffer, static_cast<std::size_t>(count));
        while (answering) {
            auto request = take_request(bytes);
            if (!request) break;
            request->connection = number;
            {
                const std::scoped_lock lock(mutex_);
                requests_.push_back(*request);
                changed_.notify_all();
            }
            const WireAnswer answer = handler_(*request);
            send_all(socket, answer.bytes);
            if (answer.then == WireAnswer::Then::close) {
                shutdown(socket, SHUT_RDWR);
                return;
            }
            answering = answer.then == WireAnswer::Then::keep;
        }
    }
}

WireAnswer wire_answer(int status, const std::map<std::string, std::string>& headers,
                       const std::string& body) {
    std::string bytes = "HTTP/1.1 " + std::to_string(status) + " Status\r\n";
    for (const auto& [name, value] : headers) bytes += name + ": " + value + "\r\n";
    bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
    return {.bytes = bytes};
}

}  // namespace hatchery::support
