#pragma once

#include <string>

#include "base/call.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"

namespace hatchery::net {

/// Until when the certificate that an https URL's host shows is valid. The chain is verified
/// against the system's authorities, or those of `ca_file`. `unavailable` without a connection or
/// when the certificate is not to be trusted, with libcurl's cause. Blocking.
[[nodiscard]] base::Result<base::TimePoint> certificate_end(const std::string& url,
                                                            const base::Call& call,
                                                            const std::string& ca_file = {});

}  // namespace hatchery::net
