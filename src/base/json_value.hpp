#pragma once

// The complete JSON type, for files of core, ports and engine that build or read a tree.
#include <nlohmann/json.hpp>

#include "base/json.hpp"
