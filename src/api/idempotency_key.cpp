#include "api/idempotency_key.hpp"

#include <algorithm>
#include <string_view>

namespace hatchery::api {

namespace {

constexpr std::size_t longest_key = 255;

bool is_key(std::string_view text) {
    return !text.empty() && text.size() <= longest_key &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c < '\x7f'; });
}

}  // namespace

tl::expected<std::optional<std::string>, Problem> read_idempotency_key(
    const front::Request& request) {
    std::optional<std::string> key;
    for (const auto& [name, value] : request.fields) {
        if (!front::same_token(name, "Idempotency-Key")) continue;
        if (key || !is_key(value)) {
            Problem problem = problem_of_status(400, "The Idempotency-Key is not one key.");
            problem.errors = {{"Idempotency-Key",
                               "must be there once, as 1 to 255 printable ASCII "
                               "characters; a random UUID is best"}};
            return tl::unexpected(std::move(problem));
        }
        key = value;
    }
    return key;
}

}  // namespace hatchery::api
