#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include "base/clock.hpp"
#include "base/enum_text.hpp"
#include "base/ids.hpp"
#include "core/job.hpp"

namespace hatchery::core {

enum class EventType : std::uint8_t {
    log,     ///< a line printed by a script, or said by a step
    step,    ///< a job changed its state
    status,  ///< the bot or its operation changed its state
};

enum class EventLevel : std::uint8_t { debug, info, warning, error };

/// Where a log line came from.
enum class EventStream : std::uint8_t {
    engine,  ///< Hatchery itself
    out,     ///< a script's standard output
    err,     ///< a script's standard error
};

/// One line of a bot's story, before it is numbered. `message` is UTF-8 and holds no secret.
struct NewEvent {
    EventType type = EventType::log;
    EventLevel level = EventLevel::info;
    std::optional<StepKind> step;
    EventStream stream = EventStream::engine;
    std::string message;
    base::TimePoint at;
    /// For `step` and `status`: a JSON object as text with the new state; empty otherwise.
    std::string data;
};

/// A stored event. `seq` grows by one per bot without gaps.
struct Event : NewEvent {
    std::int64_t seq = 0;
    base::OperationId operation_id;
};

}  // namespace hatchery::core

template <>
struct hatchery::base::EnumNames<hatchery::core::EventType> {
    using E = hatchery::core::EventType;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::log, "log"}, {E::step, "step"}, {E::status, "status"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::EventLevel> {
    using E = hatchery::core::EventLevel;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::debug, "debug"}, {E::info, "info"}, {E::warning, "warning"}, {E::error, "error"}});
};
template <>
struct hatchery::base::EnumNames<hatchery::core::EventStream> {
    using E = hatchery::core::EventStream;
    static constexpr auto names = std::to_array<std::pair<E, std::string_view>>(
        {{E::engine, "engine"}, {E::out, "stdout"}, {E::err, "stderr"}});
};
