#include "remote/ssh_tunnel.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "remote/tcp_connect.hpp"
#include "remote/tunnel_pump.hpp"
#include "remote/tunnel_socket.hpp"

namespace hatchery::remote {

namespace {

/// How long no connection is taken after the process ran out of files.
constexpr int rest_ms = 50;

class SshTunnel final : public ports::Tunnel {
public:
    SshTunnel(std::unique_ptr<SshSession> session, SshChannel* control, TunnelSocket socket,
              UniqueFd wake, std::uint16_t remote_port)
        : session_(std::move(session)),
          socket_(std::move(socket)),
          path_(socket_.path()),
          wake_(std::move(wake)),
          thread_([this, control, remote_port](const std::stop_token& stop) {
              carry(stop, control, remote_port);
          }) {}

    ~SshTunnel() override {
        thread_.request_stop();
        const std::uint64_t one = 1;
        [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof one);
        thread_.join();
    }
    SshTunnel(const SshTunnel&) = delete;
    SshTunnel& operator=(const SshTunnel&) = delete;

    std::string socket_path() const override { return path_; }
    bool alive() const override { return alive_.load(std::memory_order_acquire); }

private:
    void carry(const std::stop_token& stop, SshChannel* control, std::uint16_t remote_port) {
        {
            TunnelPump pump(*session_, control, remote_port);
            std::vector<TunnelPump::Interest> interests;
            std::vector<pollfd> waits;
            // Then the socket stays readable, and waiting for it would be no waiting.
            bool out_of_files = false;
            while (!stop.stop_requested() && pump.run_once()) {
                interests.clear();
                pump.collect(interests);
                waits.clear();
                const bool takes = pump.has_room() && !out_of_files;
                waits.push_back({.fd = wake_.get(), .events = POLLIN, .revents = 0});
                waits.push_back({.fd = takes ? socket_.fd() : -1, .events = POLLIN, .revents = 0});
                for (const auto& one : interests) {
                    waits.push_back({.fd = one.fd, .events = one.events, .revents = 0});
                }
                quick_ack(session_->socket());
                const int limit = out_of_files ? rest_ms : -1;
                if (::poll(waits.data(), waits.size(), limit) < 0 && errno != EINTR) break;
                out_of_files = waits[1].revents != 0 && !accept_all(pump);
            }
        }
        alive_.store(false, std::memory_order_release);
        socket_.close();
        session_.reset();
        if (!stop.stop_requested()) base::log_event(base::LogLevel::warning, "tunnel_broken");
    }

    /// False when the process is out of files, or the system of what a connection needs.
    bool accept_all(TunnelPump& pump) {
        while (pump.has_room()) {
            UniqueFd client(
                ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
            if (!client.valid()) {
                return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ||
                       errno == ECONNABORTED;
            }
            pump.add(std::move(client));
        }
        return true;
    }

    std::unique_ptr<SshSession> session_;
    TunnelSocket socket_;
    const std::string path_;
    UniqueFd wake_;
    std::atomic<bool> alive_{true};
    std::jthread thread_;
};

}  // namespace

base::Result<std::unique_ptr<ports::Tunnel>> make_ssh_tunnel(std::unique_ptr<SshSession> session,
                                                             std::uint16_t remote_port,
                                                             const std::string& socket_dir,
                                                             const CallWait& wait) {
    auto control = session->open_channel(SshSession::Trust::prepared_channel, wait);
    if (!control) return tl::unexpected(control.error());
    auto socket = TunnelSocket::make(socket_dir);
    if (!socket) return tl::unexpected(socket.error());
    UniqueFd wake(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake.valid()) return base::fail(base::ErrorKind::internal, "no eventfd for a tunnel");
    return std::make_unique<SshTunnel>(std::move(session), *control, std::move(*socket),
                                       std::move(wake), remote_port);
}

}  // namespace hatchery::remote
