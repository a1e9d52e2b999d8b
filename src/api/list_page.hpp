#pragma once

#include <functional>
#include <optional>
#include <string>

#include "api/answer.hpp"
#include "api/body_reader.hpp"

namespace hatchery::api {

/// What a caller wants of a list that is made as a whole: `?limit=` and `?after=`.
class ListPage {
public:
    /// Reads the parameters; what is wrong with them is told by `query.finish()`.
    explicit ListPage(QueryReader& query);

    /// `{"items":[…],"next":…}` with the items behind the cursor. `key_of` tells an item from all
    /// others; the list is in the order of its keys, so that it may change between two pages.
    [[nodiscard]] Answer answer(base::Json items,
                                const std::function<std::string(const base::Json&)>& key_of) const;

private:
    std::size_t limit_ = 0;
    std::optional<std::string> after_;
};

}  // namespace hatchery::api
