#include "remote/session_pool.hpp"

#include <algorithm>
#include <utility>

#include "remote/content_hash.hpp"

namespace hatchery::remote {

namespace {

using base::Result;
using Clock = std::chrono::steady_clock;

/// A session silent for longer may have lost its peer without a trace (a power cut, a firewall
/// that forgot the connection).
constexpr std::chrono::seconds trusted_for{5};

std::string address_of(const std::string& host, std::uint16_t port) {
    return host + '\n' + std::to_string(port);
}

}  // namespace

std::string target_identity(const ports::SshTarget& target) {
    std::string identity = address_of(target.host, target.port) + '\n' + target.user;
    for (const std::string& key : target.host_keys) identity += '\n' + key;
    return identity + '\n' + content_hash(target.private_key.reveal());
}

SessionPool::SessionPool(Limits limits)
    : limits_(limits),
      reaper_([this](const std::stop_token& stop) { close_idle_for_long(stop); }) {}

SessionPool::~SessionPool() = default;

SessionPool::Lease::~Lease() {
    if (host_) pool_->give_back(*this, false);
}

void SessionPool::Lease::keep() {
    pool_->give_back(*this, session_->prepare_channel());
    host_.reset();
}

Result<SessionPool::Lease> SessionPool::lease(const ports::SshTarget& target,
                                              const CallWait& wait) {
    std::unique_lock lock(mutex_);
    auto& entry = hosts_[target_identity(target)];
    if (!entry) {
        entry = std::make_shared<Host>();
        entry->address = address_of(target.host, target.port);
    }
    Lease lease(nullptr, entry);
    if (auto placed = take_place(lease, lock, wait); !placed) {
        lease.host_.reset();
        return tl::unexpected(placed.error());
    }
    lock.unlock();
    if (lease.session_ && !lease.session_->peer_has_closed()) return lease;
    lease.session_.reset();
    lease.reused_ = false;
    lease.trust_ = SshSession::Trust::prepared_channel;
    const CallWait connect_wait(wait.call().at_most(limits_.connect_timeout));
    auto session = SshSession::connect(target, connect_wait);
    if (!session) return tl::unexpected(session.error());
    lease.session_ = std::move(*session);
    return lease;
}

Result<void> SessionPool::take_place(Lease& lease, std::unique_lock<std::mutex>& lock,
                                     const CallWait& wait) {
    Host& host = *lease.host_;
    const auto free = [&] {
        return !host.idle.empty() || host.in_use < limits_.max_sessions_per_host;
    };
    if (!host.freed.wait_until(lock, wait.call().stop, wait.call().deadline, free)) {
        return base::fail(wait.ended().value_or(
            base::fail(base::ErrorKind::timeout, "no connection to the server became free")
                .value()));
    }
    lease.pool_ = this;
    lease.generation_ = host.generation;
    ++host.in_use;
    if (host.idle.empty()) return {};
    lease.session_ = std::move(host.idle.back().session);
    lease.reused_ = true;
    if (Clock::now() - host.idle.back().since > trusted_for) {
        lease.trust_ = SshSession::Trust::answer_wanted;
    }
    host.idle.pop_back();
    return {};
}

void SessionPool::give_back(Lease& lease, bool keep) {
    std::unique_ptr<SshSession> closing;
    {
        const std::scoped_lock lock(mutex_);
        Host& host = *lease.host_;
        --host.in_use;
        if (keep && lease.generation_ == host.generation) {
            host.idle.push_back({std::move(lease.session_), Clock::now()});
        } else {
            closing = std::move(lease.session_);
        }
        host.freed.notify_one();
    }
}

std::vector<SessionPool::Idle> SessionPool::drop_idle(Host& host) {
    ++host.generation;
    return std::exchange(host.idle, {});
}

void SessionPool::forget(const std::string& identity) {
    std::vector<Idle> closing;
    const std::scoped_lock lock(mutex_);
    const auto found = hosts_.find(identity);
    if (found != hosts_.end()) closing = drop_idle(*found->second);
}

void SessionPool::forget_address(const std::string& host, std::uint16_t port) {
    const std::string address = address_of(host, port);
    std::vector<Idle> closing;
    const std::scoped_lock lock(mutex_);
    for (auto& [identity, entry] : hosts_) {
        if (entry->address != address) continue;
        for (Idle& one : drop_idle(*entry)) closing.push_back(std::move(one));
    }
}

void SessionPool::close_idle_for_long(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    const auto period = std::max(limits_.idle_timeout / 4, std::chrono::milliseconds{10});
    while (!stop.stop_requested()) {
        wake_reaper_.wait_for(lock, stop, period, [] { return false; });
        std::vector<Idle> closing;
        const auto limit = Clock::now() - limits_.idle_timeout;
        for (auto entry = hosts_.begin(); entry != hosts_.end();) {
            auto& idle = entry->second->idle;
            // The oldest lie in front: the last one used is the first one taken.
            const auto keep_from = std::find_if(idle.begin(), idle.end(),
                                                [&](const Idle& one) { return one.since > limit; });
            std::move(idle.begin(), keep_from, std::back_inserter(closing));
            idle.erase(idle.begin(), keep_from);
            // Nobody else holds it: no lease, no waiting caller.
            const bool unused = idle.empty() && entry->second.use_count() == 1;
            entry = unused ? hosts_.erase(entry) : std::next(entry);
        }
        lock.unlock();
        closing.clear();
        lock.lock();
    }
}

}  // namespace hatchery::remote
