#include "store/budget_text.hpp"

#include <charconv>

#include "base/json_value.hpp"

namespace hatchery::store {

namespace {

using base::Json;
using base::TimePoint;

Json time_value(const std::optional<TimePoint>& time) {
    return time ? Json(time->time_since_epoch().count()) : Json();
}

std::optional<TimePoint> read_time(const Json& value) {
    if (!value.is_number_integer()) return std::nullopt;
    return TimePoint(std::chrono::microseconds(value.get<std::int64_t>()));
}

std::int64_t number_of(const std::string& text) {
    std::int64_t number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
}

Json numbers(const std::array<std::int64_t, core::urgencies>& values) {
    return Json(std::vector<std::int64_t>(values.begin(), values.end()));
}

void read_numbers(const Json& list, std::array<std::int64_t, core::urgencies>& values) {
    if (!list.is_array()) return;
    for (std::size_t i = 0; i < std::min(values.size(), list.size()); ++i) {
        if (list[i].is_number_integer()) values[i] = list[i].get<std::int64_t>();
    }
}

}  // namespace

std::string budget_text(const core::BudgetState& state) {
    Json used = Json::array();
    for (const auto& use : state.used) {
        Json slots = Json::object();
        for (const auto& [slot, count] : use.slots) slots[std::to_string(slot)] = count;
        used.push_back(
            {{"left", use.left ? Json(*use.left) : Json()}, {"slots", std::move(slots)}});
    }
    Json creates = Json::object();
    for (const auto& [number, until] : state.creates) {
        creates[std::to_string(number)] = time_value(until);
    }
    Json promised = Json::array();
    for (const auto& time : state.promised) promised.push_back(time_value(time));
    return base::dump_json(
        {{"at", time_value(state.at)},
         {"used", std::move(used)},
         {"statedLimit", state.stated_limit ? Json(*state.stated_limit) : Json()},
         {"pausedUntil", time_value(state.paused_until)},
         {"refusals", state.refusals},
         {"creates", std::move(creates)},
         {"nextCreate", state.next_create},
         {"promised", std::move(promised)},
         {"granted", numbers(state.granted)},
         {"delayed", numbers(state.delayed)},
         {"refusedByProvider", state.refused_by_provider}});
}

core::BudgetState read_budget(std::string_view text) {
    core::BudgetState state;
    const auto parsed = base::parse_json(text);
    if (!parsed || !parsed->is_object()) return state;
    const Json& json = *parsed;
    state.at = read_time(base::json_member(json, "at")).value_or(TimePoint{});
    for (const Json& entry : base::json_member(json, "used")) {
        core::LimitUse use;
        const Json& left = base::json_member(entry, "left");
        if (left.is_number()) use.left = left.get<double>();
        for (const auto& [slot, count] : base::json_member(entry, "slots").items()) {
            if (count.is_number_integer()) use.slots[number_of(slot)] = count.get<long>();
        }
        state.used.push_back(std::move(use));
    }
    const Json& stated = base::json_member(json, "statedLimit");
    if (stated.is_number_integer()) state.stated_limit = stated.get<long>();
    state.paused_until = read_time(base::json_member(json, "pausedUntil"));
    state.refusals = static_cast<int>(base::json_int(json, "refusals"));
    for (const auto& [number, until] : base::json_member(json, "creates").items()) {
        if (const auto time = read_time(until)) state.creates[number_of(number)] = *time;
    }
    state.next_create = base::json_int(json, "nextCreate", 1);
    const Json& promised = base::json_member(json, "promised");
    for (std::size_t i = 0; promised.is_array() && i < promised.size() && i < core::urgencies;
         ++i) {
        state.promised[i] = read_time(promised[i]);
    }
    read_numbers(base::json_member(json, "granted"), state.granted);
    read_numbers(base::json_member(json, "delayed"), state.delayed);
    state.refused_by_provider = base::json_int(json, "refusedByProvider");
    return state;
}

}  // namespace hatchery::store
