#pragma once

#include <map>
#include <string>
#include <vector>

namespace hatchery::sandbox {

using Query = std::multimap<std::string, std::string>;

/// The first value of a parameter, or nothing.
const std::string* query_value(const Query& query, const std::string& name);

/// All values of a parameter that may be repeated.
std::vector<std::string> query_values(const Query& query, const std::string& name);

/// A parameter that is a number from 1 to `highest`; throws ApiError 422 for another.
std::size_t query_number(const Query& query, const std::string& name, std::size_t otherwise,
                         std::size_t highest);

}  // namespace hatchery::sandbox
