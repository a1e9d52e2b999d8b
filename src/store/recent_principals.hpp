#pragma once

#include <memory>

#include "base/clock.hpp"
#include "store/notifications.hpp"
#include "store/token_repository.hpp"

namespace hatchery::store {

/// The same repository, which answers `Freshness::recent` from memory while what it knows is at
/// most `keep_for` old. Everything is forgotten when a token is revoked or a role changes: at once
/// when it happens through this object, and as soon as the database tells when it happens anywhere
/// else. While the database cannot tell, nothing is kept. Zero keeps nothing. `inner` and
/// `notifications` must outlive it. Thread-safe.
[[nodiscard]] std::unique_ptr<TokenRepository> make_recent_principals(
    std::unique_ptr<TokenRepository> inner, Notifications& notifications, base::Clock& clock,
    base::Milliseconds keep_for);

}  // namespace hatchery::store
