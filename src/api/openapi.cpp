#include "api/openapi.hpp"

#include <span>

#include "base/embedded_file.hpp"

namespace hatchery::embedded {

/// openapi.json alone; made by cmake/embed.cmake.
[[nodiscard]] std::span<const base::EmbeddedFile> openapi_files();

}  // namespace hatchery::embedded

namespace hatchery::api {

std::string_view openapi_document() { return embedded::openapi_files().front().content; }

}  // namespace hatchery::api
