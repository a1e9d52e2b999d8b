#include "support/fake_job_store.hpp"

#include <algorithm>
#include <utility>

#include "base/json_value.hpp"
#include "core/chain.hpp"
#include "core/line.hpp"
#include "core/requirements.hpp"
#include "support/fake_fault.hpp"

namespace hatchery::support {

using base::ErrorKind;
using base::fail;
using base::Result;
using base::TimePoint;

namespace {

bool claimable(const core::Job& job) {
    return job.state == core::JobState::available || job.state == core::JobState::waiting;
}

bool ended(core::JobState state) {
    return state == core::JobState::succeeded || state == core::JobState::failed ||
           state == core::JobState::cancelled;
}

/// A job that waited for its time stands where its time came.
TimePoint place_of(const core::Job& job) {
    return job.state == core::JobState::available ? std::max(job.queue_at, job.run_at) : job.run_at;
}

/// Highest priority first, oldest place in line first within it.
bool before(const FakeJob* left, const FakeJob* right) {
    if (left->job.priority != right->job.priority) return left->job.priority > right->job.priority;
    const TimePoint left_place = place_of(left->job);
    const TimePoint right_place = place_of(right->job);
    return left_place != right_place ? left_place < right_place : left->job.id < right->job.id;
}

bool meets(const core::Job& job, const base::Json& capabilities) {
    return job.requirements == "{}" ||
           (job.blocked_reason.empty() &&
            core::requirements_met(base::parse_json(job.requirements).value(), capabilities));
}

/// The last place in line of a user, if he has a job there.
std::optional<TimePoint> last_place(const FakeDatabase& db, const base::UserId& user) {
    std::optional<TimePoint> last;
    for (const auto& [id, row] : db.job_rows) {
        if (row.job.state != core::JobState::available || row.user != user) continue;
        if (!last || row.job.queue_at > *last) last = row.job.queue_at;
    }
    return last;
}

/// Marks an operation so that its jobs turn back.
void ask_to_end(FakeDatabase& db, core::Operation& operation, TimePoint now) {
    operation.cancel_requested = true;
    for (auto& [job_id, row] : db.job_rows) {
        if (row.job.operation_id != operation.id || ended(row.job.state)) continue;
        row.cancel_requested = true;
        if (claimable(row.job)) row.job.run_at = std::min(row.job.run_at, now);
    }
}

int raise_signal(FakeDatabase& db, const std::string& signal, TimePoint now) {
    int raised = 0;
    for (auto& [id, row] : db.job_rows) {
        if (row.job.state != core::JobState::waiting || row.job.signal != signal ||
            row.job.run_at <= now) {
            continue;
        }
        row.job.run_at = now;
        ++raised;
    }
    return raised;
}

/// Brings the first chat forward that waits for its turn.
bool pass_turn(FakeDatabase& db, const base::BotId& bot, TimePoint now) {
    const std::string signal = core::chat_signal(bot);
    for (const auto* chat : db.live_chats(bot)) {
        for (auto& [id, row] : db.job_rows) {
            if (row.job.operation_id != chat->id || row.job.signal != signal) continue;
            if (row.job.state != core::JobState::waiting) continue;
            row.job.run_at = std::min(row.job.run_at, now);
            return true;
        }
    }
    return false;
}

/// A chat's place behind the live chats of its bot.
Result<TimePoint> chat_place(FakeDatabase& db, const base::BotId& bot, TimePoint now) {
    const auto live = db.live_chats(bot);
    if (static_cast<int>(live.size()) >= core::max_live_chats) {
        return fail(ErrorKind::rate_limited, "The bot has too many messages to answer already.");
    }
    return live.empty() ? now
                        : std::max(now, live.back()->created_at + std::chrono::microseconds{1});
}

void unlease(FakeJob& row) {
    row.token.reset();
    row.lease_until = {};
}

core::NewEvent start_event(const core::Operation& operation, const core::Bot& bot) {
    base::Json data = {{"status", base::to_text(bot.status)},
                       {"condition", nullptr},
                       {"operation",
                        {{"id", operation.id.text()},
                         {"kind", base::to_text(operation.kind)},
                         {"state", base::to_text(operation.state)}}}};
    if (bot.condition) data["condition"] = base::to_text(*bot.condition);
    core::NewEvent event;
    event.type = core::EventType::status;
    event.message = "The " + std::string(base::to_text(operation.kind)) + " was accepted.";
    event.at = operation.created_at;
    event.data = base::dump_json(data);
    return event;
}

void change_operation(core::Operation& operation, const ports::Transition& transition) {
    if (transition.operation_end) {
        operation.state = *transition.operation_end;
        operation.finished_at = transition.now;
    }
    if (transition.operation_result) operation.result = transition.operation_result;
    if (transition.operation_phase) operation.phase = *transition.operation_phase;
    if (transition.operation_deadline) operation.deadline_at = *transition.operation_deadline;
    if (transition.operation_error) operation.error = transition.operation_error;
}

void change_job(FakeJob& row, const ports::Transition& transition) {
    row.job.state = transition.job_state;
    if (claimable(row.job)) {
        row.job.run_at =
            row.cancel_requested ? std::min(transition.now, transition.run_at) : transition.run_at;
    }
    if (row.job.state == core::JobState::available) {
        row.job.queue_at = std::min(row.job.queue_at, transition.now);
    }
    row.job.signal = transition.signal;
    row.job.message = transition.message;
    row.job.failures = transition.failures;
    if (transition.progress) row.job.progress = *transition.progress;
    row.job.finished_at =
        ended(transition.job_state) ? std::optional(transition.now) : std::nullopt;
    unlease(row);
}

ports::ClaimedJob lease_out(FakeDatabase& db, FakeJob& row, const base::WorkerId& worker,
                            TimePoint now, TimePoint until) {
    row.job.blocked_reason.clear();
    row.claimed_from = row.job.state;
    row.job.state = core::JobState::running;
    if (!row.job.started_at) row.job.started_at = now;
    row.token = db.new_id<base::LeaseToken>();
    row.lease_until = until;
    row.worker = worker;
    ports::ClaimedJob claimed{.lease = {.job_id = row.job.id,
                                        .token = *row.token,
                                        .until = until,
                                        .operation_id = row.job.operation_id},
                              .job = row.job,
                              .operation = db.operations.at(row.job.operation_id)};
    claimed.operation.state = core::OperationState::running;
    return claimed;
}

}  // namespace

Result<core::Operation> FakeJobStore::start_operation(const ports::NewOperation& request) {
    const auto work = [&]() -> Result<core::Operation> {
        const auto found = db_.bots.find(request.bot_id);
        if (found == db_.bots.end() || found->second.deleted) {
            return fail(ErrorKind::not_found, "There is no such bot.");
        }
        if (request.if_settings_version &&
            *request.if_settings_version != found->second.bot.settings_version) {
            auto error = fail(ErrorKind::conflict, "The bot's settings have changed meanwhile.");
            error.value().code = "other_version";
            return error;
        }
        const bool chat = request.kind == core::OperationKind::chat;
        if (const auto* live = chat ? nullptr : db_.live_operation(request.bot_id)) {
            auto error = fail(ErrorKind::conflict, "The bot has an operation under way.",
                              "Wait for its end, or cancel it.");
            error.value().code = live->id.text();
            return error;
        }
        if (chat && request.earlier_chats == ports::EarlierChats::cancel) {
            for (auto* live : db_.live_chats(request.bot_id)) {
                if (live->phase == core::OperationPhase::forward) {
                    ask_to_end(db_, *live, request.now);
                }
            }
        }
        const bool has_server = db_.current_deployment(request.bot_id) != nullptr;
        if (const auto reason = core::why_not(request.kind, found->second.bot.status, has_server)) {
            return fail(ErrorKind::conflict, *reason);
        }
        core::Operation operation;
        operation.id = request.id.empty() ? db_.new_id<base::OperationId>() : request.id;
        operation.request_id = request.request_id;
        operation.bot_id = request.bot_id;
        operation.user_id = request.user_id;
        operation.kind = request.kind;
        operation.created_at = request.now;
        if (chat) {
            const auto place = chat_place(db_, request.bot_id, request.now);
            if (!place) return fail(place.error());
            operation.created_at = *place;
        }
        operation.deadline_at = request.deadline_at;
        operation.payload = request.payload;
        db_.operations[operation.id] = operation;
        const auto last = last_place(db_, request.user_id);
        FakeJob& job = db_.add_job(operation, core::steps_of(request.kind).front(), request.now);
        job.job.priority = request.priority;
        job.job.requirements = request.requirements;
        job.job.queue_at = core::place_in_line(request.now, last);
        if (chat) return operation;
        db_.change_bot(request.bot_id, core::on_operation_started(request.kind), request.now);
        const core::NewEvent event = start_event(operation, found->second.bot);
        db_.append_events(request.bot_id, operation.id, {&event, 1});
        return operation;
    };
    auto answer = with_faults(db_, work);
    if (answer) db_.hint_jobs();
    return answer;
}

Result<void> FakeJobStore::request_cancel(const base::OperationId& id, TimePoint now) {
    const auto work = [&]() -> Result<void> {
        const auto found = db_.operations.find(id);
        if (found == db_.operations.end()) {
            return fail(ErrorKind::not_found, "There is no such operation.");
        }
        if (!core::can_cancel(found->second.kind)) {
            return fail(ErrorKind::conflict, "A " + std::string(base::to_text(found->second.kind)) +
                                                 " cannot be cancelled.");
        }
        if (core::is_terminal(found->second.state)) {
            return fail(ErrorKind::conflict, "The operation has ended already.");
        }
        if (found->second.phase == core::OperationPhase::teardown) {
            const auto& error = found->second.error;
            if (error && error->kind == ErrorKind::cancelled) return {};
            return fail(ErrorKind::conflict,
                        "The operation has failed, and what it made is being removed.");
        }
        ask_to_end(db_, found->second, now);
        return {};
    };
    auto answer = with_faults(db_, work);
    if (answer) db_.hint_jobs();
    return answer;
}

Result<std::vector<ports::ClaimedJob>> FakeJobStore::claim(const ports::ClaimRequest& request) {
    ++claims_;
    if (kept_from_claims_) return std::vector<ports::ClaimedJob>{};
    return with_faults(db_, [&]() -> Result<std::vector<ports::ClaimedJob>> {
        const base::Json capabilities =
            base::parse_json(request.capabilities).value_or(base::Json::object());
        std::vector<FakeJob*> due;
        for (auto& [id, row] : db_.job_rows) {
            if (claimable(row.job) && row.job.run_at <= request.now &&
                meets(row.job, capabilities)) {
                due.push_back(&row);
            }
        }
        std::ranges::sort(due, before);
        std::vector<ports::ClaimedJob> claimed;
        for (auto* row : due) {
            if (static_cast<int>(claimed.size()) >= request.limit) break;
            claimed.push_back(
                lease_out(db_, *row, request.worker, request.now, request.now + request.lease_for));
        }
        return claimed;
    });
}

Result<FakeJobStore::Renewed> FakeJobStore::renew(std::span<const ports::Lease> leases,
                                                  TimePoint until) {
    return with_faults(db_, [&]() -> Result<Renewed> {
        Renewed renewed;
        for (const auto& lease : leases) {
            auto* row = db_.held(lease);
            if (row == nullptr) continue;
            row->lease_until = std::max(row->lease_until, until);
            renewed.kept.push_back(lease.job_id);
            const auto& operation = db_.operations.at(row->job.operation_id);
            if (operation.cancel_requested && operation.phase == core::OperationPhase::forward) {
                renewed.cancelled.push_back(lease.job_id);
            }
        }
        return renewed;
    });
}

std::vector<Result<ports::Applied>> FakeJobStore::apply_all(
    std::span<const ports::Completion> completions) {
    std::vector<Result<ports::Applied>> answers;
    answers.reserve(completions.size());
    for (const auto& completion : completions) answers.push_back(apply_one(completion));
    return answers;
}

Result<ports::Applied> FakeJobStore::apply_one(const ports::Completion& completion) {
    const ports::Transition& transition = completion.transition;
    bool ready = false;
    const auto work = [&]() -> Result<ports::Applied> {
        if (const auto fault = ports::why_impossible(transition)) {
            return fail(ErrorKind::internal, *fault);
        }
        auto* row = db_.held(completion.job.lease);
        if (row == nullptr) return ports::Applied{};
        const base::WorkerId worker = row->worker;
        auto& operation = db_.operations.at(row->job.operation_id);
        change_job(*row, transition);
        change_operation(operation, transition);
        db_.append_events(operation.bot_id, operation.id, transition.events);
        db_.change_bot(operation.bot_id, transition.bot, transition.now);
        ready = row->job.state == core::JobState::available && row->job.run_at <= transition.now;
        if (transition.operation_end && operation.kind == core::OperationKind::chat) {
            ready = pass_turn(db_, operation.bot_id, transition.now) || ready;
        }
        ports::Applied applied{.accepted = true, .next = std::nullopt};
        if (transition.next_step) {
            const core::Job before = row->job;
            FakeJob& next = db_.add_job(operation, *transition.next_step, transition.now);
            next.job.priority = before.priority;
            next.job.requirements = before.requirements;
            next.job.queue_at = std::min(before.queue_at, transition.now);
            if (transition.keep_next) {
                applied.next = lease_out(db_, next, worker, transition.now,
                                         transition.now + transition.lease_for);
            } else {
                ready = true;
            }
        }
        return applied;
    };
    auto answer = with_faults(db_, work);
    if (ready) db_.hint_jobs();
    return answer;
}

Result<void> FakeJobStore::give_back(std::span<const ports::Lease> leases, TimePoint) {
    const auto answer = with_faults(db_, [&]() -> Result<void> {
        for (const auto& lease : leases) {
            auto* row = db_.held(lease);
            if (row == nullptr) continue;
            row->job.state = row->claimed_from;
            unlease(*row);
        }
        return {};
    });
    db_.hint_jobs();
    return answer;
}

Result<int> FakeJobStore::rescue(TimePoint now) {
    const auto answer = with_faults(db_, [&]() -> Result<int> {
        int rescued = 0;
        for (auto& [id, row] : db_.job_rows) {
            if (row.job.state != core::JobState::running || row.lease_until >= now) continue;
            row.job.state = core::JobState::available;
            ++row.job.rescues;
            unlease(row);
            ++rescued;
        }
        return rescued;
    });
    if (answer && *answer > 0) db_.hint_jobs();
    return answer;
}

Result<void> FakeJobStore::record(const ports::Lease& lease, std::span<const core::NewEvent> events,
                                  const std::optional<std::string>& progress) {
    return with_faults(db_, [&]() -> Result<void> {
        auto* row = db_.held(lease);
        if (row == nullptr) return fail(ErrorKind::conflict, "The lease on the job was lost.");
        if (progress) row->job.progress = *progress;
        db_.append_events(row->job.bot_id, row->job.operation_id, events);
        return {};
    });
}

Result<core::ChatLine> FakeJobStore::chat_line(const base::BotId& bot) {
    return with_faults(db_, [&]() -> Result<core::ChatLine> {
        core::ChatLine line;
        if (const auto live = db_.live_chats(bot); !live.empty()) line.first = live.front()->id;
        if (const auto* live = db_.live_operation(bot)) line.operation = live->kind;
        return line;
    });
}

Result<int> FakeJobStore::raise(const std::string& signal, TimePoint now) {
    const auto answer =
        with_faults(db_, [&]() -> Result<int> { return raise_signal(db_, signal, now); });
    if (answer && *answer > 0) db_.hint_jobs();
    return answer;
}

Result<std::optional<TimePoint>> FakeJobStore::next_due(const std::string& capabilities) {
    return with_faults(db_, [&]() -> Result<std::optional<TimePoint>> {
        const auto offered = base::parse_json(capabilities).value_or(base::Json::object());
        std::optional<TimePoint> due;
        for (const auto& [id, row] : db_.job_rows) {
            if (!claimable(row.job) || !meets(row.job, offered)) continue;
            if (!due || row.job.run_at < *due) due = row.job.run_at;
        }
        return due;
    });
}

}  // namespace hatchery::support
