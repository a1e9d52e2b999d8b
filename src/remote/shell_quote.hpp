#pragma once

#include <string>
#include <string_view>

namespace hatchery::remote {

/// One word for a POSIX shell that stands for exactly these bytes. The text holds no NUL.
[[nodiscard]] std::string shell_quote(std::string_view text);

}  // namespace hatchery::remote
