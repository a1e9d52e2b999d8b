#pragma once

#include <string_view>

namespace hatchery::api {

/// The OpenAPI 3.1 description of the API, as JSON.
[[nodiscard]] std::string_view openapi_document();

}  // namespace hatchery::api
