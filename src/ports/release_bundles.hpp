#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace hatchery::ports {

/// An OpenClaw release that a server can receive.
struct ReleaseBundle {
    std::string version;
    std::string path;
    std::string sha256;
    std::uint64_t bytes = 0;
};

/// The bundles on this machine. Thread-safe.
class ReleaseBundles {
public:
    virtual ~ReleaseBundles() = default;
    /// The bundle that new deployments get; `invalid` with what to run when it was never built.
    [[nodiscard]] virtual base::Result<ReleaseBundle> current() = 0;
};

}  // namespace hatchery::ports
