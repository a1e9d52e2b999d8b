#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ports/release_bundles.hpp"

namespace hatchery::bundles {

/// The release bundles in a folder of this machine, as provisioning-scripts/build_bundle.sh leaves
/// them: an archive, and beside it its `.manifest.json` and, written last, its `.sha256`. A bundle
/// counts only when all three are there and agree. `version` is the one that new deployments get.
[[nodiscard]] std::unique_ptr<ports::ReleaseBundles> make_local_bundles(std::string folder,
                                                                        std::string version);

/// All whole bundles in the folder, in the order of their file names.
[[nodiscard]] std::vector<ports::ReleaseBundle> list_bundles(const std::string& folder);

}  // namespace hatchery::bundles
