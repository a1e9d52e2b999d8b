#include "store/pg_job_statements.hpp"

#include "store/records.hpp"

namespace hatchery::store::statements {

namespace {

/// What turns the arrays of EventArrays into rows, from the parameter with this number on.
std::string unnested_events(int first) {
    std::string text = "unnest(";
    for (int i = 0; i < 7; ++i) {
        text += (i == 0 ? "$" : ", $") + std::to_string(first + i) + "::text[]";
    }
    return text + ") WITH ORDINALITY AS n (at, type, level, step, stream, message, data, number)";
}

constexpr const char* insert_events =
    "INSERT INTO events (bot_id, seq, operation_id, at, type, level, step, stream, message, data) ";
constexpr const char* event_values =
    "n.at::timestamptz, n.type, n.level, nullif(n.step, ''), n.stream, n.message, "
    "nullif(n.data, '')::json ";

}  // namespace

// The operation is read from its own UPDATE, not from the snapshot: a job that ran and was snoozed
// between snapshot and lock is seen in its new state, and so must be its operation.
const std::string& claim() {
    static const std::string text = std::string(R"(
        WITH picked AS MATERIALIZED (
            SELECT id FROM jobs
            WHERE state IN ('available', 'waiting') AND run_at <= $1
            ORDER BY priority DESC, run_at, id
            LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        ), j AS (
            UPDATE jobs SET state = 'running', claimed_from = jobs.state,
                lease_token = gen_random_uuid(), lease_until = $3, worker_id = $4,
                started_at = coalesce(started_at, $1)
            FROM picked WHERE jobs.id = picked.id
            RETURNING jobs.*
        ), o AS (
            UPDATE operations SET state = 'running',
                started_at = coalesce(operations.started_at, $1)
            FROM j WHERE operations.id = j.operation_id
            RETURNING operations.*
        )
        SELECT)") + columns::job + "," +
                                    columns::operation + R"(, j.lease_token
        FROM j JOIN o ON o.id = j.operation_id
        ORDER BY j.priority DESC, j.run_at, j.id)";
    return text;
}

const std::string& apply() {
    static const std::string text = std::string(R"(
        WITH held AS (
            UPDATE jobs SET state = $4,
                run_at = CASE
                    WHEN $4 NOT IN ('available', 'waiting') THEN run_at
                    WHEN cancel_requested THEN least($3::timestamptz, $5::timestamptz)
                    ELSE $5::timestamptz END,
                signal = $6, message = $7, failures = $8::integer,
                progress = coalesce($9::json, progress),
                lease_token = NULL, lease_until = NULL, claimed_from = NULL,
                finished_at = CASE WHEN $4 IN ('succeeded', 'failed', 'cancelled')
                                   THEN $3::timestamptz END
            WHERE id = $1 AND lease_token = $2
            RETURNING operation_id, bot_id, priority, worker_id, cancel_requested
        ), changed_operation AS (
            UPDATE operations SET state = coalesce($10, state), phase = coalesce($11, phase),
                deadline_at = coalesce($12::timestamptz, deadline_at),
                error = coalesce($13::jsonb, error),
                finished_at = CASE WHEN $10 IN ('succeeded', 'failed', 'cancelled')
                                   THEN $3::timestamptz ELSE finished_at END
            FROM held WHERE id = held.operation_id AND $32::boolean
        ), numbered AS (
            UPDATE bots SET last_event_seq = last_event_seq + $23::bigint,
                status = coalesce($18, status),
                condition = CASE WHEN $19::boolean THEN $20 ELSE condition END,
                status_reason = coalesce($21, status_reason),
                telegram_bot_id = CASE WHEN $22::boolean THEN NULL ELSE telegram_bot_id END,
                deleted_at = CASE WHEN $22::boolean THEN $3::timestamptz ELSE deleted_at END,
                updated_at = CASE WHEN $18 IS NOT NULL OR $19::boolean OR $21 IS NOT NULL
                                  THEN $3::timestamptz ELSE updated_at END
            FROM held WHERE id = held.bot_id AND $31::boolean
            RETURNING id, last_event_seq
        ), told AS ()") + insert_events +
                                    R"(
            SELECT numbered.id, numbered.last_event_seq - $23::bigint + n.number,
                held.operation_id, )" +
                                    event_values + R"(
            FROM held, numbered, )" +
                                    unnested_events(24) + R"(
        ), j AS (
            INSERT INTO jobs (id, operation_id, bot_id, step, state, claimed_from, priority, run_at,
                              lease_token, lease_until, worker_id, created_at, started_at)
            SELECT $14::uuid, operation_id, bot_id, $15::text,
                CASE WHEN $16::boolean THEN 'running' ELSE 'available' END,
                CASE WHEN $16::boolean THEN 'available' END,
                priority, $3::timestamptz,
                CASE WHEN $16::boolean THEN gen_random_uuid() END,
                CASE WHEN $16::boolean THEN $17::timestamptz END,
                CASE WHEN $16::boolean THEN worker_id END,
                $3::timestamptz,
                CASE WHEN $16::boolean THEN $3::timestamptz END
            FROM held WHERE $15::text IS NOT NULL
            RETURNING *
        )
        SELECT held.bot_id, held.cancel_requested,)" +
                                    columns::operation + "," + columns::job +
                                    R"(, j.lease_token
        FROM held JOIN operations o ON o.id = held.operation_id LEFT JOIN j ON true)";
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
            SELECT numbered.id, numbered.last_event_seq - $4::bigint + n.number,
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
            RETURNING jobs.operation_id, jobs.state
        ), changed_operation AS (
            UPDATE operations SET state = 'waiting'
            FROM held WHERE operations.id = held.operation_id AND held.state = 'waiting'
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
