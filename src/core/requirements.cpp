#include "core/requirements.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "base/json_value.hpp"

namespace hatchery::core {

namespace {

using base::Json;

bool is_plain(const Json& value) {
    return value.is_string() || value.is_number() || value.is_boolean();
}

bool is_plain_list(const Json& value) {
    return value.is_array() && !value.empty() && std::ranges::all_of(value, is_plain);
}

bool is_minimum(const Json& value) {
    return value.is_object() && value.size() == 1 && value.contains("min") &&
           value.at("min").is_number();
}

bool offers(const Json& capability, const Json& wanted) {
    if (capability.is_array()) {
        return std::ranges::any_of(capability, [&](const Json& one) { return one == wanted; });
    }
    return capability == wanted;
}

bool met(const Json& wanted, const Json& capability) {
    if (wanted.is_object()) {
        return capability.is_number() && wanted.contains("min") &&
               capability.get<double>() >= wanted.at("min").get<double>();
    }
    if (wanted.is_array()) {
        return std::ranges::any_of(wanted,
                                   [&](const Json& choice) { return offers(capability, choice); });
    }
    return offers(capability, wanted);
}

bool holds_nul(const Json& value) {
    if (value.is_string())
        return value.get_ref<const std::string&>().find('\0') != std::string::npos;
    return value.is_array() && std::ranges::any_of(value, holds_nul);
}

base::Result<void> refuse(const std::string& name, std::string_view what) {
    auto error = base::fail(base::ErrorKind::invalid, fmt::format("{} {}", name, what));
    error.value().code = name;
    return error;
}

}  // namespace

base::Result<void> check_requirements(const Json& requirements) {
    if (!requirements.is_object()) {
        return base::fail(base::ErrorKind::invalid,
                          "Requirements are an object: a name and what it must be.");
    }
    if (requirements.size() > max_requirements) {
        return base::fail(base::ErrorKind::invalid,
                          fmt::format("must have at most {} names", max_requirements));
    }
    for (const auto& [name, wanted] : requirements.items()) {
        if (name.size() > max_requirement_name_bytes || name.find('\0') != std::string::npos) {
            return base::fail(base::ErrorKind::invalid,
                              fmt::format("must have names of at most {} bytes without NUL",
                                          max_requirement_name_bytes));
        }
        if (!is_plain(wanted) && !is_plain_list(wanted) && !is_minimum(wanted)) {
            return refuse(
                name, "must be a text, a number, true or false, a list of those, or {\"min\": n}.");
        }
        if (wanted.is_array() && wanted.size() > max_requirement_choices) {
            return refuse(name,
                          fmt::format("must have at most {} choices", max_requirement_choices));
        }
        if (holds_nul(wanted)) return refuse(name, "must have no NUL character");
    }
    if (base::dump_json(requirements).size() > max_requirements_bytes) {
        return base::fail(base::ErrorKind::invalid,
                          fmt::format("must be at most {} bytes of JSON", max_requirements_bytes));
    }
    return {};
}

base::Result<void> check_capabilities(const Json& capabilities) {
    if (!capabilities.is_object()) {
        return base::fail(base::ErrorKind::invalid,
                          "Capabilities are an object: a name and what is offered.");
    }
    for (const auto& [name, offered] : capabilities.items()) {
        if (is_plain(offered) || is_plain_list(offered)) continue;
        return refuse(name, "must be a text, a number, true or false, or a list of those.");
    }
    return {};
}

bool requirements_met(const Json& requirements, const Json& capabilities) {
    return unmet_requirements(requirements, capabilities).empty();
}

std::vector<std::string> unmet_requirements(const Json& requirements, const Json& capabilities) {
    std::vector<std::string> unmet;
    if (!requirements.is_object()) return unmet;
    for (const auto& [name, wanted] : requirements.items()) {
        const auto capability = capabilities.find(name);
        if (capability == capabilities.end() || !met(wanted, *capability)) unmet.push_back(name);
    }
    return unmet;
}

}  // namespace hatchery::core
