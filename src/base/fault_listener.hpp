#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <string_view>

#include "base/log.hpp"

namespace hatchery::base {

/// Who hears of every line of level error besides the log: such a line is a fault of ours, told
/// once. Called on the thread that logs, whatever the log level; must be quick, and must log no
/// errors.
using FaultListener =
    std::function<void(std::string_view event, std::initializer_list<LogField> fields)>;

/// Null ends it; a call of the one before may still be under way on another thread. Thread-safe.
void set_fault_listener(std::shared_ptr<const FaultListener> listener);

}  // namespace hatchery::base
