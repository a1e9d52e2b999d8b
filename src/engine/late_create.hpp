#pragma once

#include "base/clock.hpp"

namespace hatchery::engine {

/// No POST is sent to a provider that has less time than this for its answer: the way to a project
/// refuses it, see engine/budgeted_transport.hpp.
inline constexpr base::Milliseconds least_post{60'000};

/// Of a call that sends a POST and asks a little before it.
inline constexpr base::Milliseconds post_limit{90'000};

/// Longest life of a create request, from before its intent is written to its answer. Providers
/// close accounts of those who hurry a create; it may take a minute.
inline constexpr base::Milliseconds create_limit{90'000};

/// How long a create without an answer may still turn up in the provider's list: a request that is
/// under way when the look for it begins may live as long as it may, and what it made may be
/// listed late.
inline constexpr base::Milliseconds late_create_limit = create_limit + base::Milliseconds{90'000};

}  // namespace hatchery::engine
