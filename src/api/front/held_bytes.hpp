#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace hatchery::api::front {

/// How many bytes all connections hold together, of one kind, with a bound on the whole and on each
/// address: what one client sends and does not finish must take no memory from the others. Used on
/// the front's thread only.
class HeldBytes {
public:
    HeldBytes(std::size_t all, std::size_t of_address) : all_(all), of_address_(of_address) {}

    /// Of whom. A proxy brings everybody, and may hold the whole.
    struct Holder {
        std::string address;
        bool proxy = false;
    };

    /// Takes `bytes` more, or none and false when that is beyond a bound.
    [[nodiscard]] bool take(const Holder& holder, std::size_t bytes);
    /// Takes `bytes` more, also beyond the bounds: they are there already.
    void add(const Holder& holder, std::size_t bytes);
    void give_back(const Holder& holder, std::size_t bytes);
    /// Whether a bound is reached.
    [[nodiscard]] bool full(const Holder& holder) const;

private:
    [[nodiscard]] std::size_t held_by(const Holder& holder) const;

    const std::size_t all_;
    const std::size_t of_address_;
    std::size_t held_ = 0;
    std::map<std::string, std::size_t> by_address_;
};

}  // namespace hatchery::api::front
