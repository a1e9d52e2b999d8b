#pragma once

#include <string>
#include <utility>

namespace hatchery::base {

/// Text that must never be printed: it has no stream or format operator, and its memory is wiped
/// when it goes. `.reveal()` is the only way in, so every use can be found by searching for it.
class Secret {
public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    Secret(const Secret&) = default;
    Secret(Secret&& other) noexcept : value_(std::move(other.value_)) { other.wipe(); }
    Secret& operator=(const Secret& other) {
        if (this != &other) {
            wipe();
            value_ = other.value_;
        }
        return *this;
    }
    Secret& operator=(Secret&& other) noexcept {
        if (this != &other) {
            wipe();
            value_ = std::move(other.value_);
            other.wipe();
        }
        return *this;
    }
    ~Secret() { wipe(); }

    [[nodiscard]] const std::string& reveal() const { return value_; }
    [[nodiscard]] bool empty() const { return value_.empty(); }
    /// Compares in time that depends on the lengths only.
    [[nodiscard]] bool equals(const std::string& other) const;

private:
    void wipe() noexcept;
    std::string value_;
};

}  // namespace hatchery::base
