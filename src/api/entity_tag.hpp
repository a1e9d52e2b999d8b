#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/answer.hpp"

namespace hatchery::api {

/// The `ETag` of a version.
[[nodiscard]] std::string entity_tag(std::int64_t version);

/// What `If-Match` asks for.
struct IfMatch {
    /// Nothing was asked, or `*`.
    bool any = true;
    std::vector<std::string> tags;

    [[nodiscard]] bool fits(std::int64_t version) const;
};

/// 400 for a header that is no list of entity tags. Weak tags are read and fit nothing, as RFC 9110
/// has it.
[[nodiscard]] tl::expected<IfMatch, Problem> read_if_match(const Exchange& exchange);

/// 412.
[[nodiscard]] Problem changed_meanwhile();

}  // namespace hatchery::api
