#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/body_reader.hpp"
#include "core/chat.hpp"
#include "core/operation.hpp"

namespace hatchery::api::routes {

/// The job types of the HTTP API are the operations' kinds in capitals: `CHAT`, `DEPLOY`, ….
[[nodiscard]] std::string job_type(core::OperationKind kind);
[[nodiscard]] std::optional<core::OperationKind> parse_job_type(std::string_view text);

/// Their statuses: `PENDING RUNNING COMPLETED FAILED CANCELLED`.
[[nodiscard]] std::string_view job_status(core::OperationState state);

/// The priorities that a caller may give.
struct PriorityRange {
    int least = 0;
    int most = 0;
};

/// What a new job says. Members that are wrong are empty; the reader knows.
struct NewJobBody {
    std::optional<core::OperationKind> kind;
    std::string bot_id;
    core::ChatPayload chat;
    int priority = 0;
    /// A JSON object as text.
    std::string requirements = "{}";
};
[[nodiscard]] NewJobBody read_new_job(BodyReader& body, PriorityRange priorities);

}  // namespace hatchery::api::routes
