#pragma once

#include <optional>
#include <string_view>

#include "core/validate.hpp"

namespace hatchery::core {

/// What a browser says about where a request comes from.
struct RequestOrigin {
    std::optional<std::string_view> origin;
    std::optional<std::string_view> fetch_site;
};

/// Why a write by cookie is not taken, or nothing when it comes from our own pages: `Origin` must
/// be that of `public_url`, and `Sec-Fetch-Site` must be same-origin. Either may be missing, since
/// some browsers leave them out; the CSRF token is asked for besides.
[[nodiscard]] Wrong check_origin(std::string_view public_url, const RequestOrigin& request);

/// A place to go after sign-in: a path of this site, at most 512 printable ASCII characters, that
/// no browser takes for another site (`//host`, `/\host`).
[[nodiscard]] Wrong check_return_path(std::string_view path);

}  // namespace hatchery::core
