#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/result.hpp"
#include "ports/remote_host.hpp"
#include "remote/call_wait.hpp"
#include "remote/ssh_session.hpp"

namespace hatchery::remote {

/// Which kept connections may serve a target: its address, user, host keys and client key.
[[nodiscard]] std::string target_identity(const ports::SshTarget& target);

/// Keeps idle sessions per target and bounds how many there are at once. Thread-safe; must outlive
/// its leases.
class SessionPool {
    struct Host;

public:
    struct Limits {
        std::size_t max_sessions_per_host;
        std::chrono::milliseconds idle_timeout;
        std::chrono::milliseconds connect_timeout;
    };

    explicit SessionPool(Limits limits);
    ~SessionPool();
    SessionPool(const SessionPool&) = delete;
    SessionPool& operator=(const SessionPool&) = delete;

    /// One session for one caller. Unless keep() is called, the session is closed at the end.
    class Lease {
    public:
        Lease(Lease&& other) noexcept = default;
        Lease& operator=(Lease&&) = delete;
        ~Lease();
        [[nodiscard]] SshSession& session() const { return *session_; }
        /// Whether the session served somebody before.
        [[nodiscard]] bool reused() const { return reused_; }
        /// How far a reused session may be trusted without an answer from its peer.
        [[nodiscard]] SshSession::Trust trust() const { return trust_; }
        /// Puts the session back: it is in order.
        void keep();

    private:
        friend class SessionPool;
        Lease(SessionPool* pool, std::shared_ptr<Host> host)
            : pool_(pool), host_(std::move(host)) {}
        SessionPool* pool_;
        std::shared_ptr<Host> host_;
        std::unique_ptr<SshSession> session_;
        unsigned generation_ = 0;
        bool reused_ = false;
        SshSession::Trust trust_ = SshSession::Trust::prepared_channel;
    };

    /// The session used last, else a new one; waits for a place when all are in use. Errors as
    /// SshSession::connect, all with Effect::none.
    [[nodiscard]] base::Result<Lease> lease(const ports::SshTarget& target, const CallWait& wait);
    /// Closes idle sessions of this target, and those in use when they come back.
    void forget(const std::string& identity);
    /// The same for all targets at this address.
    void forget_address(const std::string& host, std::uint16_t port);

private:
    struct Idle {
        std::unique_ptr<SshSession> session;
        std::chrono::steady_clock::time_point since;
    };
    struct Host {
        std::string address;
        std::vector<Idle> idle;
        std::size_t in_use = 0;
        /// Counts forget(): sessions leased before it are not kept.
        unsigned generation = 0;
        std::condition_variable_any freed;
    };

    [[nodiscard]] base::Result<void> take_place(Lease& lease, std::unique_lock<std::mutex>& lock,
                                                const CallWait& wait);
    void give_back(Lease& lease, bool keep);
    void close_idle_for_long(const std::stop_token& stop);
    static std::vector<Idle> drop_idle(Host& host);

    const Limits limits_;
    std::mutex mutex_;
    std::map<std::string, std::shared_ptr<Host>> hosts_;
    std::condition_variable_any wake_reaper_;
    std::jthread reaper_;
};

}  // namespace hatchery::remote
