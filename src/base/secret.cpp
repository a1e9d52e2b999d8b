#include "base/secret.hpp"

#include <cstring>

namespace hatchery::base {

bool Secret::equals(const std::string& other) const {
    if (value_.size() != other.size()) return false;
    unsigned difference = 0;
    for (std::size_t i = 0; i < value_.size(); ++i) {
        difference |= static_cast<unsigned char>(value_[i]) ^ static_cast<unsigned char>(other[i]);
    }
    return difference == 0;
}

void Secret::wipe() noexcept {
    // The capacity counts, not the size: short strings live inside the object itself.
    value_.resize(value_.capacity());
    explicit_bzero(value_.data(), value_.size());
    value_.clear();
}

}  // namespace hatchery::base
