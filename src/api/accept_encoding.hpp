#pragma once

#include <string_view>

namespace hatchery::api {

/// Whether the list in `Accept-Encoding` names the coding without forbidding it (`gzip;q=0`).
[[nodiscard]] bool takes_coding(std::string_view list, std::string_view coding);

}  // namespace hatchery::api
