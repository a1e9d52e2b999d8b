#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "sandbox/cloud/query.hpp"

namespace hatchery::sandbox {

struct PageRequest {
    std::size_t page = 1;
    std::size_t per_page = 25;
};

/// Reads `page` and `per_page`; throws ApiError 422 when one is not a number, below 1, or per_page
/// above 50.
PageRequest read_page_request(const Query& query);

/// The [first, last) positions of the page among `total` entries.
std::pair<std::size_t, std::size_t> page_bounds(const PageRequest& request, std::size_t total);

/// The `meta` object of a list's answer.
nlohmann::json page_meta(const PageRequest& request, std::size_t total);

/// Sorts JSON objects by the `sort` parameters ("name", "id:desc"), each of which must name one of
/// `fields`; without one the given order stays. Throws ApiError 422.
void sort_entries(std::vector<nlohmann::json>& entries, const Query& query,
                  const std::vector<std::string>& fields);

/// {"<key>": [page's entries], "meta": …}
nlohmann::json list_answer(const std::string& key, const std::vector<nlohmann::json>& entries,
                           const Query& query);

}  // namespace hatchery::sandbox
