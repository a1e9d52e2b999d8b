#include "web-hooks/update_shape.hpp"

#include <nlohmann/json.hpp>
#include <optional>

#include "base/json.hpp"

namespace hatchery::web_hooks {

namespace {

using base::Json;

std::optional<std::int64_t> as_int64(const Json& value) {
    if (value.is_number_unsigned()) {
        const auto number = value.get<std::uint64_t>();
        if (number > static_cast<std::uint64_t>(INT64_MAX)) return std::nullopt;
        return static_cast<std::int64_t>(number);
    }
    if (value.is_number_integer()) return value.get<std::int64_t>();
    return std::nullopt;
}

std::optional<std::int64_t> id_of(const Json& holder, std::string_view key) {
    return as_int64(base::json_member(base::json_member(holder, key), "id"));
}

/// Every kind of update has one object beside `update_id` (`message`, `callback_query`, …), and
/// its chat is in one of few places in it.
std::int64_t chat_of(const Json& update) {
    for (const auto& [key, content] : update.items()) {
        if (!content.is_object()) continue;
        if (const auto id = id_of(content, "chat")) return *id;
        if (const auto id = id_of(base::json_member(content, "message"), "chat")) return *id;
        if (const auto id = id_of(content, "from")) return *id;
        if (const auto id = id_of(content, "user")) return *id;
    }
    return 0;
}

}  // namespace

base::Result<UpdateShape> read_update(std::string_view body) {
    auto update = base::parse_json(body, max_update_bytes);
    if (!update) return base::fail(std::move(update).error());
    if (!update->is_object()) {
        return base::fail(base::ErrorKind::invalid, "The update is not a JSON object.");
    }
    const auto id = as_int64(base::json_member(*update, "update_id"));
    if (!id || *id < 0) {
        return base::fail(base::ErrorKind::invalid, "The update has no valid update_id.");
    }
    return UpdateShape{.update_id = *id, .chat_id = chat_of(*update)};
}

}  // namespace hatchery::web_hooks
