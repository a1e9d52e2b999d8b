#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/json.hpp"
#include "ports/http_transport.hpp"
#include "providers/rest/call_subject.hpp"

namespace hatchery::providers::hetzner {

/// The error of an answer that is not 2xx. The provider's own code, words and request id are kept:
/// the code in `code`, the rest in `context`.
[[nodiscard]] base::Error refusal(const rest::CallSubject& subject,
                                  const ports::HttpResponse& response, base::TimePoint now);

/// Why an `action` object failed, by the same codes.
[[nodiscard]] base::Error action_failure(const base::Json& action);

}  // namespace hatchery::providers::hetzner
