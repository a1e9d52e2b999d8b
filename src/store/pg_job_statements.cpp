#include "store/pg_job_statements.hpp"

#include "store/records.hpp"

namespace hatchery::store::statements {

namespace {

/// What turns the arrays of EventArrays into rows `e`, from the parameter with this number on;
/// `more` names further arrays and columns before them.
std::string unnested_events(int first, const std::string& more_arrays = {},
                            const std::string& more_columns = {}) {
    std::string text = "unnest(" + more_arrays;
    for (int i = 0; i < 7; ++i) {
        text += (i == 0 ? "$" : ", $") + std::to_string(first + i) + "::text[]";
    }
    return text + ") WITH ORDINALITY AS e (" + more_columns +
           "at, type, level, step, stream, message, data, number)";
}

constexpr const char* insert_events =
    "INSERT INTO events (bot_id, seq, operation_id, at, type, level, step, stream, message, data) ";
constexpr const char* event_values =
    "e.at::timestamptz, e.type, e.level, nullif(e.step, ''), e.stream, e.message, "
    "nullif(e.data, '')::json ";

}  // namespace

// Two indexes, each in the order of its half of the line, so that jobs which wait for their time
// cost a claim nothing.
const std::string& claim() {
    static const std::string text = std::string(R"(
        WITH fresh AS MATERIALIZED (
            SELECT id, priority, queue_at AS place FROM jobs
            WHERE state = 'available' AND run_at <= $1
                AND (requirements = '{}' OR requirements_met(requirements, $6::jsonb))
            ORDER BY priority DESC, queue_at, id
            LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        ), due AS MATERIALIZED (
            SELECT id, priority, run_at AS place FROM jobs
            WHERE state = 'waiting' AND run_at <= $1
                AND (requirements = '{}' OR requirements_met(requirements, $6::jsonb))
            ORDER BY priority DESC, run_at, id
            LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        ), picked AS MATERIALIZED (
            SELECT id FROM (SELECT * FROM fresh UNION ALL SELECT * FROM due) AS either
            ORDER BY priority DESC, place, id
            LIMIT $2::bigint
        ), j AS (
            UPDATE jobs SET state = 'running', claimed_from = jobs.state, lease_token = $5::uuid,
                lease_until = $3, worker_id = $4, started_at = coalesce(started_at, $1),
                blocked_reason = NULL
            FROM picked WHERE jobs.id = picked.id
            RETURNING jobs.*
        )
        SELECT)") + columns::job + "," +
                                    columns::running_operation + R"(
        FROM j JOIN operations o ON o.id = j.operation_id
        ORDER BY j.priority DESC,
            CASE j.claimed_from WHEN 'available' THEN j.queue_at ELSE j.run_at END, j.id)";
    return text;
}

const std::string& apply() {
    static const std::string text = std::string(R"(
        WITH held AS (
            UPDATE jobs SET state = t.state,
                run_at = CASE
                    WHEN t.state NOT IN ('available', 'waiting') THEN jobs.run_at
                    WHEN jobs.cancel_requested THEN least($1::timestamptz, t.run_at)
                    ELSE t.run_at END,
                queue_at = CASE WHEN t.state = 'available'
                    THEN least(jobs.queue_at, $1::timestamptz) ELSE jobs.queue_at END,
                signal = t.signal, message = t.message, failures = t.failures,
                progress = coalesce(t.progress::json, jobs.progress),
                lease_token = NULL, lease_until = NULL, claimed_from = NULL,
                finished_at = CASE WHEN t.state IN ('succeeded', 'failed', 'cancelled')
                                   THEN $1::timestamptz END
            FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::timestamptz[], $6::text[],
                        $7::text[], $8::integer[], $9::text[], $10::boolean[], $11::text[],
                        $12::text[], $13::timestamptz[], $14::text[], $15::text[], $16::uuid[],
                        $17::text[], $18::uuid[], $19::timestamptz[], $20::boolean[],
                        $21::text[], $22::boolean[], $23::text[], $24::text[], $25::boolean[],
                        $26::integer[]) WITH ORDINALITY
                AS t (job_id, token, state, run_at, signal, message, failures, progress,
                      changes_operation, operation_end, operation_phase, operation_deadline,
                      operation_error, operation_result, next_id, next_step, next_token,
                      next_until, changes_bot, bot_status, changes_condition, bot_condition,
                      bot_reason, bot_deleted, event_count, number)
            WHERE jobs.id = t.job_id AND jobs.lease_token = t.token
            RETURNING t.*, jobs.operation_id, jobs.bot_id, jobs.user_id, jobs.priority,
                jobs.requirements, jobs.worker_id, jobs.cancel_requested
        ), changed_operation AS (
            UPDATE operations SET state = coalesce(held.operation_end, operations.state),
                phase = coalesce(held.operation_phase, phase),
                deadline_at = coalesce(held.operation_deadline, deadline_at),
                error = coalesce(held.operation_error::jsonb, error),
                result = coalesce(held.operation_result::json, result),
                finished_at = CASE WHEN held.operation_end IS NULL THEN finished_at
                                   ELSE $1::timestamptz END
            FROM held WHERE operations.id = held.operation_id AND held.changes_operation
        ), freed AS (
            DELETE FROM live_operations USING held
            WHERE live_operations.operation_id = held.operation_id
                AND held.operation_end IS NOT NULL
        ), numbered AS (
            UPDATE bots SET last_event_seq = last_event_seq + held.event_count,
                status = coalesce(held.bot_status, status),
                condition = CASE WHEN held.changes_condition THEN held.bot_condition
                                 ELSE condition END,
                status_reason = coalesce(held.bot_reason, status_reason),
                telegram_bot_id = CASE WHEN held.bot_deleted THEN NULL ELSE telegram_bot_id END,
                deleted_at = CASE WHEN held.bot_deleted THEN $1::timestamptz ELSE deleted_at END,
                updated_at = CASE WHEN held.bot_status IS NOT NULL OR held.changes_condition
                                       OR held.bot_reason IS NOT NULL
                                  THEN $1::timestamptz ELSE updated_at END
            FROM held WHERE bots.id = held.bot_id AND held.changes_bot
            RETURNING bots.id, bots.last_event_seq - held.event_count AS told, held.number,
                held.operation_id
        ), told AS ()") + insert_events +
                                    R"(
            SELECT numbered.id, numbered.told + e.place, numbered.operation_id, )" +
                                    event_values + R"(
            FROM )" + unnested_events(29, "$27::integer[], $28::integer[], ", "owner, place, ") +
                                    R"(
            JOIN numbered ON numbered.number = e.owner
        ), added AS (
            INSERT INTO jobs (id, operation_id, bot_id, user_id, step, state, claimed_from,
                              priority, requirements, run_at, queue_at, lease_token, lease_until,
                              worker_id, created_at, started_at)
            SELECT held.next_id, held.operation_id, held.bot_id, held.user_id, held.next_step,
                CASE WHEN held.next_token IS NULL THEN 'available' ELSE 'running' END,
                CASE WHEN held.next_token IS NULL THEN NULL ELSE 'available' END,
                held.priority, held.requirements, $1::timestamptz, $1::timestamptz,
                held.next_token, held.next_until,
                CASE WHEN held.next_token IS NULL THEN NULL ELSE held.worker_id END,
                $1::timestamptz,
                CASE WHEN held.next_token IS NULL THEN NULL ELSE $1::timestamptz END
            FROM held WHERE held.next_step IS NOT NULL
        )
        SELECT held.number, held.cancel_requested FROM held)";
    return text;
}

const std::string& record() {
    static const std::string text = std::string(R"(
        WITH held AS (
            UPDATE jobs SET progress = coalesce($3::json, progress)
            WHERE id = $1 AND lease_token = $2
            RETURNING operation_id, bot_id
        ), numbered AS (
            UPDATE bots SET last_event_seq = last_event_seq + $4::bigint
            FROM held WHERE id = held.bot_id AND $4::bigint > 0
            RETURNING id, last_event_seq
        ), told AS ()") + insert_events +
                                    R"(
            SELECT numbered.id, numbered.last_event_seq - $4::bigint + e.number,
                held.operation_id, )" +
                                    event_values + R"(
            FROM held, numbered, )" +
                                    unnested_events(5) + R"(
        )
        SELECT bot_id FROM held)";
    return text;
}

const std::string& renew() {
    static const std::string text = R"(
        WITH held AS (
            UPDATE jobs SET lease_until = greatest(lease_until, $3::timestamptz)
            FROM unnest($1::uuid[], $2::uuid[]) AS l (id, token)
            WHERE jobs.id = l.id AND jobs.lease_token = l.token
            RETURNING jobs.id, jobs.operation_id
        )
        SELECT held.id, o.cancel_requested AND o.phase = 'forward'
        FROM held JOIN operations o ON o.id = held.operation_id)";
    return text;
}

const std::string& give_back() {
    static const std::string text = R"(
        WITH held AS (
            UPDATE jobs SET state = claimed_from, claimed_from = NULL, lease_token = NULL,
                lease_until = NULL
            FROM unnest($1::uuid[], $2::uuid[]) AS l (id, token)
            WHERE jobs.id = l.id AND jobs.lease_token = l.token
            RETURNING jobs.id
        )
        SELECT count(*) FROM held)";
    return text;
}

const std::string& rescue() {
    static const std::string text = R"(
        WITH expired AS MATERIALIZED (
            SELECT id FROM jobs WHERE state = 'running' AND lease_until < $1
            ORDER BY id LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs SET state = 'available', rescues = rescues + 1, claimed_from = NULL,
            lease_token = NULL, lease_until = NULL
        FROM expired WHERE jobs.id = expired.id
        RETURNING jobs.id)";
    return text;
}

}  // namespace hatchery::store::statements
