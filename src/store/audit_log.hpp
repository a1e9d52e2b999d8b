#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "base/result.hpp"
#include "core/session.hpp"
#include "store/database.hpp"
#include "store/page.hpp"

namespace hatchery::store {

enum class AuditActor : std::uint8_t {
    user,       ///< a person with a session
    token,      ///< a program with an API token
    operator_,  ///< a command on a machine of ours
    visitor,    ///< somebody who is not signed in, at the door
    billing,    ///< the billing service
};

/// One line of the audit log. Nothing in it may be secret.
struct AuditEntry {
    AuditActor actor = AuditActor::visitor;
    base::UserId user_id;
    /// E-mail address, or the operator's name.
    std::string actor_name;
    base::ApiTokenId token_id;
    core::SessionId session_id;
    /// Who really acted, when a service token acted for user_id.
    base::UserId service_user_id;
    /// `POST /api/deploy`, `token create`, `sign in`.
    std::string action;
    /// The id of what it was done to, and of a subscription its plan since then:
    /// `ID plan=PLAN`; of a deletion that was only planned `ID plan only`. May be empty.
    std::string target;
    /// Where it came from.
    std::string address;
    /// The answer's HTTP status, or a command's exit code.
    int outcome = 0;
    std::string request_id;
};

struct AuditLine {
    std::int64_t seq = 0;
    base::TimePoint at;
    AuditEntry entry;
};

/// What to look for; everything that is set must fit.
struct AuditQuery {
    /// Lines before this one; the `next` of the page before.
    std::optional<std::int64_t> before;
    int limit = 50;
    std::optional<base::UserId> user;
    std::string action;
    std::optional<base::TimePoint> since;
};

/// The append-only record of who did what. Thread-safe.
class AuditLog {
public:
    virtual ~AuditLog() = default;
    [[nodiscard]] virtual base::Result<void> append(const AuditEntry& entry) = 0;
    /// Newest first.
    [[nodiscard]] virtual base::Result<Page<AuditLine>> find(const AuditQuery& query) = 0;
};

/// Whether the database has one: it has none before its first migration.
[[nodiscard]] base::Result<bool> audit_log_exists(Database& database);

[[nodiscard]] std::unique_ptr<AuditLog> make_audit_log(Database& database, base::Clock& clock);

}  // namespace hatchery::store

template <>
struct hatchery::base::EnumNames<hatchery::store::AuditActor> {
    using E = hatchery::store::AuditActor;
    static constexpr auto names =
        std::to_array<std::pair<E, std::string_view>>({{E::user, "user"},
                                                       {E::token, "token"},
                                                       {E::operator_, "operator"},
                                                       {E::visitor, "visitor"},
                                                       {E::billing, "billing"}});
};
