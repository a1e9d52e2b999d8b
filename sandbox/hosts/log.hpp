#pragma once

#include <functional>
#include <string>

namespace hatchery::sandbox {

/// Receives one line an event, without a newline at its end; called from several threads.
using Log = std::function<void(const std::string& line)>;

}  // namespace hatchery::sandbox
