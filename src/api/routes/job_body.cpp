#include "api/routes/job_body.hpp"

#include <algorithm>

#include "base/json_value.hpp"
#include "core/requirements.hpp"
#include "core/validate.hpp"

namespace hatchery::api::routes {

namespace {

using core::OperationKind;

std::string known_types() {
    std::string list;
    for (const auto& [kind, word] : base::EnumNames<OperationKind>::names) {
        list += (list.empty() ? "" : ", ") + job_type(kind);
    }
    return list;
}

void read_payload(BodyReader& body, NewJobBody& job) {
    auto payload = body.object("payload");
    if (!payload) return;
    job.bot_id = payload->text("botId", core::check_uuid);
    if (job.kind == OperationKind::chat) {
        job.chat.message = payload->text("message", core::check_chat_message);
        job.chat.interrupt = payload->optional_bool("interrupt").value_or(false);
        job.chat.session_key =
            payload->optional_text("sessionKey", core::check_session_key).value_or("");
    }
    // Which members belong to an unknown type nobody can say.
    if (job.kind) body.take_over(*std::move(payload));
}

void read_requirements(BodyReader& body, NewJobBody& job) {
    const auto requirements = body.optional_object("requirements");
    if (!requirements) return;
    if (const auto checked = core::check_requirements(*requirements); !checked) {
        const auto& error = checked.error();
        body.wrong(error.code.empty() ? "requirements" : "requirements." + error.code,
                   error.message);
        return;
    }
    job.requirements = base::dump_json(*requirements);
}

}  // namespace

std::string job_type(OperationKind kind) {
    std::string text(base::to_text(kind));
    std::ranges::transform(text, text.begin(), [](char c) {
        return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    });
    return text;
}

std::optional<OperationKind> parse_job_type(std::string_view text) {
    for (const auto& [kind, word] : base::EnumNames<OperationKind>::names) {
        if (job_type(kind) == text) return kind;
    }
    return std::nullopt;
}

std::string_view job_status(core::OperationState state) {
    using core::OperationState;
    switch (state) {
        case OperationState::pending:
            return "PENDING";
        case OperationState::running:
        case OperationState::waiting:
            return "RUNNING";
        case OperationState::succeeded:
            return "COMPLETED";
        case OperationState::failed:
            return "FAILED";
        case OperationState::cancelled:
            return "CANCELLED";
    }
    return "FAILED";
}

NewJobBody read_new_job(BodyReader& body, PriorityRange priorities) {
    NewJobBody job;
    (void)body.text("type", [&](std::string_view text) -> core::Wrong {
        job.kind = parse_job_type(text);
        return job.kind ? core::Wrong{} : core::Wrong{"must be one of: " + known_types()};
    });
    read_payload(body, job);
    job.priority = static_cast<int>(
        body.optional_number("priority", priorities.least, priorities.most).value_or(0));
    read_requirements(body, job);
    return job;
}

}  // namespace hatchery::api::routes
