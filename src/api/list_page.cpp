#include "api/list_page.hpp"

#include <algorithm>
#include <vector>

#include "base/encoding.hpp"
#include "base/json_value.hpp"

namespace hatchery::api {

using base::Json;

namespace {

constexpr const char* wrong_cursor = "must be the `next` of the page before";

}  // namespace

Answer page_answer(Json items, const std::optional<std::string>& next) {
    return json_answer(200, {{"items", std::move(items)}, {"next", next ? Json(*next) : Json()}});
}

Problem page_problem(QueryReader& query, const base::Error& error) {
    if (error.kind != base::ErrorKind::invalid) return problem_of_error(error);
    query.wrong("after", wrong_cursor);
    return *query.finish();
}

ListPage::ListPage(QueryReader& query)
    : limit_(static_cast<std::size_t>(query.number("limit", 50, 1, 200))) {
    (void)query.text("after", [this](std::string_view text) -> core::Wrong {
        after_ = base::base64_decode(text);
        if (after_) return std::nullopt;
        return wrong_cursor;
    });
}

Answer ListPage::answer(Json items, const std::function<std::string(const Json&)>& key_of) const {
    return answer(std::move(items), key_of, Json::object());
}

Answer ListPage::answer(Json items, const std::function<std::string(const Json&)>& key_of,
                        Json about) const {
    std::vector<std::pair<std::string, Json*>> rest;
    for (auto& item : items) {
        std::string key = key_of(item);
        if (!after_ || key > *after_) rest.emplace_back(std::move(key), &item);
    }
    std::sort(rest.begin(), rest.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
    Json page = Json::array();
    const auto count = std::min(limit_, rest.size());
    for (std::size_t i = 0; i < count; ++i) page.push_back(std::move(*rest[i].second));
    const bool more = rest.size() > count;
    about["items"] = std::move(page);
    about["next"] = more ? Json(base::base64url_encode(rest[count - 1].first)) : Json();
    return json_answer(200, about);
}

}  // namespace hatchery::api
