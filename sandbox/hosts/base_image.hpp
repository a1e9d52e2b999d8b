#pragma once

#include <filesystem>

#include "sandbox/hosts/log.hpp"
#include "sandbox/hosts/result.hpp"

namespace hatchery::sandbox {

/// The root file system of Debian 12, built on this machine when it is not there yet (about a
/// minute; several processes may ask at once). Its folder's name carries the building script's
/// checksum, so that a changed script makes a new one.
Result<std::filesystem::path> ensure_base_image(const std::filesystem::path& cache_dir,
                                                const Log& log);

}  // namespace hatchery::sandbox
