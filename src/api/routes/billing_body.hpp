#pragma once

#include <string>

#include "api/body_reader.hpp"
#include "base/clock.hpp"
#include "store/subscription_repository.hpp"

namespace hatchery::api::routes {

/// Reads what the billing service says; the reader knows what is wrong with it. `text` is the body
/// as it came, by which a repeated event is told from another one under its id.
[[nodiscard]] store::BillingEvent read_billing_event(BodyReader& body, const std::string& text,
                                                     base::TimePoint now);

}  // namespace hatchery::api::routes
