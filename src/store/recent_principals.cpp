#include "store/recent_principals.hpp"

#include <mutex>
#include <unordered_map>
#include <utility>

namespace hatchery::store {

namespace {

using base::Result;

/// Callers within one `keep_for`; beyond it everything is forgotten, which costs a look-up each.
constexpr std::size_t most_kept = 10'000;

class RecentPrincipals final : public TokenRepository {
public:
    RecentPrincipals(std::unique_ptr<TokenRepository> inner, Notifications& notifications,
                     base::Clock& clock, base::Milliseconds keep_for)
        : inner_(std::move(inner)),
          notifications_(notifications),
          clock_(clock),
          keep_for_(keep_for),
          subscription_(
              notifications.subscribe(Channel::access, [this](const auto&) { forget(); })) {}

    Result<User> get_or_create_user(const std::string& email, UserRole role) override {
        return inner_->get_or_create_user(email, role);
    }
    Result<User> find_user(const base::UserId& id) override { return inner_->find_user(id); }
    Result<User> find_user_by_email(const std::string& email) override {
        return inner_->find_user_by_email(email);
    }
    Result<void> set_role(const base::UserId& id, UserRole role) override {
        auto done = inner_->set_role(id, role);
        forget();
        return done;
    }
    Result<ApiToken> create(const NewApiToken& token) override { return inner_->create(token); }
    Result<std::vector<ApiToken>> list(const base::UserId& user,
                                       const std::optional<base::ApiTokenId>& before,
                                       int limit) override {
        return inner_->list(user, before, limit);
    }
    Result<void> revoke(const base::ApiTokenId& token,
                        const std::optional<base::UserId>& user) override {
        auto done = inner_->revoke(token, user);
        forget();
        return done;
    }

    Result<Principal> find_principal(const std::string& hash_hex, Freshness freshness) override {
        if (freshness == Freshness::current || keep_for_.count() == 0 ||
            !notifications_.listening()) {
            return inner_->find_principal(hash_hex, freshness);
        }
        const auto now = clock_.now();
        std::uint64_t generation = 0;
        {
            const std::lock_guard lock(mutex_);
            generation = generation_;
            const auto found = kept_.find(hash_hex);
            if (found != kept_.end() && is_good(found->second, now)) {
                return found->second.principal;
            }
        }
        auto principal = inner_->find_principal(hash_hex, freshness);
        if (principal) keep(hash_hex, *principal, now, generation);
        return principal;
    }

private:
    struct Kept {
        Principal principal;
        base::TimePoint at;
    };

    [[nodiscard]] bool is_good(const Kept& kept, base::TimePoint now) const {
        const auto& ends = kept.principal.expires_at;
        return now >= kept.at && now - kept.at < keep_for_ && (!ends || *ends > now);
    }

    /// Not when something was revoked since the look-up began: it may have read the state before.
    void keep(const std::string& hash_hex, const Principal& principal, base::TimePoint at,
              std::uint64_t generation) {
        const std::lock_guard lock(mutex_);
        if (generation != generation_) return;
        if (kept_.size() >= most_kept) kept_.clear();
        kept_.insert_or_assign(hash_hex, Kept{.principal = principal, .at = at});
    }

    void forget() {
        const std::lock_guard lock(mutex_);
        ++generation_;
        kept_.clear();
    }

    const std::unique_ptr<TokenRepository> inner_;
    Notifications& notifications_;
    base::Clock& clock_;
    const base::Milliseconds keep_for_;
    std::mutex mutex_;
    std::unordered_map<std::string, Kept> kept_;
    std::uint64_t generation_ = 0;
    // Last: its callback uses the rest.
    const std::unique_ptr<Notifications::Subscription> subscription_;
};

}  // namespace

std::unique_ptr<TokenRepository> make_recent_principals(std::unique_ptr<TokenRepository> inner,
                                                        Notifications& notifications,
                                                        base::Clock& clock,
                                                        base::Milliseconds keep_for) {
    return std::make_unique<RecentPrincipals>(std::move(inner), notifications, clock, keep_for);
}

}  // namespace hatchery::store
