#include "sandbox/hetzner/catalogue.hpp"

#include <sys/utsname.h>

#include <algorithm>
#include <cstdio>
#include <cstring>

namespace hatchery::sandbox {
namespace {

using nlohmann::json;

constexpr double kHoursAMonth = 730;
constexpr double kVat = 1.19;
constexpr std::int64_t kTerabyte = 1'099'511'627'776;

struct LocationRow {
    int id;
    const char* name;
    const char* country;
    const char* city;
    double latitude;
    double longitude;
    const char* zone;
    /// Of a server's price, compared with Germany.
    double price_factor;
    int included_terabytes;
};

constexpr LocationRow kLocations[] = {
    {1, "fsn1", "DE", "Falkenstein", 50.47612, 12.370071, "eu-central", 1.0, 20},
    {2, "nbg1", "DE", "Nuremberg", 49.452102, 11.076665, "eu-central", 1.0, 20},
    {3, "hel1", "FI", "Helsinki", 60.169855, 24.938379, "eu-central", 1.0, 20},
    {4, "ash", "US", "Ashburn, VA", 39.045821, -77.487073, "us-east", 1.2, 2},
    {5, "hil", "US", "Hillsboro, OR", 45.54222, -122.951924, "us-west", 1.2, 2},
    {6, "sin", "SG", "Singapore", 1.283333, 103.833333, "ap-southeast", 1.6, 1},
};

struct TypeRow {
    int id;
    const char* name;
    int cores;
    int memory_gb;
    int disk_gb;
    double euros_a_month;
    const char* architecture;
    const char* category;
    /// Names of locations, or "" for all.
    const char* sold_in;
};

constexpr TypeRow kTypes[] = {
    {114, "cx23", 2, 4, 40, 2.99, "x86", "Shared vCPU", "fsn1 nbg1 hel1"},
    {45, "cax11", 2, 4, 40, 3.29, "arm", "Shared vCPU", "fsn1 nbg1 hel1"},
    {117, "cpx22", 2, 4, 80, 5.99, "x86", "Shared vCPU", ""},
    {119, "cpx32", 4, 8, 160, 10.49, "x86", "Shared vCPU", ""},
};

json price(double net) {
    char net_text[32];
    char gross_text[32];
    std::snprintf(net_text, sizeof net_text, "%.10f", net);
    std::snprintf(gross_text, sizeof gross_text, "%.10f", net * kVat);
    return {{"net", net_text}, {"gross", gross_text}};
}

bool is_sold_in(const TypeRow& type, const LocationRow& location) {
    return *type.sold_in == '\0' || std::strstr(type.sold_in, location.name) != nullptr;
}

const char* machine_architecture() {
    utsname names{};
    ::uname(&names);
    return std::strcmp(names.machine, "aarch64") == 0 ? "arm" : "x86";
}

json location_entry(const LocationRow& row) {
    return {{"id", row.id},
            {"name", row.name},
            {"description", std::string(row.city) + " DC Park 1"},
            {"country", row.country},
            {"city", row.city},
            {"latitude", row.latitude},
            {"longitude", row.longitude},
            {"network_zone", row.zone}};
}

json type_price(const TypeRow& type, const LocationRow& location) {
    const double monthly = type.euros_a_month * location.price_factor;
    return {{"location", location.name},
            {"price_hourly", price(monthly / kHoursAMonth)},
            {"price_monthly", price(monthly)},
            {"included_traffic", kTerabyte * location.included_terabytes},
            {"price_per_tb_traffic", price(location.price_factor)}};
}

json type_entry(const TypeRow& row) {
    json prices = json::array();
    json locations = json::array();
    for (const LocationRow& location : kLocations) {
        if (!is_sold_in(row, location)) {
            continue;
        }
        prices.push_back(type_price(row, location));
        locations.push_back(
            {{"id", location.id},
             {"name", location.name},
             {"deprecation", nullptr},
             {"recommended", true},
             {"available", std::strcmp(row.architecture, machine_architecture()) == 0}});
    }
    std::string description = row.name;
    std::transform(description.begin(), description.end(), description.begin(), [](char letter) {
        return letter >= 'a' && letter <= 'z' ? static_cast<char>(letter - 'a' + 'A') : letter;
    });
    return {{"id", row.id},
            {"name", row.name},
            {"description", description},
            {"cores", row.cores},
            {"memory", row.memory_gb},
            {"disk", row.disk_gb},
            {"deprecated", false},
            {"deprecation", nullptr},
            {"prices", std::move(prices)},
            {"storage_type", "local"},
            {"cpu_type", "shared"},
            {"category", row.category},
            {"architecture", row.architecture},
            {"locations", std::move(locations)}};
}

json debian_image() {
    return {{"id", 114690387},
            {"type", "system"},
            {"status", "available"},
            {"name", "debian-12"},
            {"description", "Debian 12"},
            {"image_size", nullptr},
            {"disk_size", 5},
            {"created", "2023-06-13T06:00:05+00:00"},
            {"created_from", nullptr},
            {"bound_to", nullptr},
            {"os_flavor", "debian"},
            {"os_version", "12"},
            {"rapid_deploy", true},
            {"protection", {{"delete", false}}},
            {"deprecated", nullptr},
            {"deleted", nullptr},
            {"labels", json::object()},
            {"architecture", machine_architecture()}};
}

}  // namespace

Catalogue::Catalogue() : images_{debian_image()} {
    for (const LocationRow& row : kLocations) {
        locations_.push_back(location_entry(row));
    }
    for (const TypeRow& row : kTypes) {
        server_types_.push_back(type_entry(row));
    }
}

json Catalogue::pricing() const {
    json types = json::array();
    for (const json& type : server_types_) {
        types.push_back({{"id", type["id"]}, {"name", type["name"]}, {"prices", type["prices"]}});
    }
    json primary_prices = json::array();
    json floating_prices = json::array();
    for (const LocationRow& location : kLocations) {
        primary_prices.push_back({{"location", location.name},
                                  {"price_hourly", price(0.5 / kHoursAMonth)},
                                  {"price_monthly", price(0.5)}});
        floating_prices.push_back({{"location", location.name}, {"price_monthly", price(3)}});
    }
    return {{"currency", "EUR"},
            {"vat_rate", "19.00"},
            {"primary_ips", json::array({json{{"type", "ipv4"}, {"prices", primary_prices}}})},
            {"floating_ips", json::array({json{{"type", "ipv4"}, {"prices", floating_prices}}})},
            {"floating_ip", {{"price_monthly", price(3)}}},
            {"image", {{"price_per_gb_month", price(0.011)}}},
            {"volume", {{"price_per_gb_month", price(0.044)}}},
            {"server_backup", {{"percentage", "20.00"}}},
            {"server_types", types},
            {"load_balancer_types", json::array()}};
}

const json* Catalogue::find(const std::vector<json>& entries, const std::string& name_or_id) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const json& entry) {
        return entry.at("name") == name_or_id || entry.at("id").dump() == name_or_id;
    });
    return found == entries.end() ? nullptr : &*found;
}

const json* offer_in(const json& server_type, const std::string& location) {
    for (const json& offer : server_type.at("locations")) {
        if (offer.at("name") == location) {
            return &offer;
        }
    }
    return nullptr;
}

}  // namespace hatchery::sandbox
