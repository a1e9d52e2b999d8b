#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hatchery::sandbox::ocean {

/// Says whether a size cannot be had in a region now.
using IsOutOfStock = std::function<bool(const std::string& size, const std::string& region)>;

/// What can be ordered, shaped as DigitalOcean's; the prices are made up. The one image is this
/// machine's Debian.
[[nodiscard]] std::vector<nlohmann::json> sizes();
/// Regions list what is in stock there.
[[nodiscard]] std::vector<nlohmann::json> regions(const IsOutOfStock& out_of_stock);
[[nodiscard]] nlohmann::json debian_image();

/// The entry with this slug, or nullptr.
const nlohmann::json* find_slug(const std::vector<nlohmann::json>& entries,
                                const std::string& slug);

}  // namespace hatchery::sandbox::ocean
