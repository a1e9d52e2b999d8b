#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "base/secret.hpp"
#include "store/sql.hpp"

namespace hatchery::store {

/// What a connection sets for itself when it is opened; zero means no limit.
struct ConnectionSettings {
    base::Milliseconds connect_timeout{5'000};
    base::Milliseconds statement_timeout{0};
    base::Milliseconds idle_in_transaction_timeout{0};
};

/// One connection with its prepared statements. Used by one thread at a time.
class Connection : public Sql {
public:
    /// Whether the server has not hung up; looks at the socket without a round trip.
    [[nodiscard]] virtual bool alive() = 0;
    virtual void begin() = 0;
    virtual void commit() = 0;
    /// Never throws; a connection that cannot roll back is no longer alive.
    virtual void roll_back() noexcept = 0;
};

/// The URL as `key=value` text with our keepalives, time-outs and name added where it has none.
/// Throws SqlFailure without repeating the URL when it cannot be parsed.
[[nodiscard]] std::string connection_text(const base::Secret& url,
                                          const ConnectionSettings& settings);

/// Opens it; throws SqlFailure.
[[nodiscard]] std::unique_ptr<Connection> open_connection(const base::Secret& url,
                                                          const ConnectionSettings& settings);

}  // namespace hatchery::store
