#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/answer.hpp"
#include "api/body_reader.hpp"

namespace hatchery::api {

/// `{"items":[…],"next":…}`.
[[nodiscard]] Answer page_answer(base::Json items, const std::optional<std::string>& next);
/// What the store says of a page that it cannot give: `invalid` names `after`, which was the `next`
/// of no page.
[[nodiscard]] Problem page_problem(QueryReader& query, const base::Error& error);

/// What a caller wants of a list that is made as a whole: `?limit=` and `?after=`.
class ListPage {
public:
    /// Reads the parameters; what is wrong with them is told by `query.finish()`.
    explicit ListPage(QueryReader& query);

    /// `{"items":[…],"next":…}` with the items behind the cursor. `key_of` tells an item from all
    /// others; the list is in the order of its keys, so that it may change between two pages.
    [[nodiscard]] Answer answer(base::Json items,
                                const std::function<std::string(const base::Json&)>& key_of) const;
    /// The same beside what `about` says of the whole list.
    [[nodiscard]] Answer answer(base::Json items,
                                const std::function<std::string(const base::Json&)>& key_of,
                                base::Json about) const;

private:
    std::size_t limit_ = 0;
    std::optional<std::string> after_;
};

}  // namespace hatchery::api
