#include "sandbox/digitalocean/catalogue.hpp"

#include <algorithm>
#include <cmath>

namespace hatchery::sandbox::ocean {
namespace {

using nlohmann::json;

constexpr double kHoursAMonth = 672;

struct RegionRow {
    const char* slug;
    const char* name;
};

constexpr RegionRow kRegions[] = {{"nyc3", "New York 3"},  {"sfo3", "San Francisco 3"},
                                  {"ams3", "Amsterdam 3"}, {"fra1", "Frankfurt 1"},
                                  {"lon1", "London 1"},    {"sgp1", "Singapore 1"},
                                  {"tor1", "Toronto 1"}};

struct SizeRow {
    const char* slug;
    int memory_mb;
    int vcpus;
    int disk_gb;
    double terabytes;
    double dollars_a_month;
};

constexpr SizeRow kSizes[] = {{"s-1vcpu-1gb", 1024, 1, 25, 1, 6},
                              {"s-1vcpu-2gb", 2048, 1, 50, 2, 12},
                              {"s-2vcpu-4gb", 4096, 2, 80, 4, 24},
                              {"s-4vcpu-8gb", 8192, 4, 160, 5, 48}};

}  // namespace

std::vector<json> sizes() {
    json everywhere = json::array();
    for (const RegionRow& region : kRegions) {
        everywhere.push_back(region.slug);
    }
    std::vector<json> entries;
    for (const SizeRow& row : kSizes) {
        // DigitalOcean shows what is nearest in single precision: 0.00892999954521656.
        const auto hourly =
            static_cast<float>(std::round(row.dollars_a_month / kHoursAMonth * 1e5) / 1e5);
        entries.push_back({{"slug", row.slug},
                           {"memory", row.memory_mb},
                           {"vcpus", row.vcpus},
                           {"disk", row.disk_gb},
                           {"transfer", row.terabytes},
                           {"price_monthly", row.dollars_a_month},
                           {"price_hourly", static_cast<double>(hourly)},
                           {"regions", everywhere},
                           {"available", true},
                           {"description", "Basic"}});
    }
    return entries;
}

std::vector<json> regions(const IsOutOfStock& out_of_stock) {
    std::vector<json> entries;
    for (const RegionRow& region : kRegions) {
        json in_stock = json::array();
        for (const SizeRow& size : kSizes) {
            if (!out_of_stock(size.slug, region.slug)) {
                in_stock.push_back(size.slug);
            }
        }
        entries.push_back({{"name", region.name},
                           {"slug", region.slug},
                           {"features", json::array({"metadata", "ipv6"})},
                           {"available", true},
                           {"sizes", std::move(in_stock)}});
    }
    return entries;
}

json debian_image() {
    json regions = json::array();
    for (const RegionRow& region : kRegions) {
        regions.push_back(region.slug);
    }
    return {{"id", 114690388},
            {"name", "12 x64"},
            {"type", "base"},
            {"distribution", "Debian"},
            {"slug", "debian-12-x64"},
            {"public", true},
            {"regions", regions},
            {"created_at", "2023-06-13T06:00:05Z"},
            {"min_disk_size", 7},
            {"size_gigabytes", 0.4},
            {"description", "Debian 12 x64"},
            {"tags", json::array()},
            {"status", "available"},
            {"error_message", ""}};
}

const json* find_slug(const std::vector<json>& entries, const std::string& slug) {
    const auto found = std::find_if(entries.begin(), entries.end(),
                                    [&](const json& entry) { return entry.at("slug") == slug; });
    return found == entries.end() ? nullptr : &*found;
}

}  // namespace hatchery::sandbox::ocean
