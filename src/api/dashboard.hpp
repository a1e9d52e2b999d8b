#pragma once

#include <memory>

#include "api/front/request.hpp"
#include "api/metrics.hpp"

namespace hatchery::api {

/// Answers for the dashboard's page and its assets, and hands everything else on to `next`. Public
/// files only: what they show comes from the API, to whom the API lets in. Thread-safe.
[[nodiscard]] std::unique_ptr<front::RequestHandler> make_dashboard(front::RequestHandler& next,
                                                                    Metrics& metrics);

}  // namespace hatchery::api
