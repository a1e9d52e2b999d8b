#include "api/front/held_bytes.hpp"

#include <algorithm>

namespace hatchery::api::front {

bool HeldBytes::take(const Holder& holder, std::size_t bytes) {
    if (bytes == 0) return true;
    if (held_ + bytes > all_) return false;
    if (!holder.proxy && held_by(holder) + bytes > of_address_) return false;
    add(holder, bytes);
    return true;
}

void HeldBytes::add(const Holder& holder, std::size_t bytes) {
    if (bytes == 0) return;
    held_ += bytes;
    by_address_[holder.address] += bytes;
}

void HeldBytes::give_back(const Holder& holder, std::size_t bytes) {
    const auto found = by_address_.find(holder.address);
    if (bytes == 0 || found == by_address_.end()) return;
    bytes = std::min(bytes, found->second);
    held_ -= bytes;
    found->second -= bytes;
    if (found->second == 0) by_address_.erase(found);
}

bool HeldBytes::full(const Holder& holder) const {
    return held_ >= all_ || (!holder.proxy && held_by(holder) >= of_address_);
}

std::size_t HeldBytes::held_by(const Holder& holder) const {
    const auto found = by_address_.find(holder.address);
    return found == by_address_.end() ? 0 : found->second;
}

}  // namespace hatchery::api::front
