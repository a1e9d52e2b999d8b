#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "ports/http_transport.hpp"
#include "providers/rest/call_subject.hpp"

namespace hatchery::providers::digitalocean {

/// The error of an answer that is not 2xx, from `{id, message, request_id}`. DigitalOcean answers
/// many different troubles with 422 `unprocessable_entity`; its words tell them apart. `now` is for
/// the header that says when the budget is whole again.
[[nodiscard]] base::Error refusal(const rest::CallSubject& subject,
                                  const ports::HttpResponse& response, base::TimePoint now);

}  // namespace hatchery::providers::digitalocean
