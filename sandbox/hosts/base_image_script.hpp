#pragma once

#include <string_view>

namespace hatchery::sandbox {

/// The text of base-image.sh, which the build puts into the program.
std::string_view base_image_script();

}  // namespace hatchery::sandbox
