#pragma once

#include <optional>
#include <string>
#include <vector>

namespace hatchery::store {

/// One page of a list; `next` is the cursor of the following one, or nothing at the end. Cursors
/// are stable while rows come and go.
template <typename T>
struct Page {
    std::vector<T> items;
    std::optional<std::string> next;
};

}  // namespace hatchery::store
