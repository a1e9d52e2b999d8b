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

// Two indexes, each in the order of its half of the queue, so that jobs which wait for their time
// cost a claim nothing. What the claim writes is in no index, so that it stays within the page;
// what is claimed already is passed over on the way, and so is what the watch has marked as
// nobody's: every claim would compare it again. The rows are locked, so that their places (ctid)
// stand until they are written. The answer is in no order: its last column is the place in line.
// The commit waits for no disk: a claim that a crash of the database undoes is a lease that was
// lost, and what its worker writes is refused.
const std::string& claim() {
    static const std::string text = std::string(R"(
        WITH lined AS MATERIALIZED (
            SELECT ctid AS at, operation_id, priority, queue_at AS place FROM jobs
            WHERE in_line AND lease_token IS NULL AND run_at <= $1
                AND (SELECT set_config('synchronous_commit', 'off', true)) IS NOT NULL
                AND (requirements = '{}'
                    OR blocked_reason IS NULL AND requirements_met(requirements, $6::jsonb))
            ORDER BY priority DESC, queue_at, operation_id
            LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        ), parked AS MATERIALIZED (
            SELECT ctid AS at, operation_id, priority, run_at AS place FROM jobs
            WHERE NOT in_line AND lease_token IS NULL AND run_at <= $1
                AND (requirements = '{}'
                    OR blocked_reason IS NULL AND requirements_met(requirements, $6::jsonb))
            ORDER BY priority DESC, run_at, operation_id
            LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        ), picked AS MATERIALIZED (
            SELECT at, operation_id,
                row_number() OVER (ORDER BY priority DESC, place, operation_id) AS number
            FROM (SELECT * FROM lined UNION ALL SELECT * FROM parked) AS either
            ORDER BY priority DESC, place, operation_id
            LIMIT $2::bigint
        )
        UPDATE jobs AS j SET state = 'running', claimed_from = j.state, lease_token = $5::uuid,
            lease_until = $3, worker_id = $4, started_at = coalesce(j.started_at, $1),
            begun_at = coalesce(j.begun_at, $1), blocked_reason = NULL
        FROM picked JOIN operations o ON o.id = picked.operation_id
        WHERE j.ctid = picked.at
        RETURNING)") + columns::claimed +
                                    ", picked.number";
    return text;
}

// Each completion is either of a job that goes on, which stays in its row, or of one that ends its
// operation and takes the row with it; what only some of them write stands in arrays of its own. So
// a completion costs what it says, and most say little. That number is not negative is always true;
// it makes the planner think of fewer rows, so that it looks for jobs by their key and does not
// read all of them. A cancel hurries what goes forward; what already turns back because of it keeps
// its pauses, or a provider that is down would be asked without end.
const std::string& apply() {
    static const std::string text = std::string(R"(
        WITH moved AS (
            UPDATE jobs SET state = t.state,
                in_line = CASE WHEN t.state = 'available'
                    THEN t.next_step IS NOT NULL OR t.run_at <= $1::timestamptz
                    ELSE in_line AND t.state = 'running' END,
                run_at = CASE
                    WHEN t.state = 'running' THEN jobs.run_at
                    WHEN t.next_step IS NOT NULL THEN $1::timestamptz
                    WHEN jobs.cancel_requested AND (SELECT phase FROM operations o
                        WHERE o.id = jobs.operation_id) = 'forward'
                    THEN least($1::timestamptz, t.run_at)
                    ELSE t.run_at END,
                queue_at = CASE WHEN t.state = 'waiting' THEN jobs.queue_at
                    ELSE least(jobs.queue_at, $1::timestamptz) END,
                signal = t.signal, message = t.message, failures = t.failures,
                lease_token = t.next_token, lease_until = t.next_until,
                claimed_from = CASE WHEN t.state = 'running' THEN 'available' END,
                id = coalesce(t.next_id, jobs.id), step = coalesce(t.next_step, jobs.step),
                progress = CASE WHEN t.next_step IS NULL
                    THEN coalesce(t.progress::json, jobs.progress) ELSE '{}' END,
                rescues = CASE WHEN t.next_step IS NULL THEN jobs.rescues ELSE 0 END,
                created_at = CASE WHEN t.next_step IS NULL THEN jobs.created_at
                    ELSE $1::timestamptz END,
                started_at = CASE WHEN t.next_step IS NULL THEN jobs.started_at
                    WHEN t.state = 'running' THEN $1::timestamptz END,
                ended_jobs = CASE WHEN t.ended_job IS NULL THEN jobs.ended_jobs
                    ELSE jobs.ended_jobs || t.ended_job END
            FROM unnest($2::integer[], $3::uuid[], $4::uuid[], $5::text[], $6::timestamptz[],
                        $7::text[], $8::text[], $9::integer[], $10::text[], $11::text[],
                        $12::uuid[], $13::text[], $14::uuid[], $15::timestamptz[])
                AS t (number, operation_id, token, state, run_at, signal, message, failures,
                      progress, ended_job, next_id, next_step, next_token, next_until)
            WHERE t.number >= 0 AND jobs.operation_id = t.operation_id
                AND jobs.lease_token = t.token
            RETURNING t.number, jobs.operation_id, jobs.bot_id, jobs.cancel_requested
        ), gone AS (
            DELETE FROM jobs
            USING unnest($16::integer[], $17::uuid[], $18::uuid[], $19::text[], $20::text[],
                         $21::text[])
                AS t (number, operation_id, token, state, ended_job, result)
            WHERE t.number >= 0 AND jobs.operation_id = t.operation_id
                AND jobs.lease_token = t.token
            RETURNING t.number, jobs.operation_id, jobs.bot_id, jobs.cancel_requested, t.state,
                t.result, jobs.begun_at, jobs.ended_jobs || t.ended_job AS jobs
        ), held AS MATERIALIZED (
            SELECT number, operation_id, bot_id, cancel_requested FROM moved
            UNION ALL SELECT number, operation_id, bot_id, cancel_requested FROM gone
        ), said AS MATERIALIZED (
            SELECT * FROM unnest($22::integer[], $23::text[], $24::timestamptz[], $25::text[])
                AS t (number, phase, deadline, error)
        ), ended_operation AS (
            UPDATE operations SET state = gone.state, finished_at = $1::timestamptz,
                started_at = gone.begun_at, ended_jobs = gone.jobs,
                result = coalesce(gone.result::json, operations.result),
                phase = coalesce(said.phase, operations.phase),
                deadline_at = coalesce(said.deadline, deadline_at),
                error = coalesce(said.error::jsonb, operations.error)
            FROM gone LEFT JOIN said ON said.number = gone.number
            WHERE operations.id = gone.operation_id
        ), changed_operation AS (
            UPDATE operations SET phase = coalesce(said.phase, operations.phase),
                deadline_at = coalesce(said.deadline, deadline_at),
                error = coalesce(said.error::jsonb, operations.error)
            FROM moved JOIN said ON said.number = moved.number
            WHERE operations.id = moved.operation_id
        ), numbered AS (
            UPDATE bots SET last_event_seq = last_event_seq + t.event_count,
                status = coalesce(t.status, bots.status),
                condition = CASE WHEN t.changes_condition THEN t.condition
                                 ELSE bots.condition END,
                status_reason = coalesce(t.reason, status_reason),
                telegram_bot_id = CASE WHEN t.deleted THEN NULL ELSE telegram_bot_id END,
                deleted_at = CASE WHEN t.deleted THEN $1::timestamptz ELSE deleted_at END,
                updated_at = CASE WHEN t.status IS NOT NULL OR t.changes_condition
                                       OR t.reason IS NOT NULL
                                  THEN $1::timestamptz ELSE updated_at END
            FROM unnest($26::integer[], $27::text[], $28::boolean[], $29::text[], $30::text[],
                        $31::boolean[], $32::integer[])
                AS t (number, status, changes_condition, condition, reason, deleted, event_count)
            JOIN held ON held.number = t.number
            WHERE bots.id = held.bot_id
            RETURNING bots.id, bots.last_event_seq - t.event_count AS told, t.number,
                held.operation_id
        ), told AS ()") + insert_events +
                                    R"(
            SELECT numbered.id, numbered.told + e.place, numbered.operation_id, )" +
                                    event_values + R"(
            FROM )" + unnested_events(35, "$33::integer[], $34::integer[], ", "owner, place, ") +
                                    R"(
            JOIN numbered ON numbered.number = e.owner
        )
        SELECT held.number, held.cancel_requested FROM held)";
    return text;
}

const std::string& record() {
    static const std::string text = std::string(R"(
        WITH held AS (
            UPDATE jobs SET progress = coalesce($3::json, progress)
            WHERE operation_id = $1 AND lease_token = $2
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
            WHERE jobs.operation_id = l.id AND jobs.lease_token = l.token
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
            WHERE jobs.operation_id = l.id AND jobs.lease_token = l.token
            RETURNING jobs.id
        )
        SELECT count(*) FROM held)";
    return text;
}

// It goes through all that live, once in a while: an index of what is claimed would have to be
// written by every claim.
const std::string& rescue() {
    static const std::string text = R"(
        WITH expired AS MATERIALIZED (
            SELECT operation_id FROM jobs WHERE lease_until < $1
            ORDER BY operation_id LIMIT $2::bigint
            FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs SET state = 'available', rescues = rescues + 1, claimed_from = NULL,
            lease_token = NULL, lease_until = NULL
        FROM expired WHERE jobs.operation_id = expired.operation_id
        RETURNING jobs.id)";
    return text;
}

}  // namespace hatchery::store::statements
