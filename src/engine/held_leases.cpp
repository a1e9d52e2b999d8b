#include "engine/held_leases.hpp"

#include <unordered_set>

#include "base/log.hpp"

namespace hatchery::engine {

namespace {

using namespace std::chrono_literals;

/// Shorter work ends before its lease matters.
constexpr base::Milliseconds renewed_after = 1s;

}  // namespace

std::shared_ptr<HeldLeases::Held> HeldLeases::hold(const ports::Lease& lease) {
    const std::lock_guard lock(mutex_);
    auto& held = held_[lease.job_id];
    if (!held || held->lease.token != lease.token) {
        held = std::make_shared<Held>();
        held->lease = lease;
        held->since = std::chrono::steady_clock::now();
    }
    return held;
}

void HeldLeases::release(const ports::Lease& lease) {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(lease.job_id);
    // A job that was rescued from this very process may be held again under another token.
    if (found != held_.end() && found->second->lease.token == lease.token) held_.erase(found);
}

bool HeldLeases::stands(const ports::Lease& lease) const {
    const std::lock_guard lock(mutex_);
    const auto found = held_.find(lease.job_id);
    return found != held_.end() && found->second->lease.token == lease.token &&
           found->second->lease.until >= ports_.clock.now();
}

std::vector<ports::Lease> HeldLeases::due_for_renewal() const {
    const auto now = std::chrono::steady_clock::now();
    const auto least = std::min(renewed_after, settings_.lease_for / 3);
    const std::lock_guard lock(mutex_);
    std::vector<ports::Lease> leases;
    for (const auto& [id, held] : held_) {
        if (now - held->since >= least) leases.push_back(held->lease);
    }
    return leases;
}

void HeldLeases::renew() {
    const auto leases = due_for_renewal();
    if (leases.empty()) return;
    const auto until = ports_.clock.now() + settings_.lease_for;
    const auto renewed = ports_.jobs.renew(leases, until);
    if (!renewed) {
        base::log_event(base::LogLevel::warning, "renew_failed",
                        {{"message", renewed.error().message}});
        return stop_expired();
    }
    const std::unordered_set<base::JobId> kept(renewed->kept.begin(), renewed->kept.end());
    const std::unordered_set<base::JobId> cancelled(renewed->cancelled.begin(),
                                                    renewed->cancelled.end());
    const std::lock_guard lock(mutex_);
    for (const auto& lease : leases) {
        const auto found = held_.find(lease.job_id);
        if (found == held_.end() || found->second->lease.token != lease.token) continue;
        const bool is_kept = kept.contains(lease.job_id);
        const bool is_cancelled = cancelled.contains(lease.job_id);
        if (is_kept) found->second->lease.until = until;
        if (is_cancelled) found->second->cancel_requested = true;
        if (!is_kept || is_cancelled) found->second->stop.request_stop();
    }
}

void HeldLeases::stop_expired() {
    const auto now = ports_.clock.now();
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : held_) {
        // Somebody else may work on it by now.
        if (held->lease.until < now) held->stop.request_stop();
    }
}

void HeldLeases::stop_all() {
    const std::lock_guard lock(mutex_);
    for (auto& [id, held] : held_) held->stop.request_stop();
}

void HeldLeases::give_back_all() {
    std::vector<ports::Lease> leases;
    {
        const std::lock_guard lock(mutex_);
        for (const auto& [id, held] : held_) leases.push_back(held->lease);
    }
    if (!leases.empty()) (void)ports_.jobs.give_back(leases, ports_.clock.now());
}

}  // namespace hatchery::engine
