#pragma once

#include <span>

#include "base/embedded_file.hpp"

namespace hatchery::embedded {

/// sandbox/web/*.{html,css,js,svg}: the chat page.
[[nodiscard]] std::span<const base::EmbeddedFile> sandbox_web();

}  // namespace hatchery::embedded
