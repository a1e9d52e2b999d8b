#include "sandbox/hetzner/paging.hpp"

#include <algorithm>

#include "sandbox/cloud/validation.hpp"

namespace hatchery::sandbox {
namespace {

constexpr std::size_t kMaxPerPage = 50;
constexpr std::size_t kMaxPage = 1'000'000;

}  // namespace

PageRequest read_page_request(const Query& query) {
    PageRequest request;
    request.page = query_number(query, "page", request.page, kMaxPage);
    request.per_page = query_number(query, "per_page", request.per_page, kMaxPerPage);
    return request;
}

std::pair<std::size_t, std::size_t> page_bounds(const PageRequest& request, std::size_t total) {
    const std::size_t first = std::min((request.page - 1) * request.per_page, total);
    return {first, std::min(first + request.per_page, total)};
}

nlohmann::json page_meta(const PageRequest& request, std::size_t total) {
    const std::size_t last =
        std::max<std::size_t>(1, (total + request.per_page - 1) / request.per_page);
    nlohmann::json pagination{{"page", request.page},     {"per_page", request.per_page},
                              {"previous_page", nullptr}, {"next_page", nullptr},
                              {"last_page", last},        {"total_entries", total}};
    if (request.page > 1) {
        pagination["previous_page"] = request.page - 1;
    }
    if (request.page < last) {
        pagination["next_page"] = request.page + 1;
    }
    return {{"pagination", std::move(pagination)}};
}

void sort_entries(std::vector<nlohmann::json>& entries, const Query& query,
                  const std::vector<std::string>& fields) {
    auto orders = query_values(query, "sort");
    // The first order given decides first, so the stable sorts run from the last one on.
    std::reverse(orders.begin(), orders.end());
    for (const std::string& order : orders) {
        const auto colon = order.find(':');
        const std::string field = order.substr(0, colon);
        const std::string direction = colon == std::string::npos ? "asc" : order.substr(colon + 1);
        if (std::find(fields.begin(), fields.end(), field) == fields.end() ||
            (direction != "asc" && direction != "desc")) {
            reject_field("sort", "cannot sort by '" + order + "'");
        }
        std::stable_sort(entries.begin(), entries.end(),
                         [&](const nlohmann::json& left, const nlohmann::json& right) {
                             return direction == "asc" ? left.at(field) < right.at(field)
                                                       : right.at(field) < left.at(field);
                         });
    }
}

nlohmann::json list_answer(const std::string& key, const std::vector<nlohmann::json>& entries,
                           const Query& query) {
    const PageRequest request = read_page_request(query);
    const auto [first, last] = page_bounds(request, entries.size());
    nlohmann::json page = nlohmann::json::array();
    for (std::size_t position = first; position < last; ++position) {
        page.push_back(entries[position]);
    }
    return {{key, std::move(page)}, {"meta", page_meta(request, entries.size())}};
}

}  // namespace hatchery::sandbox
