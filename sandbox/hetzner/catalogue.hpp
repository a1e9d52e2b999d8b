#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace hatchery::sandbox {

/// What can be ordered: locations, server types with prices, images. Shaped as Hetzner's; the
/// prices are made up. Only images that a host can really be made from are listed, and only types
/// of this machine's architecture are in stock.
class Catalogue {
public:
    Catalogue();

    [[nodiscard]] const std::vector<nlohmann::json>& locations() const { return locations_; }
    [[nodiscard]] const std::vector<nlohmann::json>& server_types() const { return server_types_; }
    [[nodiscard]] const std::vector<nlohmann::json>& images() const { return images_; }
    [[nodiscard]] nlohmann::json pricing() const;

    /// The entry with this name or id, or nullptr.
    static const nlohmann::json* find(const std::vector<nlohmann::json>& entries,
                                      const std::string& name_or_id);

private:
    std::vector<nlohmann::json> locations_;
    std::vector<nlohmann::json> server_types_;
    std::vector<nlohmann::json> images_;
};

/// The entry of a server type's `locations` for one location, or nullptr when it is not sold there.
const nlohmann::json* offer_in(const nlohmann::json& server_type, const std::string& location);

}  // namespace hatchery::sandbox
