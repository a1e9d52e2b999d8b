#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/ids.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/secret.hpp"
#include "ports/secret_box.hpp"
#include "store/database.hpp"

namespace hatchery::store {

/// A write that its caller may send again under the same key. Hashes are SHA-256 in lower-case
/// hexadecimal.
struct IdempotentRequest {
    base::UserId user;
    std::string key_hash;
    /// Of everything that makes the request what it is.
    std::string request_hash;
    std::string request_id;
};

/// What the first request was answered.
struct KeptAnswer {
    int status = 0;
    std::string content_type;
    std::vector<std::pair<std::string, std::string>> headers;
    /// Sealed in the database: it may hold an API token.
    base::Secret body;
};

enum class Begun : std::uint8_t {
    fresh,     ///< nobody has this key: do it
    resumed,   ///< the first request broke off: look for what it made, then do the rest
    answered,  ///< give the kept answer
    held,      ///< the first request is still being worked on
    another,   ///< the key belongs to another request
};

struct BegunRequest {
    Begun how = Begun::fresh;
    /// What the request makes has this id: the same whenever it is resumed.
    std::string id;
    /// The right to finish it; for fresh and resumed.
    base::LeaseToken lease;
    std::optional<KeptAnswer> answer;
};

/// Writes with an Idempotency-Key, kept for 24 hours. Thread-safe.
class IdempotentRequests {
public:
    /// Longer than any handler runs: who holds a request for longer is dead.
    static constexpr std::chrono::seconds lease_for{120};
    static constexpr std::chrono::hours kept_for{24};

    virtual ~IdempotentRequests() = default;
    /// Takes the key if it is free, or if its holder's lease has run out; forgets some keys that
    /// have expired.
    [[nodiscard]] virtual base::Result<BegunRequest> begin(const IdempotentRequest& request) = 0;
    /// Keeps the answer. `conflict` when the lease was lost.
    [[nodiscard]] virtual base::Result<void> finish(const BegunRequest& begun,
                                                    const KeptAnswer& answer) = 0;
    /// Nothing has happened: the key is free again. No error when the lease was lost.
    [[nodiscard]] virtual base::Result<void> release(const BegunRequest& begun) = 0;
    /// It is unknown what has happened: the next request with the key resumes at once.
    [[nodiscard]] virtual base::Result<void> yield(const BegunRequest& begun) = 0;
};

[[nodiscard]] std::unique_ptr<IdempotentRequests> make_idempotent_requests(Database& database,
                                                                           ports::SecretBox& box,
                                                                           base::Clock& clock,
                                                                           base::Random& random);

}  // namespace hatchery::store
