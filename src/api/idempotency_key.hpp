#pragma once

#include <optional>
#include <string>
#include <tl/expected.hpp>

#include "api/front/request.hpp"
#include "api/problem.hpp"

namespace hatchery::api {

/// The request's `Idempotency-Key`; 400 for several and for what is none; nothing without one.
[[nodiscard]] tl::expected<std::optional<std::string>, Problem> read_idempotency_key(
    const front::Request& request);

}  // namespace hatchery::api
