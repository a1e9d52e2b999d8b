#pragma once

#include <compare>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "base/random.hpp"

namespace hatchery::base {

/// A UUID as text in lower case, told apart by what it names so that a BotId is never passed for
/// a JobId. Empty means none.
template <typename Tag>
class Id {
public:
    Id() = default;
    explicit Id(std::string text) : text_(std::move(text)) {}

    [[nodiscard]] const std::string& text() const { return text_; }
    [[nodiscard]] bool empty() const { return text_.empty(); }
    auto operator<=>(const Id&) const = default;

private:
    std::string text_;
};

using UserId = Id<struct UserTag>;
using BotId = Id<struct BotTag>;
using DeploymentId = Id<struct DeploymentTag>;
using ServerId = Id<struct ServerTag>;
using OperationId = Id<struct OperationTag>;
using JobId = Id<struct JobTag>;
using WorkerId = Id<struct WorkerTag>;
using LeaseToken = Id<struct LeaseTokenTag>;
using InstallationId = Id<struct InstallationTag>;
using ApiTokenId = Id<struct ApiTokenTag>;
using AlarmId = Id<struct AlarmTag>;

/// A UUID version 7 (RFC 9562): ordered by time, so that indexes grow at one end.
[[nodiscard]] std::string make_uuid_v7(TimePoint now, Random& random);
/// Whether the text is a UUID in its canonical form; upper case is accepted.
[[nodiscard]] bool is_uuid(std::string_view text);

template <typename AnyId>
[[nodiscard]] AnyId make_id(TimePoint now, Random& random) {
    return AnyId(make_uuid_v7(now, random));
}

}  // namespace hatchery::base

template <typename Tag>
struct std::hash<hatchery::base::Id<Tag>> {
    std::size_t operator()(const hatchery::base::Id<Tag>& id) const noexcept {
        return std::hash<std::string>{}(id.text());
    }
};
