#pragma once

#include <string>

#include "ports/release_bundles.hpp"

namespace hatchery::simulation {

/// One release that is always there.
class FixedBundle final : public ports::ReleaseBundles {
public:
    base::Result<ports::ReleaseBundle> current() override {
        return ports::ReleaseBundle{.version = "2026.9.6",
                                    .path = "/bundle",
                                    .sha256 = std::string(64, 'a'),
                                    .bytes = 1'000'000};
    }
};

}  // namespace hatchery::simulation
